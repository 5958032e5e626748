/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Preview 1: from an import to a body and back, by the tables of api.def.
 */
#include <string.h>

#include "../../kernel/exec.h"
#include "../enter.h"
#include "preopen.h"
#include "wasi_p1.h"
#include "wasmedge.h"

#define FREE 0
#define LOCK ABI_LOCK
#define NORESTART (ABI_LOCK | ABI_NORESTART)

#define ROW(name, prefix, sig, cap, flags, fmt)                                \
    {#name, prefix##name, CAP_##cap, flags, sig, fmt},
#define WASI(name, sig, cap, flags, fmt) ROW(name, wasi_, sig, cap, flags, fmt)

#define WASI_P1 WASI
#define WASI_P0(name, sig, cap, flags, fmt)
static const struct abi_row preview1[] = {
#include "api.def"
};
#undef WASI_P1
#undef WASI_P0

#define WASI_P1(name, sig, cap, flags, fmt)
#define WASI_P0(name, sig, cap, flags, fmt)                                    \
    ROW(name, wasi0_, sig, cap, flags, fmt)
static const struct abi_row preview0[] = {
#include "api.def"
};
#undef WASI_P1
#undef WASI_P0

#define WASMEDGE(name, sig, cap, flags, fmt)                                   \
    ROW(name, wasmedge_, sig, cap, flags, fmt)
static const struct abi_row wasmedge[] = {
#include "wasmedge.def"
};

#define COUNT(table) (sizeof table / sizeof *table)

static enum engine_status
enter(struct engine_store *s, struct engine_instance *caller, void *env,
      uint64_t *slots)
{
    int64_t result;
    const struct abi_row *row = env;
    (void)caller;
    enum engine_status st = abi_call(engine_store_user(s), row, slots, &result);
    if (st == ENGINE_OK)
        slots[0] = (uint32_t)-result;
    return st;
}

static int
find(const struct abi_row *table, size_t n, const char *name, size_t name_len,
     struct abi_func *out)
{
    for (size_t i = 0; i < n; i++) {
        const struct abi_row *row = &table[i];
        if (strlen(row->name) != name_len ||
            memcmp(row->name, name, name_len) != 0)
            continue;
        union {
            const struct abi_row *in;
            void *out;
        } env = {row}; /* read only; the engine's env is not */
        *out = (struct abi_func){enter, env.out, row->cap, row->signature};
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

static int
resolve_wasmedge(const char *name, size_t name_len, struct abi_func *out)
{
    return find(wasmedge, COUNT(wasmedge), name, name_len, out);
}

static struct abi abi_preview1 = {
    .module = "wasi_snapshot_preview1",
    .resolve = resolve1,
    .attach = wasi_preopen_grants,
};
/* After preview 1, so that its functions come first. */
static struct abi abi_wasmedge = {
    .module = "wasi_snapshot_preview1",
    .resolve = resolve_wasmedge,
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
    abi_register(&abi_wasmedge);
    abi_register(&abi_preview0);
    wasi_threads_register();
}
