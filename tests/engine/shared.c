/* SPDX-License-Identifier: Apache-2.0 */
/* The guest of shared_tests.c: it lives in an imported, shared memory. */
#define EXPORT(name) __attribute__((export_name(#name))) name
typedef unsigned u32;

#define COUNTER ((u32 *)1024)
#define FLAG ((int *)2048)

u32
EXPORT(count)(u32 n)
{
    while (n--)
        __atomic_fetch_add(COUNTER, 1, __ATOMIC_SEQ_CST);
    return __atomic_load_n(COUNTER, __ATOMIC_SEQ_CST);
}

u32
EXPORT(peek)(u32 at)
{
    return *(volatile u32 *)at;
}

u32
EXPORT(grow)(u32 pages)
{
    return (u32)__builtin_wasm_memory_grow(0, pages);
}

/* Grow page by page, and write to each as soon as it is there. */
u32
EXPORT(climb)(u32 steps)
{
    u32 bad = 0;

    while (steps--) {
        u32 page = (u32)__builtin_wasm_memory_grow(0, 1);

        if (page == -1u)
            return bad + 1000;
        u32 *p = (u32 *)(page << 16);
        bad += p[0] != 0;
        p[0] = page;
        p[16383] = page;
    }
    return bad;
}

u32
EXPORT(wait)(u32 expected, int ms)
{
    return (u32)__builtin_wasm_memory_atomic_wait32(
        FLAG, (int)expected, ms < 0 ? -1ll : ms * 1000000ll);
}

u32
EXPORT(wake)(u32 n)
{
    return __builtin_wasm_memory_atomic_notify(FLAG, n);
}

/* Take turns with another: n times wait until FLAG has our parity. */
u32
EXPORT(turns)(u32 n, u32 parity)
{
    for (u32 i = 0; i < n; i++) {
        int v;

        while (((v = __atomic_load_n(FLAG, __ATOMIC_SEQ_CST)) & 1) !=
               (int)parity)
            __builtin_wasm_memory_atomic_wait32(FLAG, v, -1);
        __atomic_store_n(FLAG, v + 1, __ATOMIC_SEQ_CST);
        __builtin_wasm_memory_atomic_notify(FLAG, 1);
    }
    return (u32)*FLAG;
}

u32
EXPORT(spin)(u32 n)
{
    while (n || 1)
        __atomic_fetch_add(COUNTER, 1, __ATOMIC_SEQ_CST);
    return n;
}
