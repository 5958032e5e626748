/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gates: what a program's imports are bound to. Each is an exported
 * function of the kernel with the import's own type (web_gates.c, made from the
 * ABIs' tables), so that a system call is a call from wasm to wasm.
 */
#include <stdatomic.h>
#include <string.h>

#include "engine_internal.h"
#include "exec.h"
#include "lib.h"

#define BUCKETS 1024u /* a power of two, several times the gates */

static uint16_t buckets[BUCKETS]; /* number + 1, by what is behind it */

static uint32_t
hash(engine_host_fn *fn, const void *env)
{
    return ((uint32_t)(uintptr_t)env >> 3) * 2654435761u ^
           (uint32_t)(uintptr_t)fn;
}

int
gate_find(engine_host_fn *fn, void *env)
{
    uint32_t at = hash(fn, env);

    for (; buckets[at % BUCKETS]; at++) {
        uint32_t n = buckets[at % BUCKETS] - 1u;

        if (web_gates[n].fn == fn && web_gates[n].env == env)
            return (int)n;
    }
    return -1;
}

static bool
find_behind(struct web_gate *g)
{
    struct engine_valtype params[16], result;
    struct engine_functype type = {.params = params, .results = &result};
    struct abi_func f;
    uint32_t i;

    memset(params, 0, sizeof params);
    memset(&result, 0, sizeof result);
    for (i = 0; g->signature[i]; i++) {
        struct engine_valtype *t = i ? &params[i - 1] : &result;

        t->kind = g->signature[i] == 'l' ? ENGINE_I64 : ENGINE_I32;
    }
    type.nparams = i - 1;
    type.nresults = g->signature[0] != 'v';
    if (abi_find(g->module, g->name, strlen(g->name), &type, &f) < 0)
        return false;
    g->fn = f.fn;
    g->env = f.env;
    return true;
}

void
web_gates_init(void)
{
    uint32_t n, at;

    for (n = 0; n < web_gates_count; n++) {
        struct web_gate *g = &web_gates[n];

        if (!find_behind(g)) {
            kernel_log("gate %s.%s leads nowhere", g->module, g->name);
            continue;
        }
        if (gate_find(g->fn, g->env) >= 0)
            continue;
        at = hash(g->fn, g->env);
        while (buckets[at % BUCKETS])
            at++;
        buckets[at % BUCKETS] = (uint16_t)(n + 1);
    }
}

/* ---- in and out ------------------------------------------------------------
 */

void
gate_enter(struct cpu *c)
{
    uint32_t user = CPU_USER;

    if (!atomic_compare_exchange_strong(&c->mode, &user, CPU_KERNEL))
        cpu_gone();
}

/*
 * First USER, then a look at the mark; who interrupts does it the other way
 * round, so one of the two sees the other.
 */
enum engine_status
gate_leave(struct cpu *c, struct engine_store *s)
{
    enum engine_status st;

    atomic_store(&c->mode, CPU_USER);
    while (atomic_load(&s->interrupt) == POLL_NOW) {
        gate_enter(c);
        atomic_store(&s->interrupt, 0);
        st = s->poll(s, s->user);
        if (st != ENGINE_OK)
            return st;
        atomic_store(&c->mode, CPU_USER);
    }
    return ENGINE_OK;
}

static _Noreturn __attribute__((noinline)) void
unwind(struct cpu *c, struct engine_store *s, enum engine_status st)
{
    if (st == ENGINE_EXCEPTION)
        gate_rethrow(c);
    s->unwinding = st;
    __builtin_trap();
}

uint64_t
web_gate(uint32_t n, uint64_t *slots)
{
    struct cpu *c = cpu_self();
    struct engine_store *s = c->store;
    enum engine_status st;

    web_probe();
    gate_enter(c);
    c->gate = n;
    st = web_gates[n].fn(s, s->instance, web_gates[n].env, slots);
    if (st == ENGINE_OK)
        st = gate_leave(c, s);
    if (__builtin_expect(st != ENGINE_OK, 0))
        unwind(c, s, st);
    return slots[0];
}

/* From a loop of the program (poll.c). */
EXPORT(void, poll, uint32_t may_throw)
{
    struct cpu *c = cpu_self();
    struct engine_store *s = c->store;
    enum engine_status st;

    gate_enter(c);
    atomic_store(&s->interrupt, 0);
    s->may_throw = may_throw;
    st = s->poll(s, s->user);
    s->may_throw = false;
    if (st == ENGINE_OK)
        st = gate_leave(c, s);
    if (st != ENGINE_OK)
        unwind(c, s, st);
}
