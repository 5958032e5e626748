/* SPDX-License-Identifier: Apache-2.0 */
/* Signal sets: system calls, and what a jump out of a handler left behind. */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "pith.h"

volatile int __pith_pending;
volatile int __pith_busy;
int __pith_depth;
uint64_t __pith_late_set;

void __pith_late(void) __attribute__((__weak__)); /* src/signal.c */
void __pith_jump(void) __attribute__((__weak__)); /* src/setjmp.c */

/* A name of its own for pith-cc --fork: asyncify need not consider it, since
 * fork is refused in handlers. */
__attribute__((__noinline__)) void
__pith_look(void)
{
    __pith_pending = 0;
    if (__pith_late)
        __pith_late();
    if (__pith_jump)
        __pith_jump();
}

SYS(rt_sigprocmask) left(pith_sigprocmask(a, P(b), P(c))) END
SYS(rt_sigpending) left(pith_sigpending(P(a))) END
SYS(rt_sigsuspend) left(pith_sigsuspend(P(a))) END

/*
 * sigwait and relatives: the signals are blocked, as POSIX demands, so one
 * that arrives stays pending; look, and let time pass in between.
 */
SYS(rt_sigtimedwait) ({
    uint64_t want = 0, have = 0;
    struct pith_timespec pause = {0, 1000000};
    const struct timespec *limit = P(c);
    int64_t rest = limit ? limit->tv_sec * 1000 + limit->tv_nsec / 1000000
                         : INT64_MAX;
    long got = 0;
    struct pith_sigaction ignore = {.handler = PITH_SIG_IGN}, was;
    memcpy(&want, P(a), sizeof want);
    while (!got) {
        pith_sigpending(&have);
        have &= want;
        if (have) {
            got = __builtin_ctzll(have) + 1;
        } else if (rest-- <= 0) {
            got = -EAGAIN;
        } else {
            long r = pith_nanosleep(PITH_CLOCK_MONOTONIC, 0, &pause, 0);
            if (r < 0)
                got = r;
            if (pause.nsec < 10000000)
                pause.nsec += 1000000;
        }
    }
    if (got > 0) { /* take it: being ignored discards a pending signal */
        siginfo_t *info = P(b);
        pith_sigaction(got, &ignore, &was);
        pith_sigaction(got, &was, 0);
        if (info) {
            memset(info, 0, sizeof *info);
            info->si_signo = (int)got;
        }
    }
    left(got);
}) END

/* Remembers the mask for siglongjmp (<setjmp.h>'s sigsetjmp). */
void
__pith_sigsave(unsigned long *flag, unsigned long *mask, int save)
{
    *flag = save != 0;
    if (save)
        pith_sigprocmask(PITH_SIG_BLOCK, 0, mask);
}
