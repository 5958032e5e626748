/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a signal handler so that a jump out of it stops here (src/setjmp.c).
 * Apart from it because the compiler rewrites files that call setjmp.
 */
#include <setjmp.h>

extern jmp_buf *__pith_innermost;
void __pith_guard(void (*fn)(int, unsigned), int sig, unsigned handler);

void
__pith_guard(void (*fn)(int, unsigned), int sig, unsigned handler)
{
    jmp_buf here;
    jmp_buf *outer = __pith_innermost;
    __pith_innermost = &here;
    if (!setjmp(here))
        fn(sig, handler);
    __pith_innermost = outer;
}
