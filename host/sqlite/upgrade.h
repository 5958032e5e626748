/* SPDX-License-Identifier: Apache-2.0 */
/* Bringing a Pith disk up to a new system image. */
#ifndef SQLITE_UPGRADE_H
#define SQLITE_UPGRADE_H

#include "report.h"

#include <sqlite3.h>

/*
 * db is the disk, with the image attached as `img`. 0: it is up to date; 2: it
 * was not, and is now; -E_, and nothing has changed, with a sentence.
 */
int store_db_upgrade(sqlite3 *db, struct report *report);

#endif
