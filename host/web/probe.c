/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is there stack left for the kernel? Program and kernel share the browser's
 * stack, whose end is an exception at the next call, and in the kernel nobody
 * could tell what it leaves undone. So before each system call this function is
 * called, where running out is still the program's own fault.
 *
 * It does nothing, but its frame is large: there is a path, never taken, on which
 * VALUES * 16 bytes live across a call, so they have places on the stack; and
 * browsers look whether a frame fits when a function begins, in both of their
 * compilers. That costs what a call costs.
 */
#include <wasm_simd128.h>

#include "web.h"

#define TEN(x, n)                                                              \
    x(n##0) x(n##1) x(n##2) x(n##3) x(n##4) x(n##5) x(n##6) x(n##7) x(n##8)    \
        x(n##9)
#define HUNDRED(x, n)                                                          \
    TEN(x, n##0)                                                               \
    TEN(x, n##1)                                                               \
    TEN(x, n##2)                                                               \
    TEN(x, n##3)                                                               \
    TEN(x, n##4)                                                               \
    TEN(x, n##5)                                                               \
    TEN(x, n##6) TEN(x, n##7) TEN(x, n##8) TEN(x, n##9)
#define VALUES(x)                                                              \
    HUNDRED(x, 1)                                                              \
    HUNDRED(x, 2)                                                              \
    HUNDRED(x, 3)                                                              \
    HUNDRED(x, 4)                                                              \
    HUNDRED(x, 5)                                                              \
    HUNDRED(x, 6)                                                              \
    HUNDRED(x, 7)                                                              \
    HUNDRED(x, 8)                                                              \
    HUNDRED(x, 9) HUNDRED(x, 10) HUNDRED(x, 11) HUNDRED(x, 12)

#define LOAD(n) v128_t v##n = p[n];
#define STORE(n) p[n] = v##n;

/* Nobody sets it. */
v128_t *volatile web_probe_path;

__attribute__((noinline, target("simd128"))) void
web_probe(void)
{
    v128_t *p = web_probe_path;

    if (__builtin_expect(!p, 1))
        return;
    VALUES(LOAD)
    web_wake((_Atomic uint32_t *)p, 0); /* anything that is not known here */
    VALUES(STORE)
}
