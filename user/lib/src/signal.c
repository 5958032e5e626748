/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signals. The kernel calls the export __pith_signal with the handler's table
 * index while the program is inside a system call or at a poll point.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "pith.h"

void __pith_guard(void (*fn)(int, unsigned), int sig, unsigned handler)
    __attribute__((__weak__));

volatile int __eintr_valid_flag = 1;

static uint64_t wants_info; /* bit n-1: signal n has an SA_SIGINFO handler */

static uint64_t
bit(int sig)
{
    return (uint64_t)1 << (sig - 1);
}

static void
call(int sig, unsigned handler)
{
    if (wants_info & bit(sig)) {
        siginfo_t info;
        ucontext_t context;
        memset(&info, 0, sizeof info);
        memset(&context, 0, sizeof context);
        info.si_signo = sig;
        ((void (*)(int, siginfo_t *, void *))handler)(sig, &info, &context);
    } else {
        ((void (*)(int))handler)(sig);
    }
}

static void
run(int sig, unsigned handler)
{
    int saved = errno;
    __pith_depth++;
    if (__pith_guard)
        __pith_guard(call, sig, handler);
    else
        call(sig, handler);
    __pith_depth--;
    errno = saved;
}

/* While a fork is under way handlers wait here; at most one a signal. */
static unsigned late[PITH_NSIG];

void __pith_late(void);
void
__pith_late(void)
{
    while (__pith_late_set) {
        int sig = __builtin_ctzll(__pith_late_set) + 1;
        __pith_late_set &= ~bit(sig);
        run(sig, late[sig]);
    }
}

__attribute__((export_name("__pith_signal"))) int
__pith_signal(int sig, unsigned handler)
{
    if (sig < 1 || sig >= PITH_NSIG)
        return 0;
    if (__pith_busy) {
        __pith_late_set |= bit(sig);
        late[sig] = handler;
        __pith_pending = 1;
        return 0;
    }
    run(sig, handler);
    return __pith_pending; /* a jump: the call must come back to us */
}

int
__libc_sigaction(int sig, const struct sigaction *restrict new,
                 struct sigaction *restrict old)
{
    struct pith_sigaction k, was;
    int had_info;
    long r;
    if (sig < 1 || sig >= PITH_NSIG)
        return (int)__syscall_ret((unsigned long)-EINVAL);
    had_info = (wants_info & bit(sig)) != 0;
    if (new) {
        k.handler = (uint32_t)new->sa_handler;
        k.flags = (uint32_t)new->sa_flags & ~(uint32_t)SA_RESTORER;
        memcpy(&k.mask, &new->sa_mask, sizeof k.mask);
    }
    r = pith_sigaction(sig, new ? &k : 0, old ? &was : 0);
    if (r < 0)
        return (int)__syscall_ret((unsigned long)left(r));
    if (new) {
        wants_info &= ~bit(sig);
        if (new->sa_flags & SA_SIGINFO)
            wants_info |= bit(sig);
    }
    if (old) {
        memset(old, 0, sizeof *old);
        old->sa_handler = (void (*)(int))was.handler;
        old->sa_flags = (int)was.flags | (had_info ? SA_SIGINFO : 0);
        memcpy(&old->sa_mask, &was.mask, sizeof was.mask);
    }
    left(0);
    return 0;
}
int __sigaction(int sig, const struct sigaction *restrict new,
                struct sigaction *restrict old)
    __attribute__((__weak__, alias("__libc_sigaction")));
int sigaction(int sig, const struct sigaction *restrict new,
              struct sigaction *restrict old)
    __attribute__((__weak__, alias("__libc_sigaction")));

/* Handlers run on the one stack there is. */
int
sigaltstack(const stack_t *restrict new, stack_t *restrict old)
{
    static stack_t now = {.ss_flags = SS_DISABLE};
    if (old)
        *old = now;
    if (new)
        now = *new;
    return 0;
}
