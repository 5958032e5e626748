/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What host/web makes of a module before a browser gets it (rewrite.c, poll.c).
 * No input may make it read or write outside; and a module that is valid stays
 * so, which our own engine can tell.
 */
#include <stdlib.h>
#include <string.h>

#include "../../host/web/module.h"
#include "../../lib/report.h"

void *
host_alloc(size_t n)
{
    return calloc(1, n ? n : 1);
}

void *
host_realloc(void *p, size_t n)
{
    return realloc(p, n);
}

void
host_free(void *p)
{
    free(p);
}

void
host_log(const char *text, size_t n)
{
    (void)text, (void)n;
}

static bool
valid(const uint8_t *bytes, size_t n)
{
    struct engine_module *m = NULL;
    struct report why = {0};
    bool ok = engine_module_load(bytes, n, NULL, NULL, &m, &why) == 0;

    engine_module_unref(m);
    return ok;
}

static bool
imports_memory(const struct engine_module *m)
{
    for (uint32_t k = 0; k < m->nimports; k++)
        if (m->imports[k].kind == ENGINE_MEMORY)
            return true;
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);
int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct engine_module m = {.bytes = bytes, .size = (uint32_t)n};
    struct module_export e;
    struct report why = {0};
    bool was_valid = valid(bytes, n);
    int r = module_read(&m, &why);

    if (r < 0 && was_valid && n < 1 << 16)
        abort(); /* what the engine takes has to be understood */
    if (r == 0 && !m.shared && !m.odd_pages &&
        !(imports_memory(&m) && m.memories)) {
        m.forks = !m.odd_globals;
        module_export_find(&m, "_start", 6, &e);
        if (module_rewrite(&m) < 0)
            abort();
        if (was_valid && !valid(m.compiled, m.compiled_size))
            abort();
        if (m.polls && m.compiled_size)
            module_old_offset(&m, (uint32_t)m.compiled_size / 2);
    }
    free(m.compiled);
    module_finish(&m);
    return 0;
}
