/* SPDX-License-Identifier: Apache-2.0 */
/* The one thread's control block lives in the data segment (src/start.c). */
extern char __pith_thread[];
static inline uintptr_t
__get_tp(void)
{
    return (uintptr_t)__pith_thread;
}
#define MC_PC pc
