/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Pith disk without a file system below it: on a block device, or in a file
 * that is the image of one.
 *
 *     0        4096         1 MiB                1 MiB + log
 *     | label  | nothing    | log or journal     | the database to the end
 *
 * The label is text and says how long the log's region is: the device may grow.
 * SQLite sees three files, as always; this is a VFS under it. How long they are
 * is read from what is in them (the database's page count, whether the log
 * begins with a log's magic), so there is no metadata to tear. Stale bytes
 * behind a log's or journal's end are what SQLite expects of logs that are
 * used again. The log's region holds one at a time, as SQLite has at most one.
 *
 * One raw disk at a time. Not thread-safe beyond what SQLite's mutexes give.
 */
#ifndef POSIX_STORE_RAW_H
#define POSIX_STORE_RAW_H

#include <stdbool.h>
#include <stdint.h>

#include "report.h"

#define STORE_RAW_VFS "pith-raw"

/* Is path to be used raw: a block device, or a file with the label or full of
 * zeros, as `truncate -s 1G FILE` makes it? */
bool store_raw_is(const char *path);
/* Has the disk been made (store_raw_make)? */
bool store_raw_made(const char *path);
/*
 * Put the system image `image` on the device at path, which is labelled last;
 * interrupted, it is still not made. -E_EXIST: something else is there (its
 * first MiB is not all zeros); -E_NOSPC. Blocks.
 */
int store_raw_make(const char *path, const char *image, struct report *report);
/*
 * Lock the device and let SQLite find it by its path, through STORE_RAW_VFS,
 * which does all other files as well. shared: only to read. -E_BUSY: another
 * Pith has it.
 */
int store_raw_attach(const char *path, bool shared, struct report *report);
void store_raw_detach(void);
/* Is there a log that was not folded back? Attached. */
bool store_raw_has_log(void);
/* Bytes for the database, used or not; 0: nothing is attached. */
uint64_t store_raw_room(void);

#endif
