/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine's own tests: what no conformance suite covers. A test is a
 * function; CHECK counts and goes on. Modules come from guest.c or are written
 * byte by byte with struct bytes.
 */
#ifndef TESTS_ENGINE_HARNESS_H
#define TESTS_ENGINE_HARNESS_H

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"

extern int passed, failed;

#define CHECK(condition)                                                       \
    do {                                                                       \
        if (condition) {                                                       \
            passed++;                                                          \
        } else {                                                               \
            failed++;                                                          \
            printf("%s:%d: %s\n", __FILE__, __LINE__, #condition);             \
        }                                                                      \
    } while (0)

/* ---- modules by hand -------------------------------------------------------- */

struct bytes {
    uint8_t *p;
    size_t n, cap;
};

void put(struct bytes *b, uint8_t byte);
void put_all(struct bytes *b, const void *p, size_t n);
void put_u(struct bytes *b, uint64_t v); /* LEB128 */
void put_s(struct bytes *b, int64_t v);
/* A section or body: contents behind their length; contents is freed. */
void put_section(struct bytes *b, uint8_t id, struct bytes *contents);
void put_sized(struct bytes *b, struct bytes *contents);
void put_header(struct bytes *b);

/* ---- running ------------------------------------------------------------------- */

extern const uint8_t *guest;
extern size_t guest_size;

/* A store with the guest in it, its host functions linked. */
struct world {
    struct engine_module *module;
    struct engine_store *store;
    struct engine_instance *instance;
    struct engine_extern imports[8];
};

/* Link w->module's imports to the host functions of the harness. */
void world_link(struct world *w);
void world_open(struct world *w, const struct engine_config *config);
void world_close(struct world *w);
/* Call an export with up to two i32; *result may be NULL. */
enum engine_status run(struct world *w, const char *name, uint32_t a,
                       uint32_t b, uint32_t *result);
struct engine_module *load(const struct bytes *b);

/* ---- the tests ------------------------------------------------------------------- */

void test_calls(void);
void test_limits(void);
void test_memory(void);
void test_clone(void);
void test_wide(void);
void test_hostile(void);
void test_threads(void);
void test_many(void);
void test_shared(const uint8_t *bytes, size_t size); /* shared.c's */
void test_cont(const uint8_t *bytes, size_t size, const uint8_t *relay,
               size_t relay_size); /* cont.wasm and cont_relay.wasm */
void test_nan(const uint8_t *bytes, size_t size);    /* nan.c's */

#endif
