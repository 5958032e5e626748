/* SPDX-License-Identifier: Apache-2.0 */
/* The harness, and running all tests: "N passed, N failed". */
#include "harness.h"

int passed, failed;
const uint8_t *guest;
size_t guest_size;

void
put(struct bytes *b, uint8_t byte)
{
    if (b->n == b->cap) {
        b->cap = b->cap ? b->cap * 2 : 256;
        b->p = realloc(b->p, b->cap);
        if (!b->p)
            abort();
    }
    b->p[b->n++] = byte;
}

void
put_all(struct bytes *b, const void *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        put(b, ((const uint8_t *)p)[i]);
}

void
put_u(struct bytes *b, uint64_t v)
{
    for (; v >= 0x80; v >>= 7)
        put(b, (uint8_t)(v | 0x80));
    put(b, (uint8_t)v);
}

void
put_s(struct bytes *b, int64_t v)
{
    while (v < -0x40 || v >= 0x40) {
        put(b, (uint8_t)((uint64_t)v | 0x80));
        v >>= 7;
    }
    put(b, (uint8_t)((uint64_t)v & 0x7f));
}

void
put_sized(struct bytes *b, struct bytes *contents)
{
    put_u(b, contents->n);
    put_all(b, contents->p, contents->n);
    free(contents->p);
    *contents = (struct bytes){0};
}

void
put_section(struct bytes *b, uint8_t id, struct bytes *contents)
{
    put(b, id);
    put_sized(b, contents);
}

void
put_header(struct bytes *b)
{
    put_all(b, "\0asm\1\0\0\0", 8);
}

struct engine_module *
load(const struct bytes *b)
{
    struct report r = {{0}, 0};
    struct engine_module *m;

    if (engine_module_load(b->p, b->n, NULL, NULL, &m, &r) < 0)
        printf("load: %s\n", r.text);
    return m;
}

/* ---- the host's functions -------------------------------------------------------- */

/* callback(n): call the export "nest" of the caller. */
static enum engine_status
host_callback(struct engine_store *s, struct engine_instance *caller, void *env,
              uint64_t *slots)
{
    union engine_value arg = {.i32 = (uint32_t)slots[0]}, result;
    struct engine_extern f;
    enum engine_status st;

    (void)env;
    if (!caller || !engine_instance_export(caller, "nest", 4, &f))
        return ENGINE_EXIT;
    st = engine_call(s, f.func, &arg, &result);
    slots[0] = result.i32;
    return st;
}

static enum engine_status
host_leave(struct engine_store *s, struct engine_instance *caller, void *env,
           uint64_t *slots)
{
    (void)s;
    (void)caller;
    (void)env;
    (void)slots;
    return ENGINE_EXIT;
}

void
world_link(struct world *w)
{
    for (uint32_t i = 0; i < engine_module_imports(w->module); i++) {
        const struct engine_port *p = engine_module_import(w->module, i);
        bool is_callback = !strcmp(p->name, "callback");

        w->imports[i].kind = ENGINE_FUNC;
        w->imports[i].func =
            engine_func_host(w->store, p->functype,
                             is_callback ? host_callback : host_leave, NULL);
    }
}

void
world_open(struct world *w, const struct engine_config *config)
{
    struct report r = {{0}, 0};

    memset(w, 0, sizeof *w);
    if (engine_module_load(guest, guest_size, NULL, NULL, &w->module, &r) < 0) {
        printf("guest: %s\n", r.text);
        exit(2);
    }
    w->store = engine_store_create(config);
    world_link(w);
    if (engine_instance_create(w->store, w->module, w->imports, &w->instance,
                               &r)) {
        printf("guest: %s\n", r.text);
        exit(2);
    }
}

void
world_close(struct world *w)
{
    engine_store_destroy(w->store);
    engine_module_unref(w->module);
}

enum engine_status
run(struct world *w, const char *name, uint32_t a, uint32_t b, uint32_t *result)
{
    union engine_value args[2] = {{.i32 = a}, {.i32 = b}}, out = {.i64 = 0};
    struct engine_extern f;
    enum engine_status st;

    if (!engine_instance_export(w->instance, name, strlen(name), &f)) {
        printf("no export %s\n", name);
        return ENGINE_UNLINKABLE;
    }
    st = engine_call(w->store, f.func, args, &out);
    if (result)
        *result = out.i32;
    return st;
}

static size_t
read_guest(const char *path, uint8_t *to, size_t room)
{
    FILE *f = path ? fopen(path, "rb") : NULL;
    size_t n;

    if (!f) {
        fprintf(stderr, "usage: test-engine GUEST.wasm SHARED.wasm NAN.wasm "
                        "CONT.wasm RELAY.wasm\n");
        exit(2);
    }
    n = fread(to, 1, room, f);
    fclose(f);
    return n;
}

int
main(int argc, char **argv)
{
    static uint8_t buffer[1 << 20], shared[1 << 16], nan[1 << 16];
    static uint8_t cont[1 << 14], relay[1 << 12];
    size_t shared_size, nan_size, cont_size, relay_size;

    guest_size = read_guest(argc > 5 ? argv[1] : NULL, buffer, sizeof buffer);
    guest = buffer;
    shared_size = read_guest(argv[2], shared, sizeof shared);
    nan_size = read_guest(argv[3], nan, sizeof nan);
    cont_size = read_guest(argv[4], cont, sizeof cont);
    relay_size = read_guest(argv[5], relay, sizeof relay);
    test_calls();
    test_limits();
    test_memory();
    test_clone();
    test_wide();
    test_hostile();
    test_threads();
    test_shared(shared, shared_size);
    test_many();
    test_nan(nan, nan_size);
    test_cont(cont, cont_size, relay, relay_size);
    printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
