/* SPDX-License-Identifier: Apache-2.0 */
/* How programs without fork enter main; src/fork.c has the other way. */
#include <errno.h>
#include <unistd.h>

void
__pith_enter(void (*fn)(void))
{
    fn();
}

/* fork needs a program linked with pith-cc --fork. */
pid_t
fork(void)
{
    errno = ENOSYS;
    return -1;
}
pid_t vfork(void) __attribute__((__weak__, alias("fork")));
pid_t _Fork(void) __attribute__((__weak__, alias("fork")));
