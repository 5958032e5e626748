/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vfork for ports: a process that only redirects and then execs needs no copy
 * of itself, it needs posix_spawn. vfork() here returns 0 in the same process,
 * which goes on as if it were the child: what it closes, moves and opens are
 * its real descriptors. The exec that follows spawns the program with them,
 * puts everything back as it was (descriptors, signal handlers) and returns
 * from vfork a second time, with the new process's id. That is exactly how far
 * vfork may be used by its definition. With PITH_VFORK_FOR_FORK the name fork
 * means the same, for programs that do no more between fork and exec.
 *
 * Included by a patched header of the port, after its system headers; vfork.c
 * is compiled into it.
 */
#ifndef PITH_VFORK_H
#define PITH_VFORK_H

#include <setjmp.h>
#include <signal.h>
#include <sys/types.h>

extern jmp_buf vfork_env;
void vfork_begin(void);
pid_t vfork_pid(void);

int vfork_execvp(const char *file, char *const argv[]);
int vfork_execl(const char *path, const char *arg, ...);
int vfork_execv(const char *path, char *const argv[]);
_Noreturn void vfork_exit(int code);
int vfork_setpgid(pid_t pid, pid_t group);
pid_t vfork_setsid(void);
int vfork_sigaction(int sig, const struct sigaction *new,
                    struct sigaction *old);

#ifndef PITH_VFORK_C
#include <unistd.h>
#define vfork() \
    (vfork_begin(), setjmp(vfork_env) ? vfork_pid() : 0)
#ifdef PITH_VFORK_FOR_FORK
#define fork() vfork()
#endif
#define execl vfork_execl
#define execvp vfork_execvp
#define execv vfork_execv
#define _exit vfork_exit
#define setpgid vfork_setpgid
#define setsid vfork_setsid
#define sigaction(sig, new, old) vfork_sigaction(sig, new, old)
#endif

#endif
