/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of the cache, the directory engine_options()->cache (NULL: none).
 *
 *   | header: kind, what it is for, its size, a checksum of the rest | body |
 *
 * A file is written aside and renamed, so readers see a whole one or none;
 * directories are 0700, files 0600. What is read must be the user's own and
 * match in every field and in its checksum, else it is removed and counts as
 * absent. Files beyond CACHE_BYTES in all, oldest first, are removed after a
 * write. What they hold is believed: who may write them is this user alone.
 */
#ifndef ENGINE_CACHE_FILE_H
#define ENGINE_CACHE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sha256.h"

#define CACHE_BYTES ((uint64_t)1 << 30)
#define CACHE_NAME 160 /* with the NUL */

/* All of it must be the same in who writes and who reads. */
struct cache_key {
    char kind[8];
    uint8_t what[SHA256_BYTES];   /* it is about */
    uint8_t engine[SHA256_BYTES]; /* that made it: cache_engine */
    uint8_t cpu[SHA256_BYTES];
};

struct cache_file {
    uint8_t *map;
    size_t mapped;
    const uint8_t *body; /* aligned to 16 bytes */
    size_t size;
};

/* The hash of this engine's sources. */
void cache_engine(uint8_t out[SHA256_BYTES]);
/* name.pith; false: there is none that is right. */
bool cache_file_open(struct cache_file *f, const char *name,
                     const struct cache_key *key);
/* What was opened is no good after all. */
void cache_file_remove(const char *name);
void cache_file_close(struct cache_file *f);
/* Replace it. Failing is no error: -E_IO, -E_NOENT (no cache). */
int cache_file_write(const char *name, const struct cache_key *key,
                     const void *body, size_t size);

#endif
