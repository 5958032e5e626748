/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <signal.h>

#include "pith.h"

_Noreturn void
siglongjmp(sigjmp_buf env, int value)
{
    if (env[0].__fl)
        pith_sigprocmask(PITH_SIG_SETMASK, env[0].__ss, 0);
    longjmp(env, value);
}
