/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wasi-threads: the module `wasi` with its one function,
 *
 *     thread-spawn: (start_arg: i32) -> tid (> 0), or a negative errno
 *
 * A thread is no more than its process: it needs no grant.
 */
#include <string.h>

#include "../../kernel/exec.h"
#include "../../kernel/thread.h"
#include "../enter.h"
#include "wasi_p1.h"

static int64_t
spawn(struct proc *p, const uint64_t *a)
{
    return thread_spawn(p, (uint32_t)a[0]);
}

static struct abi_row row = {"thread-spawn", spawn, CAP_BASE,
                             ABI_LOCK,       "ii",  "x"};

static enum engine_status
enter(struct engine_store *s, struct engine_instance *caller, void *env,
      uint64_t *slots)
{
    enum engine_status st;
    int64_t result;

    (void)caller;
    st = abi_call(engine_store_user(s), env, slots, &result);
    if (st == ENGINE_OK)
        slots[0] = (uint32_t)result;
    return st;
}

static int
resolve(const char *name, size_t name_len, struct abi_func *out)
{
    if (name_len != strlen(row.name) || memcmp(name, row.name, name_len) != 0)
        return -E_NOENT;
    *out = (struct abi_func){enter, &row, row.cap, row.signature};
    return 0;
}

static struct abi abi_threads = {.module = "wasi", .resolve = resolve};

void
wasi_threads_register(void)
{
    abi_register(&abi_threads);
}
