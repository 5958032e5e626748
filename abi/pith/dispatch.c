/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The `pith` module: from an import to a body and back, by the table of
 * syscall.def. One host function serves all rows; its env is the row.
 */
#include <stdatomic.h>
#include <string.h>

#include "../../kernel/exec.h"
#include "sys.h"

#define LOCK ABI_LOCK
#define FREE 0

static const struct abi_row rows[] = {
#define SYS(number, name, signature, capability, lock, trace)                  \
    {#name, sys_##name, CAP_##capability, lock, signature, trace},
#include "syscall.def"
#undef SYS
};
#define ROWS (sizeof rows / sizeof rows[0])

/* Once a handler has run (POSIX.1-2017, sigaction). */
static bool
never_restarted(const char *name)
{
    return !strcmp(name, "poll") || !strcmp(name, "nanosleep") ||
           !strcmp(name, "sigsuspend");
}

/* By name: open addressing; filled at registration. */
#define BUCKETS 512u
static struct abi_row table[ROWS];
static uint16_t buckets[BUCKETS]; /* index + 1 */

static uint32_t
hash(const char *s, size_t n)
{
    uint32_t h = 2166136261u;
    size_t i;

    for (i = 0; i < n; i++)
        h = (h ^ (uint8_t)s[i]) * 16777619u;
    return h;
}

static enum engine_status
enter(struct engine_store *s, struct engine_instance *caller, void *env,
      uint64_t *slots)
{
    struct proc *p = engine_store_user(s);
    const struct abi_row *row = env;
    enum engine_status st;
    int64_t r;

    if (!p->memory) /* in the start function, or there is none */
        p->memory = engine_instance_memory(caller);
    st = abi_call(p, row, slots, &r);
    if (row->signature[0] == 'l')
        slots[0] = (uint64_t)r;
    else if (row->signature[0] != 'v')
        slots[0] = (uint32_t)r;
    return st;
}

/* The same for rows without the lock, which neither block nor restart. */
static enum engine_status
enter_free(struct engine_store *s, struct engine_instance *caller, void *env,
           uint64_t *slots)
{
    struct proc *p = engine_store_user(s);
    const struct abi_row *row = env;

    if (p->traced || !p->memory || thread_others(p) ||
        !(atomic_load_explicit(&p->cap_bits, memory_order_relaxed) >> row->cap &
          1))
        return enter(s, caller, env, slots);
    p->main.syscalls++;
    slots[0] = (uint32_t)row->body(p, slots);
    return atomic_load_explicit(&p->attention, memory_order_relaxed)
               ? proc_leave_kernel(p)
               : ENGINE_OK;
}

static int
resolve(const char *name, size_t len, struct abi_func *out)
{
    uint32_t at = hash(name, len);

    for (; buckets[at % BUCKETS]; at++) {
        struct abi_row *r = &table[buckets[at % BUCKETS] - 1];

        if (strlen(r->name) == len && !memcmp(r->name, name, len)) {
            *out = (struct abi_func){
                r->flags & ABI_LOCK ? enter : enter_free, r, r->cap,
                r->signature};
            return 0;
        }
    }
    return -E_NOENT;
}

static struct abi pith = {.module = "pith", .resolve = resolve};

void
pith_abi_register(void)
{
    static bool done;
    uint32_t i, at;

    if (done)
        return;
    done = true;
    for (i = 0; i < ROWS; i++) {
        table[i] = rows[i];
        if (never_restarted(rows[i].name))
            table[i].flags |= ABI_NORESTART;
        at = hash(rows[i].name, strlen(rows[i].name));
        while (buckets[at % BUCKETS])
            at++;
        buckets[at % BUCKETS] = (uint16_t)(i + 1);
    }
    abi_register(&pith);
}
