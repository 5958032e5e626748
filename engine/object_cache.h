/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compiled objects kept on disk, one file for each module, engine and processor:
 *
 *   DIRECTORY/<size>-<SHA-256 of the module>-<of engine, processor>.pith
 *
 *   | header: magic, hashes, checksum of what follows | sizes | objects |
 *
 * A file is written aside and renamed, so readers see a whole one or none;
 * directories are 0700, files 0600. What is read must match in every field and
 * in its checksum, else it is removed and counts as absent. Files beyond
 * CACHE_BYTES in all, oldest first, are removed after a write.
 *
 * The directory is engine_options()->cache; NULL: there is no cache.
 */
#ifndef ENGINE_OBJECT_CACHE_H
#define ENGINE_OBJECT_CACHE_H

#include "object.h"

#define CACHE_BYTES ((uint64_t)1 << 30)

struct object_cache {
    uint8_t *map; /* the file */
    size_t size;
    struct object_blob *blobs; /* into it */
    uint32_t n;
};

/* False: nothing usable is kept for m. */
bool object_cache_open(struct object_cache *c, struct engine_module *m);
void object_cache_close(struct object_cache *c);
/* Replace what is kept. Failing is no error: -E_IO, -E_NOMEM, -E_NOENT. */
int object_cache_write(struct engine_module *m, const struct object_blob *blobs,
                       uint32_t n);

#endif
