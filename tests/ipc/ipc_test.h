/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of what passes bytes between processes, on the real kernel and the
 * real posix host, with processes whose program is a C function (an actor).
 *
 * A case is the program of a process that leads a session of its own. It runs
 * with the kernel lock held and calls call_* as an ABI would, on kernel
 * buffers. When it returns, everything must be gone: the runner compares the
 * counters of ipc.h.
 */
#ifndef IPC_TEST_H
#define IPC_TEST_H

#include <stdio.h>
#include <string.h>

#include "call.h"
#include "ipc.h"
#include "pith_errno.h"

/* Fails the case, which goes on: leaks are counted all the same. */
void check_failed(const char *file, int line, const char *what, long long got,
                  long long want);
#define CHECK_EQ(got, want)                                                    \
    do {                                                                       \
        long long got_ = (long long)(got), want_ = (long long)(want);          \
        if (got_ != want_)                                                     \
            check_failed(__FILE__, __LINE__, #got, got_, want_);               \
    } while (0)
#define CHECK(condition) CHECK_EQ(!!(condition), 1)
/* The rest of the case cannot be tried here; it does not count as passed. */
void skip(const char *why);
/* out is what was read: n bytes, to be those of the string want. */
#define CHECK_BYTES(out, n, want)                                              \
    check_bytes(__FILE__, __LINE__, out, (long long)(n), want)
void check_bytes(const char *file, int line, const void *got, long long n,
                 const char *want);

/* ---- actors ----------------------------------------------------------- */

/* Start a child of the calling process, with its files; fn(arg) is its
 * program, its result the exit code. */
struct proc *actor_start(int (*fn)(void *arg), void *arg);
/* Wait for it to end: its wait status. */
int actor_wait(struct proc *p);
/* Until p sleeps in the kernel with nothing to do, or has ended. */
void actor_settle(struct proc *p);
#define ME (proc_current())

/* Let others run for so long. */
void pause_ms(uint32_t ms);
/* Wait up to a minute for something that is to come. */
#define UNTIL(condition)                                                       \
    do {                                                                       \
        int tries_ = 60000;                                                    \
        while (!(condition) && tries_--)                                       \
            pause_ms(1);                                                       \
        CHECK(condition);                                                      \
    } while (0)

/* ---- calls, restarted after a stop as an ABI does --------------------- */

int64_t rd(int fd, void *buf, size_t n);
int64_t wr(int fd, const void *buf, size_t n);
int64_t wrs(int fd, const char *s);
int64_t snd(int fd, const void *buf, size_t n, uint32_t flags);
int64_t rcv(int fd, void *buf, size_t n, uint32_t flags);
int64_t ioctl_(int fd, uint32_t req, void *arg, size_t n); /* in and out */
int64_t ioctl_value(int fd, uint32_t req, uint32_t value);
int poll1(int fd, int events, int timeout_ms); /* revents, or -E_ */
int open_(const char *path, uint32_t flags);
void nonblock(int fd, bool on);
/* A new pseudo-terminal, unlocked: the slave, which is the controlling terminal
 * of a session leader that has none (flags: PITH_O_NOCTTY). */
int open_pty(int *master, uint32_t flags);
/* Act on signals as the way out of a call that gave r does. True: the call is
 * to be made again. Does not return when the process is to die. */
bool interrupted(int64_t r);

struct test_case {
    const char *name;
    void (*run)(void);
};
#define CASES(...)                                                             \
    {                                                                          \
        __VA_ARGS__                                                            \
        {                                                                      \
            NULL, NULL                                                         \
        }                                                                      \
    }
extern const struct test_case ldisc_cases[], pipe_cases[], poll_cases[],
    tty_cases[], pty_cases[], unix_cases[], scm_cases[], inet_cases[],
    hostnet_cases[];

#endif
