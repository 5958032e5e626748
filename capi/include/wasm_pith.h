/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What libpith-wasm adds to the standard wasm.h: bounds for modules that are
 * not trusted. Limits are set before the engine is made and hold for each of
 * its stores; what exceeds them is a trap, NULL, or false.
 */
#ifndef WASM_PITH_H
#define WASM_PITH_H

#include "wasm.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Bytes of linear memories, structs and arrays together. Unlimited. */
WASM_API_EXTERN void wasm_config_limit_memory(wasm_config_t *, uint64_t bytes);
/* Elements of all tables together. 10,000,000. */
WASM_API_EXTERN void wasm_config_limit_tables(wasm_config_t *,
                                              uint64_t elements);
/* Function entries and loop iterations in the store's life. Unlimited. */
WASM_API_EXTERN void wasm_config_limit_fuel(wasm_config_t *, uint64_t units);

/*
 * End the wasm code that runs in the store, or else what runs there next, by
 * the trap "interrupted", within some 20,000 units. From any thread and from
 * signal handlers, while the store lives.
 */
WASM_API_EXTERN void wasm_store_interrupt(wasm_store_t *);

#ifdef __cplusplus
}
#endif

#endif
