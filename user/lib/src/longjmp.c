/* SPDX-License-Identifier: Apache-2.0 */
/* longjmp by name, for code that the compiler did not rewrite. */
#include <setjmp.h>

_Noreturn void __wasm_longjmp(void *, int);

_Noreturn void
longjmp(jmp_buf env, int value)
{
    __wasm_longjmp(env, value);
}
_Noreturn void _longjmp(jmp_buf, int)
    __attribute__((__weak__, __alias__("longjmp")));
