/* SPDX-License-Identifier: Apache-2.0 */
/* Which drivers are tested (drivers.c), and how (main.c). */
#ifndef TESTS_FS_DRIVERS_H
#define TESTS_FS_DRIVERS_H

#include "fs_test.h"

void run_drivers(void);
void run_store(void);
void run_seed(void);
void run_broken(void);
/* Ends the case unless the disk's tables agree with each other. */
void check_disk(const char *path);
/* Mount fs at /t, run all POSIX cases and its own on it, unmount it. */
void run_corpus(const char *name, struct fs *fs, uint32_t can,
                const struct fs_case *own);
extern char test_dir[64]; /* of the host, for what tests need */
void run_case(const char *name, void (*run)(void));

#endif
