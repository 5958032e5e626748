/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Preview 1: from an import to a body and back, by the tables of api.def.
 */
#include <stdatomic.h>
#include <string.h>

#include "../../kernel/exec.h"
#include "preopen.h"
#include "wasi_p1.h"

enum { FREE, LOCK };

struct entry {
    const char *name;
    int32_t (*body)(struct proc *p, const uint64_t *a);
    const char *signature;
    const char *format; /* strace */
    enum cap cap;
    int lock;
};

#define ROW(name, prefix, sig, cap, lock, fmt)                                 \
    {#name, prefix##name, sig, fmt, CAP_##cap, lock},
#define WASI(name, sig, cap, lock, fmt) ROW(name, wasi_, sig, cap, lock, fmt)

#define WASI_P1 WASI
#define WASI_P0(name, sig, cap, lock, fmt)
static const struct entry preview1[] = {
#include "api.def"
};
#undef WASI_P1
#undef WASI_P0

#define WASI_P1(name, sig, cap, lock, fmt)
#define WASI_P0(name, sig, cap, lock, fmt)                                     \
    ROW(name, wasi0_, sig, cap, lock, fmt)
static const struct entry preview0[] = {
#include "api.def"
};
#undef WASI_P1
#undef WASI_P0

#define COUNT(table) (sizeof table / sizeof *table)

static enum engine_status
enter(struct engine_store *s, struct engine_instance *caller, void *env,
      uint64_t *slots)
{
    const struct entry *e = env;
    struct proc *p = engine_store_user(s);
    (void)caller;
    p->usage.syscalls++;
    if (e->lock == LOCK)
        kernel_lock();
    int32_t r = e->body(p, slots);
    if (e->lock == LOCK)
        kernel_unlock();
    if (e->signature[0] == 'v') /* proc_exit, the only one: no return */
        return ENGINE_EXIT;
    slots[0] = (uint32_t)-r;
    if (atomic_load_explicit(&p->attention, memory_order_relaxed))
        return proc_leave_kernel(p);
    return ENGINE_OK;
}

static int
find(const struct entry *table, size_t n, const char *name, size_t name_len,
     struct abi_func *out)
{
    for (size_t i = 0; i < n; i++) {
        const struct entry *e = &table[i];
        if (strlen(e->name) != name_len ||
            memcmp(e->name, name, name_len) != 0)
            continue;
        union {
            const struct entry *in;
            void *out;
        } env = {e}; /* read only; the engine's env is not */
        *out = (struct abi_func){enter, env.out, e->cap, e->signature};
        return 0;
    }
    return -E_NOENT;
}

static int
resolve1(const char *name, size_t name_len, struct abi_func *out)
{
    return find(preview1, COUNT(preview1), name, name_len, out);
}

static int
resolve0(const char *name, size_t name_len, struct abi_func *out)
{
    return find(preview0, COUNT(preview0), name, name_len, out);
}

static struct abi abi_preview1 = {
    .module = "wasi_snapshot_preview1",
    .resolve = resolve1,
    .attach = wasi_preopen_grants,
};
static struct abi abi_preview0 = {
    .module = "wasi_unstable",
    .resolve = resolve0,
    .attach = wasi_preopen_grants,
};

void
wasi_p1_register(void)
{
    abi_register(&abi_preview1);
    abi_register(&abi_preview0);
}
