/* SPDX-License-Identifier: Apache-2.0 */
/* engine_options.canonical_nan; last, as it stays on for the process. */
#include "harness.h"

static uint32_t
count_odd(const uint8_t *bytes, size_t size)
{
    static const struct engine_config plain;
    struct report report = {{0}, 0};
    struct world w = {0};
    uint32_t n = UINT32_MAX;

    if (engine_module_load(bytes, size, NULL, NULL, &w.module, &report) < 0) {
        printf("nan guest: %s\n", report.text);
        exit(2);
    }
    w.store = engine_store_create(&plain);
    CHECK(engine_instance_create(w.store, w.module, NULL, &w.instance,
                                 &report) == ENGINE_OK);
    CHECK(run(&w, "odd", 0, 0, &n) == ENGINE_OK);
    world_close(&w);
    return n;
}

void
test_nan(const uint8_t *bytes, size_t size)
{
    struct engine_options o = *engine_options();

    CHECK(count_odd(bytes, size) > 5); /* else the test tests nothing */
    o.canonical_nan = true;
    engine_configure(&o);
    CHECK(count_odd(bytes, size) == 0);
}
