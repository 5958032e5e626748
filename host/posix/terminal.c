/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Borrowing the host's terminal (terminal.h). Signals whose disposition is not
 * the default belong to somebody else and stay his.
 */
#define _GNU_SOURCE
#include "terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hosterr.h"

static int terminal = -1;
static bool looked, changed_once;
static struct termios found, wanted;
static volatile sig_atomic_t changed; /* the mode is not the one we found */
static int pipe_in = -1, pipe_out = -1;
static volatile sig_atomic_t asked; /* to end, once already */

static const int fatal[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGXCPU, SIGXFSZ};
static const int crash[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT};
static struct sigaction crash_before[sizeof crash / sizeof crash[0]];
static const int reported[] = {SIGWINCH, SIGTERM, SIGINT, SIGHUP, SIGCONT};

static void
put_mode(const struct termios *t, int when)
{
    int saved_errno = errno;

    /* In the background it is not ours to change, and trying would stop us. */
    if (tcgetpgrp(terminal) == getpgrp())
        while (tcsetattr(terminal, when, t) < 0 && errno == EINTR)
            continue;
    errno = saved_errno;
}

void
terminal_restore(void)
{
    if (changed)
        put_mode(&found, TCSADRAIN);
    changed = 0;
}

/* Put the terminal back and end as if we had never been there. */
static void
die(int sig)
{
    if (changed)
        put_mode(&found, TCSANOW);
    changed = 0;
    signal(sig, SIG_DFL);
    raise(sig);
}

static void
on_fatal(int sig)
{
    die(sig);
}

/*
 * A crash, unless it is an access of a wasm program that the engine's handler
 * (which may have been there before us, or come after us) makes a trap of: then
 * that does not return.
 */
static void
on_crash(int sig, siginfo_t *info, void *context)
{
    size_t i;

    for (i = 0; i < sizeof crash / sizeof crash[0]; i++) {
        const struct sigaction *old = &crash_before[i];

        if (crash[i] != sig)
            continue;
        if (old->sa_flags & SA_SIGINFO)
            old->sa_sigaction(sig, info, context);
        else if (old->sa_handler != SIG_DFL && old->sa_handler != SIG_IGN)
            old->sa_handler(sig);
    }
    die(sig);
}

/* The handler may be left by longjmp, so it blocks no signals. */
static void
catch_crashes(void)
{
    struct sigaction act;
    size_t i;

    memset(&act, 0, sizeof act);
    act.sa_sigaction = on_crash;
    act.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
    sigemptyset(&act.sa_mask);
    for (i = 0; i < sizeof crash / sizeof crash[0]; i++)
        sigaction(crash[i], &act, &crash_before[i]);
}

static void
on_stop(int sig)
{
    bool was_changed = changed;

    (void)sig;
    terminal_restore();
    raise(SIGSTOP);
    changed = was_changed;
    if (was_changed)
        put_mode(&wanted, TCSADRAIN);
}

static void
on_reported(int sig)
{
    unsigned char byte = (unsigned char)sig;
    int saved_errno = errno;
    ssize_t n;

    if (sig == SIGTERM || sig == SIGINT || sig == SIGHUP) {
        if (asked) {
            terminal_restore();
            _exit(128 + sig);
        }
        asked = 1;
    }
    n = write(pipe_in, &byte, 1); /* full: as many as anyone needs are there */
    (void)n;
    errno = saved_errno;
}

static void
catch_signal(int sig, void (*handler)(int), int flags, bool ours)
{
    struct sigaction old, act;

    memset(&act, 0, sizeof act);
    act.sa_handler = handler;
    act.sa_flags = flags | SA_ONSTACK;
    sigfillset(&act.sa_mask);
    if (sigaction(sig, NULL, &old) < 0)
        return;
    if (old.sa_handler == SIG_DFL || (ours && old.sa_handler == on_fatal))
        sigaction(sig, &act, NULL);
}

int
terminal_open(void)
{
    int fd;

    if (looked)
        return terminal;
    looked = true;
    for (fd = 0; fd <= 2 && terminal < 0; fd++)
        if (isatty(fd) && tcgetattr(fd, &found) == 0)
            terminal = fd;
    return terminal;
}

int
terminal_set(const struct termios *t, int when)
{
    size_t i;

    if (terminal_open() < 0)
        return host_error(ENOTTY);
    if (!changed_once) {
        changed_once = true;
        atexit(terminal_restore);
        for (i = 0; i < sizeof fatal / sizeof fatal[0]; i++)
            catch_signal(fatal[i], on_fatal, SA_NODEFER, false);
        catch_crashes();
        catch_signal(SIGTSTP, on_stop, SA_RESTART, false);
    }
    wanted = *t;
    changed = 1;
    while (tcsetattr(terminal, when, t) < 0)
        if (errno != EINTR)
            return host_error(errno);
    return 0;
}

int
terminal_signals(void)
{
    size_t i;
    int fds[2];

    if (pipe_out >= 0)
        return pipe_out;
    if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0)
        return host_error(errno);
    pipe_out = fds[0];
    pipe_in = fds[1];
    for (i = 0; i < sizeof reported / sizeof reported[0]; i++)
        catch_signal(reported[i], on_reported, SA_RESTART, true);
    return pipe_out;
}

void
terminal_to_pith(const struct termios *t, struct pith_termios *out)
{
    memset(out, 0, sizeof *out);
    out->iflag = t->c_iflag;
    out->oflag = t->c_oflag;
    out->cflag = t->c_cflag;
    out->lflag = t->c_lflag;
    out->line = t->c_line;
    memcpy(out->cc, t->c_cc, NCCS < PITH_NCCS ? NCCS : PITH_NCCS);
    out->ispeed = t->c_ispeed;
    out->ospeed = t->c_ospeed;
}

void
terminal_from_pith(const struct pith_termios *p, struct termios *t)
{
    memset(t, 0, sizeof *t);
    t->c_iflag = p->iflag;
    t->c_oflag = p->oflag;
    t->c_cflag = p->cflag;
    t->c_lflag = p->lflag;
    t->c_line = p->line;
    memcpy(t->c_cc, p->cc, NCCS < PITH_NCCS ? NCCS : PITH_NCCS);
    t->c_ispeed = p->ispeed;
    t->c_ospeed = p->ospeed;
}
