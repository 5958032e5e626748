/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Quotas and fuel: what the stores of one program may use together. A program
 * with several threads has a store for each, and all of them draw on the quota
 * of the first (engine_config.share); any thread may do so at any time.
 */
#ifndef ENGINE_QUOTA_H
#define ENGINE_QUOTA_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct engine_config;

struct quota {
    _Atomic uint32_t refs;
    uint64_t memory_max, table_max, fuel_max; /* UINT64_MAX: none */
    _Atomic uint64_t memory_used, table_used, fuel_used;
    uint64_t light; /* engine_config's light_bytes */
    _Atomic uint64_t begun; /* bytes of the memories that programs declare */
    bool (*take)(uint64_t bytes, uint64_t grown); /* engine_config's */
    void (*give)(uint64_t bytes);
};

struct quota *quota_create(const struct engine_config *c); /* NULL: no memory */
struct quota *quota_ref(struct quota *q);
void quota_unref(struct quota *q); /* NULL is fine */

/* False, and nothing taken, when it would be more than there may be. */
bool quota_take_memory(struct quota *q, uint64_t bytes);
/* The same for a memory that is new. */
bool quota_begin_memory(struct quota *q, uint64_t bytes);
void quota_give_memory(struct quota *q, uint64_t bytes);
bool quota_take_elements(struct quota *q, uint64_t n);
void quota_give_elements(struct quota *q, uint64_t n);
/* Fuel is taken after it was used, so it may come out below nothing. */
void quota_burn(struct quota *q, uint64_t units);
uint64_t quota_fuel_left(const struct quota *q); /* UINT64_MAX: no limit */

#endif
