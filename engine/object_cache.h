/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compiled objects kept on disk (cache_file.h), one file for each module,
 * engine and processor:
 *
 *   <size>-<SHA-256 of the module>-<of engine, processor>.pith
 *
 *   | how many, whole?, their sizes | objects, each at a multiple of 16 |
 */
#ifndef ENGINE_OBJECT_CACHE_H
#define ENGINE_OBJECT_CACHE_H

#include "cache_file.h"
#include "object.h"

struct object_cache {
    struct cache_file file;
    struct object_blob *blobs; /* into it */
    uint32_t n;
    bool whole; /* every function that can be is there */
};

/* False: nothing usable is kept for m. */
bool object_cache_open(struct object_cache *c, struct engine_module *m);
void object_cache_close(struct object_cache *c);
/* Replace what is kept. Failing is no error: -E_IO, -E_NOMEM, -E_NOENT. */
int object_cache_write(struct engine_module *m, const struct object_blob *blobs,
                       uint32_t n, bool whole);

#endif
