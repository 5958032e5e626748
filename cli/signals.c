/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host's signals: blocked in every thread and read from a signalfd by one
 * kernel task, so that no handler ever interrupts kernel or program.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "cli.h"
#include "host.h"
#include "pith_errno.h"
#include "posix.h"

static const int taken[] = {SIGINT,  SIGTERM, SIGHUP,  SIGQUIT,
                            SIGUSR1, SIGUSR2, SIGWINCH};
static void (*on_signal)(int);
static int fd = -1;

static sigset_t
set(void)
{
    sigset_t s;
    sigemptyset(&s);
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
        sigaddset(&s, taken[i]);
    return s;
}

void
cli_signals_block(void)
{
    sigset_t s = set();
    pthread_sigmask(SIG_BLOCK, &s, NULL);
    signal(SIGPIPE, SIG_IGN); /* host writes answer EPIPE instead */
}

static void
task(void *arg)
{
    (void)arg;
    for (;;) {
        struct signalfd_siginfo info;
        int r = posix_fd_wait(fd, POLLIN, HOST_FOREVER);
        if (r < 0 && r != -E_INTR)
            host_task_exit();
        while (read(fd, &info, sizeof info) == (ssize_t)sizeof info)
            on_signal((int)info.ssi_signo);
    }
}

int
cli_signals_start(void (*fn)(int host_signal))
{
    sigset_t s = set();
    struct host_task *t;
    fd = signalfd(-1, &s, SFD_NONBLOCK | SFD_CLOEXEC);
    if (fd < 0)
        return -E_MFILE;
    on_signal = fn;
    return host_task_create(&t, task, NULL, 0);
}
