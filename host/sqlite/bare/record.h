/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records of SQLite's file format (sqlite.org/fileformat2.html, 2.1): a header
 * of varints, its own length and a type for each column, then the columns.
 *
 * What is read may be anybody's: a column that is not wholly there, and a
 * number with a fraction, is STORE_NULL.
 */
#ifndef SQLITE_BARE_RECORD_H
#define SQLITE_BARE_RECORD_H

#include "fs/store_backend.h"

#define RECORD_COLUMNS 12

/* The first n columns; the values point into the record. */
void record_read(const uint8_t *record, size_t size, struct store_value *v,
                 unsigned n);
/* At most so many bytes are needed. */
size_t record_room(const struct store_value *v, unsigned n);
/* At most RECORD_COLUMNS; the bytes written. */
size_t record_write(const struct store_value *v, unsigned n, uint8_t *to);

#endif
