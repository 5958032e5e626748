/* SPDX-License-Identifier: Apache-2.0 */
/* Bringing a Pith disk up to a new system image. */
#ifndef SQLITE_UPGRADE_H
#define SQLITE_UPGRADE_H

#include "db.h"

/*
 * 0: the disk is up to date; 2: it was not, and is now; -E_, and nothing has
 * changed, with a sentence.
 */
int store_db_upgrade(struct store_db *disk, struct store_db *image,
                     struct report *report);

#endif
