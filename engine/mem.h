/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine's memory back end: mem_guard.c (reservations and faults) or
 * mem_plain.c (malloc and explicit checks); config.h says which.
 */
#ifndef ENGINE_MEM_H
#define ENGINE_MEM_H

#include "runtime.h"

/* Static offsets from here on are checked explicitly even in reservations. */
#define GUARD_OFFSET 0xffff0000u

/* Give m bytes of zeroed memory; m->is64, shared and max_pages are set. False:
 * out of memory. */
bool mem_alloc(struct engine_memory *m, uint64_t bytes);
/* Make it bytes long (never shorter); may move base unless guarded or
 * shared. */
bool mem_extend(struct engine_memory *m, uint64_t bytes);
void mem_free(struct engine_memory *m);
/* interp_run with faults in memories turned into a trap. */
void mem_run(struct activation *act, struct engine_func *f, uint64_t *fp);

/* All of it will be written soon: large pages, where it is worth it. */
void mem_soon(void *p, size_t bytes);
/* Much was given back: let the system have it. */
void mem_trim(void);
/* Zeroed on demand. */
void *stack_alloc(size_t bytes);
void stack_free(void *p, size_t bytes);

#endif
