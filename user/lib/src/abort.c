/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <stdlib.h>

#include "pith.h"

_Noreturn void
abort(void)
{
    struct pith_sigaction dfl = {.handler = PITH_SIG_DFL};
    uint64_t set = (uint64_t)1 << (PITH_SIGABRT - 1);
    int pid = pith_getpid();
    pith_sigprocmask(PITH_SIG_UNBLOCK, &set, 0);
    pith_kill(pid, PITH_SIGABRT);
    pith_sigaction(PITH_SIGABRT, &dfl, 0);
    pith_kill(pid, PITH_SIGABRT);
    __builtin_trap();
}
