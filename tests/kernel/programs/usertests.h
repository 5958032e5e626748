/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the kernel's process calls, run as an ordinary program inside Pith
 * (the idea is xv6's usertests). Each test is a row; children are this same
 * program, started with the name of a role and what else it needs.
 */
#ifndef USERTESTS_H
#define USERTESTS_H

#include <spawn.h>
#include <stdbool.h>
#include <sys/types.h>

extern int failures;
extern char *self; /* path of this program */
extern char **environ;

void check(bool ok, const char *file, int line, const char *what);
#define CHECK(e) check((e), __FILE__, __LINE__, #e)

/* Spawn this program in a role: argv is { self, role, arg }. pid or -1. */
pid_t child(const char *role, const char *arg);
pid_t child_with(const char *role, const char *arg,
                 const posix_spawn_file_actions_t *fa,
                 const posix_spawnattr_t *attr);
/* Wait for pid; its wait status, or -1. */
int reap(pid_t pid);
/* reap, for one that must exit by itself: the code, or -1. */
int code_of(pid_t pid);
void pause_ms(int ms);

void test_wait(void);
void test_exec(void);
void test_signal(void);
void test_stop(void);
void test_job(void);
void test_limit(void);
void test_grant(void);
void test_time(void);
void test_file(void);
void test_storm(void);

/* The child's side: what a role does; exit code. -1: no such role. */
int play(const char *role, char *arg);

#endif
