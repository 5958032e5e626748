/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known of modules that were loaded before: that their bodies are
 * valid, and where those lie. One file of the cache (cache_file.h) per module
 * file and engine, found by the identity that the host's file system gives the
 * file (struct engine_file), for reading a large module is most of what
 * starting it costs.
 *
 *   | the file's identity, the code section's place, counts | bodies |
 *
 * Every write to a file, its replacement and whatever sets its times give it
 * another time of change, which only the kernel sets. A file that was changed
 * within the last seconds might be so again within the same tick of that clock:
 * of those nothing is kept.
 */
#ifndef ENGINE_MODULE_CACHE_H
#define ENGINE_MODULE_CACHE_H

#include "cache_file.h"
#include "module.h"

/* Smaller ones are read in less time than the cache is. */
#define MODULE_CACHE_LEAST ((size_t)512 << 10)

struct known_body {
    uint32_t at, length; /* as in struct func_code */
};

struct known_module {
    struct cache_file file;
    const struct known_body *bodies;
    uint32_t nbodies;
    uint32_t code_at, code_end; /* the section's content */
    bool tail_calls;
};

/* Of m's file. False: nothing is known. */
bool module_cache_open(struct known_module *k, const struct engine_module *m,
                       const struct engine_file *file);
void module_cache_close(struct known_module *k);
/* m was loaded from file and is valid. */
void module_cache_write(const struct engine_module *m,
                        const struct engine_file *file);

#endif
