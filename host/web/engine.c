/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine/engine.h by the browser's own engine.
 *
 *     module    bytes here, a WebAssembly.Module in JavaScript under a number
 *     store     one program on one CPU; it polls on the way out of system calls
 *               and in loops (poll.c)
 *     instance  lives in the Worker that made it. A forked one is a snapshot
 *               until its own Worker first calls it
 *     function  a gate (web_gates.c), or an export by its name
 *
 * A status that unwinds the program becomes a trap in the gate, which no
 * handler of the program can catch, and a status again in engine_call.
 */
#include <stdatomic.h>
#include <string.h>

#include "engine_internal.h"
#include "pith_errno.h"
#include "proc.h"
#include "report.h"

IMPORT(module_compile) int host_js_compile(uint32_t id, const void *bytes,
                                           size_t n, char *text, size_t room);

/* ---- modules ------------------------------------------------------------- */

static void
module_destroy(struct engine_module *m)
{
    module_finish(m);
    if (m->release)
        m->release(m->bytes, m->size, m->ctx);
    host_free(m);
}

static int
compile(struct engine_module *m, struct report *report)
{
    static _Atomic uint32_t last_id;
    struct module_export e;
    static const char child[] = "__pith_fork_child";
    char text[160] = "";
    int r;

    m->forks = !m->odd_globals && !m->shared && !m->is64 &&
               module_export_find(m, child, sizeof child - 1, &e);
    r = module_rewrite(m);
    if (r < 0)
        return r;
    m->id = atomic_fetch_add(&last_id, 1) + 1;
    r = host_js_compile(m->id, m->compiled, m->compiled_size, text,
                        sizeof text);
    if (r < 0)
        report_set(report, 0, "%s", text);
    return r;
}

/* What a browser cannot give; NULL: nothing. */
static const char *
cannot_have(const struct engine_module *m)
{
    if (m->is64 && m->shared)
        return "its shared memory is 64-bit";
    if (m->odd_pages)
        return "its memory has pages of its own size";
    if (m->imported_memories && !m->shared)
        return "it imports a memory that is not shared";
    if (m->shared && m->imported_memories + m->memories > 1)
        return "it has a shared memory and others";
    if (m->shared && !m->imported_memories)
        return "its shared memory is its own, so no thread could share it";
    return NULL;
}

int
engine_module_load(const uint8_t *bytes, size_t size,
                   void (*release)(const uint8_t *, size_t, void *), void *ctx,
                   struct engine_module **out, struct report *report)
{
    struct engine_module *m = host_alloc(sizeof *m);
    int r;

    if (!m) {
        if (release)
            release(bytes, size, ctx);
        return -E_NOMEM;
    }
    m->refs = 1;
    m->bytes = bytes;
    m->size = (uint32_t)size;
    m->release = release;
    m->ctx = ctx;
    r = module_read(m, report);
    if (r == 0 && cannot_have(m)) {
        report_set(report, 0, "%s, which does not run in a browser",
                   cannot_have(m));
        r = -E_NOTSUP;
    }
    if (r == 0 && m->shared)
        r = module_read_ports(m);
    if (r == 0)
        r = compile(m, report);
    if (r < 0) {
        host_free(m->compiled);
        module_destroy(m);
        return r;
    }
    *out = m;
    return 0;
}

int
engine_module_load_file(const uint8_t *bytes, size_t size,
                        void (*release)(const uint8_t *, size_t, void *),
                        void *ctx, const struct engine_file *file,
                        struct engine_module **out, struct report *report)
{
    (void)file; /* the browser has a cache of its own */
    return engine_module_load(bytes, size, release, ctx, out, report);
}

struct engine_module *
engine_module_ref(struct engine_module *m)
{
    atomic_fetch_add(&m->refs, 1);
    return m;
}

void
engine_module_unref(struct engine_module *m)
{
    if (!m || atomic_fetch_sub(&m->refs, 1) != 1)
        return;
    web_tell(NEWS_DROP, (int)m->id, 0, 0, "", 0);
    host_free(m->compiled);
    module_destroy(m);
}

uint32_t
engine_module_imports(const struct engine_module *m)
{
    return m->nimports;
}

const struct engine_port *
engine_module_import(const struct engine_module *m, uint32_t i)
{
    return &m->imports[i];
}

