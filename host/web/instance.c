/* SPDX-License-Identifier: Apache-2.0 */
/* Instances, their memory, calls into them; see engine.c. */
#include <stdatomic.h>
#include <string.h>

#include "../../engine/debug.h"
#include "engine_internal.h"
#include "lib.h"
#include "pith_errno.h"
#include "report.h"

enum instance_memory { MEMORY_NONE, MEMORY_WORKERS, MEMORY_64 };

/* All of these act on the one instance that this Worker has. The module's bytes
 * are for a Worker that has not been sent it yet. */
IMPORT(instance_create) int
host_js_instance_create(uint32_t module, const uint8_t *bytes, size_t n,
                        const uint16_t *gates, uint32_t ngates,
                        enum instance_memory memory, uint32_t shared, uint32_t min,
                        uint32_t limit, const _Atomic uint32_t *poll,
                        char *text, size_t room);
/* A shared memory, for all Workers to know by its number. Not 0: none. */
IMPORT(memory_create) int host_js_memory_create(uint32_t id, uint32_t min,
                                                uint32_t max);
IMPORT(memory_drop) void host_js_memory_drop(uint32_t id);
IMPORT(instance_drop) void host_js_instance_drop(void);
/* Call an export; args holds i32s and takes the result. */
IMPORT(call) int host_js_call(const char *name, size_t len, uint32_t *args,
                              uint32_t nargs);
/* Throw what the last call threw, into the program. */
IMPORT(rethrow) _Noreturn void host_js_rethrow(void);
IMPORT(trap_frames) uint32_t host_js_trap_frames(struct trap_frame *out,
                                                 uint32_t max);
/* The elements of its table 0; and there are to be at least so many. */
IMPORT(table_size) uint32_t host_js_table_size(void);
IMPORT(table_extend) void host_js_table_extend(uint32_t elements);
IMPORT(globals_get) void host_js_globals_get(uint64_t *out, uint32_t n);
IMPORT(globals_set) void host_js_globals_set(const uint64_t *in, uint32_t n);
/* glue.c: between the two memories */
IMPORT(copy_in) void glue_copy_in(void *to, uint32_t from, size_t n);
IMPORT(copy_out) void glue_copy_out(uint32_t to, const void *from, size_t n);
IMPORT(pages) uint32_t glue_pages(void);
/* and the shared or 64-bit one that this Worker's program has */
IMPORT(its_in) void host_js_its_in(void *to, uint32_t from, size_t n);
IMPORT(its_out) void host_js_its_out(uint32_t to, const void *from, size_t n);
IMPORT(its_pages) uint32_t host_js_its_pages(void);

/* ---- memory ---------------------------------------------------------------- */

static bool
own(const struct engine_store *s)
{
    return s->cpu && s->cpu == cpu_self();
}

/* Is it another than the one that the Worker's programs use in turn? */
static bool
apart(const struct engine_memory *m)
{
    return m->shared || m->is64;
}

/* Does this Worker have it? */
static bool
here(const struct engine_memory *m)
{
    const struct engine_store *s = cpu_self()->store;

    if (!m->shared)
        return own(m->instance->store);
    return s && s->instance && s->instance->memory == m;
}

uint64_t
engine_memory_size(const struct engine_memory *m)
{
    struct engine_memory *seen = (struct engine_memory *)(uintptr_t)m;

    if (here(m))
        seen->size =
            (uint64_t)(apart(m) ? host_js_its_pages() : glue_pages()) << 16;
    return m->size;
}

static bool
reachable(struct engine_memory *m, uint64_t at, size_t n)
{
    uint64_t size = engine_memory_size(m);

    return here(m) && at <= size && n <= size - at;
}

bool
engine_memory_read(struct engine_memory *m, uint64_t from, void *to, size_t n)
{
    if (!reachable(m, from, n))
        return false;
    if (apart(m))
        host_js_its_in(to, (uint32_t)from, n);
    else
        glue_copy_in(to, (uint32_t)from, n);
    return true;
}

bool
engine_memory_write(struct engine_memory *m, uint64_t to, const void *from,
                    size_t n)
{
    if (!reachable(m, to, n))
        return false;
    if (apart(m))
        host_js_its_out((uint32_t)to, from, n);
    else
        glue_copy_out((uint32_t)to, from, n);
    return true;
}

