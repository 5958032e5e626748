/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target: decoding and validation. Any bytes are a module or are
 * refused with a sentence; what a module says about itself can be read.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
look(const struct engine_port *p, bool import)
{
    if (strnlen(p->name, p->name_len) > p->name_len || p->name[p->name_len])
        abort();
    if (import && p->module[p->module_len])
        abort();
    if ((p->kind == ENGINE_FUNC || p->kind == ENGINE_TAG) && !p->functype)
        abort();
    if (p->kind == ENGINE_MEMORY && p->min > p->max)
        abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct report report = {.text = ""};
    struct engine_module *m = NULL;
    size_t n;

    if (engine_module_load(data, size, NULL, NULL, &m, &report)) {
        if (!report.text[0] || m || report.offset > size)
            abort();
        return 0;
    }
    for (uint32_t i = 0; i < engine_module_imports(m); i++)
        look(engine_module_import(m, i), true);
    for (uint32_t i = 0; i < engine_module_exports(m); i++)
        look(engine_module_export(m, i), false);
    engine_module_custom(m, "name", &n);
    if (!engine_module_footprint(m))
        abort();
    engine_module_unref(m);
    return 0;
}