/* Asked of programs with threads only. */
uint32_t
engine_module_exports(const struct engine_module *m)
{
    return m->ports ? m->exports : 0;
}

const struct engine_port *
engine_module_export(const struct engine_module *m, uint32_t i)
{
    return &m->ports[i];
}

/* What the browser makes of it, about. */
size_t
engine_module_footprint(const struct engine_module *m)
{
    return sizeof *m + 4 * (size_t)m->size + m->compiled_size;
}

/* ---- stores --------------------------------------------------------------- */

struct engine_store *
engine_store_create(const struct engine_config *c)
{
    struct engine_store *s = host_alloc(sizeof *s);

    if (s) {
        s->user = c->user;
        s->thread = c->block_ctx;
        s->poll = c->poll;
        s->memory_bytes = c->memory_bytes;
    }
    return s;
}

void
engine_store_destroy(struct engine_store *s)
{
    struct engine_func *f, *next;

    if (!s)
        return;
    for (f = s->funcs; f; f = next) {
        next = f->next;
        host_free(f);
    }
    instance_destroy(s->instance);
    memories_destroy(s->memories);
    loads_finish(s);
    host_free(s);
}

void *
engine_store_user(struct engine_store *s)
{
    return s->user;
}

uint64_t
engine_store_fuel_used(const struct engine_store *s)
{
    (void)s;
    return 0; /* the browser does not count */
}

/* A thread may sleep in its memory, where nothing else reaches it. */
static bool
must_end(const struct engine_store *s, struct proc *p)
{
    if (s->thread == &p->main)
        return p->dying || signal_fatal(p);
    return p->dying || p->pending_exec;
}

/*
 * Lock held. A program that runs looks at the mark in its loops; but when it
 * has to end nobody waits for that: its Worker is given up (web.h).
 */
void
engine_store_interrupt(struct engine_store *s)
{
    struct cpu *c = s->cpu;
    struct proc *p = s->user;
    uint32_t user = CPU_USER;

    if (c && c == cpu_self()) { /* it asks to be polled again, in a loop */
        uint32_t none = 0;

        atomic_compare_exchange_strong(&s->interrupt, &none, POLL_LATER);
        return;
    }
    atomic_store(&s->interrupt, POLL_NOW);
    if (!c || c->store != s || !must_end(s, p))
        return;
    if (atomic_compare_exchange_strong(&c->mode, &user, CPU_DEAD)) {
        s->cpu = NULL;
        task_take(c, s->thread == &p->main ? proc_taken : thread_taken);
    }
}

/* ---- functions -------------------------------------------------------------- */

static struct engine_func *
func_new(struct engine_store *s)
{
    struct engine_func *f = host_alloc(sizeof *f);

    if (f) {
        f->next = s->funcs;
        s->funcs = f;
    }
    return f;
}

struct engine_func *
engine_func_host(struct engine_store *s, const struct engine_functype *type,
                 engine_host_fn *fn, void *env)
{
    struct engine_func *f;
    int gate = gate_find(fn, env);

    (void)type; /* the gate's is the same */
    if (gate < 0)
        return NULL;
    f = func_new(s);
    if (f)
        f->gate = (uint32_t)gate;
    return f;
}

bool
engine_instance_export(struct engine_instance *i, const char *name,
                       size_t name_len, struct engine_extern *out)
{
    struct module_export e;
    struct engine_func *f;

    if (name_len >= sizeof f->name ||
        !module_export_find(i->module, name, name_len, &e))
        return false;
    out->kind = e.kind;
    out->func = NULL;
    if (e.kind == ENGINE_MEMORY) {
        out->memory = e.index == 0 ? i->memory : NULL;
        return out->memory != NULL;
    }
    if (e.kind != ENGINE_FUNC)
        return true;
    if (e.index >= i->module->nfuncs)
        return false;
    for (f = i->store->funcs; f; f = f->next) {
        if (f->is_export && !strcmp(f->name, name))
            break;
    }
    if (!f && (f = func_new(i->store))) {
        f->is_export = true;
        f->type = &i->module->types[i->module->func_types[e.index]];
        memcpy(f->name, name, name_len);
    }
    out->func = f;
    return f != NULL;
}

const struct engine_functype *
engine_func_type(const struct engine_func *f)
{
    return f->type;
}

bool
engine_poll_may_throw(const struct engine_store *s)
{
    return s->may_throw;
}