struct engine_memory *
engine_memory_create_shared(struct engine_store *s, uint64_t min_pages,
                            uint64_t max_pages, bool is64)
{
    static struct web_lock one;
    static uint32_t last_id;
    struct engine_memory *m;
    int r;

    if (is64 || max_pages > 65536 || min_pages > max_pages ||
        (s->memory_bytes && min_pages > s->memory_bytes >> 16))
        return NULL;
    m = host_alloc(sizeof *m);
    if (!m)
        return NULL;
    m->size = min_pages << 16;
    web_lock(&one);
    m->shared = ++last_id;
    r = host_js_memory_create(m->shared, (uint32_t)min_pages,
                              (uint32_t)max_pages);
    if (!r)
        web_tell_memory(m->shared);
    web_unlock(&one);
    if (r) {
        host_free(m);
        return NULL;
    }
    m->next = s->memories;
    s->memories = m;
    return m;
}

void
memories_destroy(struct engine_memory *first)
{
    struct engine_memory *next;

    for (; first; first = next) {
        next = first->next;
        host_js_memory_drop(first->shared);
        web_tell(NEWS_FORGET, (int)first->shared, 0, 0, "", 0);
        host_free(first);
    }
}

bool
engine_memory_is_shared(const struct engine_memory *m)
{
    return m->shared;
}

uint64_t
engine_store_memory_bytes(const struct engine_store *s)
{
    if (!s->instance || !s->instance->memory)
        return 0;
    return engine_memory_size(s->instance->memory);
}

struct engine_memory *
engine_instance_memory(struct engine_instance *i)
{
    return i->memory;
}

/* ---- instances --------------------------------------------------------------- */

static struct engine_instance *
instance_new(struct engine_store *s, struct engine_module *m,
             const struct engine_extern *imports)
{
    struct engine_instance *i = host_alloc(sizeof *i);
    uint32_t k;

    if (!i)
        return NULL;
    i->gates = host_alloc((m->nimports + 1) * sizeof *i->gates);
    if (!i->gates) {
        host_free(i);
        return NULL;
    }
    if (m->memories) {
        i->memory = &i->own;
        i->own.instance = i;
        i->own.size = m->min << 16;
        i->own.is64 = m->is64;
    }
    for (k = 0; k < m->nimports; k++) {
        if (imports[k].kind == ENGINE_MEMORY)
            i->memory = imports[k].memory;
        else
            i->gates[i->ngates++] = (uint16_t)imports[k].func->gate;
    }
    i->store = s;
    i->module = engine_module_ref(m);
    s->instance = i;
    return i;
}

void
instance_destroy(struct engine_instance *i)
{
    if (!i)
        return;
    if (own(i->store)) {
        host_js_instance_drop();
        cpu_self()->store = NULL;
        cpu_self()->shared = 0;
    }
    engine_module_unref(i->module);
    host_free(i->gates);
    host_free(i->snapshot);
    host_free(i->globals);
    host_free(i);
}

/* How many pages the memory may grow to. */
static uint32_t
limit(const struct engine_instance *i, uint64_t bytes)
{
    uint64_t quota = i->store->memory_bytes;
    uint64_t pages = i->module->is64 ? PAGES_MAX_64 : PAGES_MAX;

    if (i->module->max < pages)
        pages = i->module->max;
    if (quota && quota >> 16 < pages)
        pages = quota >> 16;
    /* a Worker's memory may have been larger for another program */
    return (uint32_t)(pages > bytes >> 16 ? pages : bytes >> 16);
}

/* Make it in this Worker, with at least `bytes` of memory. */
static enum engine_status
build(struct engine_instance *i, uint64_t bytes, struct report *report)
{
    struct engine_module *m = i->module;
    char text[160] = "";
    int r;

    if (bytes >> 16 > (m->is64 ? PAGES_MAX_64 : PAGES_MAX - 1) ||
        (i->store->memory_bytes && bytes > i->store->memory_bytes))
        return ENGINE_NO_MEMORY;
    i->store->cpu = cpu_self();
    cpu_self()->store = i->store;
    cpu_self()->shared = i->memory ? i->memory->shared : 0;
    r = host_js_instance_create(m->id, m->compiled, m->compiled_size, i->gates,
                                i->ngates,
                                m->is64 ? MEMORY_64 : m->memories > 0,
                                cpu_self()->shared, (uint32_t)(bytes >> 16), limit(i, bytes),
                                m->polls ? &i->store->interrupt : NULL, text,
                                sizeof text);
    if (r != ENGINE_OK && r != ENGINE_NO_MEMORY)
        report_set(report, 0, "%s", text);
    return (enum engine_status)r;
}

static enum engine_status call(struct engine_store *s, const char *name,
                               uint32_t *args, uint32_t n);

enum engine_status
engine_instance_create(struct engine_store *s, struct engine_module *m,
                       const struct engine_extern *imports,
                       struct engine_instance **out, struct report *report)
{
    struct engine_instance *i = instance_new(s, m, imports);
    enum engine_status st;

