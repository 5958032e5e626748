/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a VFS of SQLite answers for a file that nobody else can have open: there
 * is nothing to lock, and nothing to control (sqlite3_io_methods).
 */
#ifndef SQLITE_ALONE_H
#define SQLITE_ALONE_H

#include <sqlite3.h>

int alone_lock(sqlite3_file *f, int level); /* and unlock */
int alone_reserved(sqlite3_file *f, int *out);
int alone_control(sqlite3_file *f, int what, void *arg);
int alone_sector(sqlite3_file *f);

#endif
