/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's unit tests: each file exports one function that is called in a
 * task with the kernel lock held (or, for pure code, anywhere) and uses CHECK.
 */
#ifndef TEST_H
#define TEST_H

#include <stdbool.h>

void test_check(bool ok, const char *file, int line, const char *what);
#define CHECK(e) test_check((e), __FILE__, __LINE__, #e)

void test_text(void);
void test_heap(void);
void test_cap(void);
void test_cap_set(void);
void test_wait(void);
void test_timer(void);
void test_sched(void);
void test_event(void);

#endif
