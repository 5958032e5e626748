/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vfork for toybox on Pith: a process that only redirects and then execs
 * needs no copy of itself, it needs posix_spawn. vfork() here returns 0 in the
 * same process, which goes on as if it were the child: what it closes, moves
 * and opens are its real descriptors. The exec that follows spawns the program
 * with them, puts everything back as it was (descriptors, signal handlers) and
 * returns from vfork a second time, with the new process's id. That is exactly
 * how far vfork may be used by its definition, and toybox keeps to it.
 *
 * Included by lib/lib.h.
 */
#ifndef PITH_VFORK_H
#define PITH_VFORK_H

#include <setjmp.h>
#include <sys/types.h>

extern jmp_buf pith_vfork_env;
void pith_vfork_begin(void);
pid_t pith_vfork_pid(void);

int pith_execvp(const char *file, char *const argv[]);
int pith_execv(const char *path, char *const argv[]);
_Noreturn void pith_exit(int code);
int pith_setpgid(pid_t pid, pid_t group);
pid_t pith_setsid(void);

#ifndef PITH_VFORK_C
#include <unistd.h>
#define vfork() \
    (pith_vfork_begin(), setjmp(pith_vfork_env) ? pith_vfork_pid() : 0)
#define execvp pith_execvp
#define execv pith_execv
#define _exit pith_exit
#define setpgid pith_setpgid
#define setsid pith_setsid
#endif

#endif
