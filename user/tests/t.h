/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usertests: what programs may expect of the kernel, in the manner of xv6's.
 *
 * main.c runs each test in a process of its own, a child started with
 * posix_spawn, and compares the system's processes and memory before and
 * after. A test returns, or fail()s. Its further processes are "roles": named
 * functions of the same program, started with role(). Every test names the
 * system calls that it covers; at the end, each row of syscall.def must have
 * been covered by one.
 */
#ifndef T_H
#define T_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct test {
    const char *name;
    void (*run)(void);
    const char *calls; /* that it covers, separated by spaces */
};
struct role {
    const char *name;
    int (*run)(int argc, char **argv); /* argv[0] is the name */
};

/* Each file's tables end with a NULL name. */
extern const struct test file_tests[], process_tests[], signal_tests[],
    socket_tests[], terminal_tests[], limit_tests[], hostile_tests[],
    fork_tests[], library_tests[], special_tests[], system_tests[],
    code_tests[];
extern const struct role file_roles[], process_roles[], signal_roles[],
    socket_roles[], terminal_roles[], limit_roles[], hostile_roles[],
    fork_roles[], library_roles[], special_roles[], system_roles[],
    code_roles[];

_Noreturn void fail(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#define CHECK(condition) \
    do { \
        if (!(condition)) \
            fail(__FILE__, __LINE__, "%s (errno: %s)", #condition, \
                 strerror(errno)); \
    } while (0)
/* The expression is -1, or for a raw call negative, with this error. */
#define CHECK_ERRNO(expression, error) \
    do { \
        long long r_ = (expression); \
        if (r_ != -1 || errno != (error)) \
            fail(__FILE__, __LINE__, "%s: got %lld (%s), expected %s", \
                 #expression, r_, strerror(errno), #error); \
    } while (0)
#define CHECK_EQ(a, b) \
    do { \
        long long a_ = (a), b_ = (b); \
        if (a_ != b_) \
            fail(__FILE__, __LINE__, "%s is %lld, expected %lld", #a, a_, \
                 b_); \
    } while (0)

/* Start a role; its pid. The list of arguments ends with NULL. */
pid_t role(const char *name, ...) __attribute__((sentinel));
/* The same with attributes and actions (either may be NULL). */
pid_t role_with(const posix_spawn_file_actions_t *fa,
                const posix_spawnattr_t *attr, const char *name,
                const char *arg);
/* Its exit code; fails the test if it was killed. */
int wait_for(pid_t pid);
void pause_ms(int ms);
/* Until it sleeps in a system call: nothing interrupts it before that. */
void until_asleep(pid_t pid);
int64_t now_ms(void);
const char *self_path(void);
extern char scratch[]; /* the test's own directory, empty; also its cwd */
void put_file(const char *path, const char *text);
/* What path holds, up to a page; static. */
const char *get_file(const char *path);

/* A raw call of <pith/pith_import.h> in the manner of libc's. */
static inline long long
raw(long long r)
{
    if (r < 0) {
        errno = (int)-r;
        return -1;
    }
    return r;
}

#endif