    *out = i;
    if (!i)
        return ENGINE_NO_MEMORY;
    st = build(i, m->min << 16, report);
    if (st == ENGINE_OK && m->has_start)
        st = call(s, START_EXPORT, NULL, 0);
    return st;
}

struct engine_module *
engine_instance_module(struct engine_instance *i)
{
    return i->module;
}

/* Whoever forks is on its own CPU, in a system call. */
int
engine_instance_clone(struct engine_store *to, struct engine_instance *from,
                      const struct engine_extern *imports,
                      struct engine_instance **out)
{
    struct engine_module *m = from->module;
    struct engine_instance *i;
    uint64_t bytes;

    if (!m->forks)
        return -E_NOTSUP;
    bytes = from->memory ? engine_memory_size(from->memory) : 0;
    i = *out = instance_new(to, m, imports);
    if (!i)
        return -E_NOMEM;
    i->snapshot = host_realloc(NULL, (size_t)bytes);
    i->globals = host_alloc((m->nglobals + 1) * sizeof *i->globals);
    if (!i->snapshot || !i->globals)
        return -E_NOMEM;
    if (i->memory) {
        i->memory->size = bytes;
        engine_memory_read(from->memory, 0, i->snapshot, (size_t)bytes);
    }
    host_js_globals_get(i->globals, m->nglobals);
    i->elements = host_js_table_size();
    return 0;
}

/* The child's first call: from the snapshot to an instance. */
static enum engine_status
revive(struct engine_instance *i)
{
    uint64_t bytes = i->memory ? i->memory->size : 0;
    enum engine_status st = build(i, bytes, NULL);

    if (st == ENGINE_OK) {
        glue_copy_out(0, i->snapshot, (size_t)bytes);
        host_js_globals_set(i->globals, i->module->nglobals);
        host_js_table_extend(i->elements);
    }
    host_free(i->snapshot);
    host_free(i->globals);
    i->snapshot = NULL;
    i->globals = NULL;
    return st;
}

/* ---- calls --------------------------------------------------------------------- */

static enum engine_status
call(struct engine_store *s, const char *name, uint32_t *args, uint32_t n)
{
    struct cpu *c = cpu_self();
    enum engine_status st = gate_leave(c, s);

    if (st != ENGINE_OK)
        return st;
    st = (enum engine_status)host_js_call(name, strlen(name), args, n);
    if (atomic_load(&c->mode) == CPU_KERNEL) { /* a gate unwound it */
        st = s->unwinding;
        s->unwinding = ENGINE_OK;
        return st;
    }
    gate_enter(c);
    if (st != ENGINE_OK && st != ENGINE_EXCEPTION)
        s->nframes = host_js_trap_frames(s->trap, TRAP_FRAMES);
    return st;
}

#define ARGS_MAX 8

enum engine_status
engine_call(struct engine_store *s, struct engine_func *f,
            const union engine_value *args, union engine_value *results)
{
    uint32_t raw[ARGS_MAX + 1] = {0}, i;
    enum engine_status st;

    if (!f->is_export || f->type->nparams > ARGS_MAX)
        return ENGINE_UNLINKABLE;
    if (s->instance->snapshot) {
        st = revive(s->instance);
        if (st != ENGINE_OK)
            return st;
    }
    if (!own(s))
        return ENGINE_EXIT; /* taken away */
    for (i = 0; i < f->type->nparams; i++)
        raw[i] = args[i].i32;
    st = call(s, f->name, raw, f->type->nparams);
    if (st == ENGINE_OK && results && f->type->nresults)
        results->i32 = raw[0];
    return st;
}

uint32_t
engine_backtrace(struct engine_store *s, const struct engine_frame **frames)
{
    uint32_t k;

    for (k = 0; k < s->nframes; k++) {
        const struct trap_frame *t = &s->trap[k];

        s->frames[k] = (struct engine_frame){
            .instance = s->instance,
            .func = t->func,
            .offset = t->offset ? module_old_offset(s->instance->module,
                                                    t->offset)
                                : 0,
            .name = t->name[0] ? t->name : NULL,
        };
    }
    *frames = s->frames;
    return s->nframes;
}

/* An exception that a handler let out goes on in the program. */
_Noreturn void
gate_rethrow(struct cpu *c)
{
    atomic_store(&c->mode, CPU_USER);
    host_js_rethrow();
}

/* The browser tells of frames only when it traps. */
uint32_t
engine_stack(struct engine_store *s, struct engine_frame *frames, uint32_t max)
{
    (void)s, (void)frames, (void)max;
    return 0;
}

/* Lines of the source are for the browser's own tools. */
uint32_t
engine_places(const struct engine_module *m, uint32_t offset,
              struct engine_place *out, uint32_t max)
{
    (void)m, (void)offset, (void)out, (void)max;
    return 0;
}
