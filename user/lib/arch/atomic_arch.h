/* SPDX-License-Identifier: Apache-2.0 */
/* One thread a process: plain memory operations are atomic enough, and a
 * signal handler runs between instructions, never inside these. */
#define a_cas a_cas
static inline int
a_cas(volatile int *p, int t, int s)
{
    int old = *p;
    if (old == t)
        *p = s;
    return old;
}
#define a_cas_p a_cas_p
static inline void *
a_cas_p(volatile void *p, void *t, void *s)
{
    void *volatile *q = (void *volatile *)p;
    void *old = *q;
    if (old == t)
        *q = s;
    return old;
}
#define a_barrier a_barrier
static inline void
a_barrier(void)
{
}
#define a_crash a_crash
static inline void
a_crash(void)
{
    __builtin_trap();
}
#define a_ctz_32 __builtin_ctz
#define a_clz_32 __builtin_clz
#define a_ctz_64 __builtin_ctzll
