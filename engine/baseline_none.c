/* SPDX-License-Identifier: Apache-2.0 */
/* No baseline compiler. */
#include "config.h"

#if !ENGINE_JIT
#include "baseline.h"

void
jit_module_init(struct engine_module *m)
{
    (void)m;
}

void
jit_module_finish(struct engine_module *m)
{
    (void)m;
}

void
jit_compile(struct translator *t, struct engine_module *m, uint32_t func)
{
    (void)t;
    (void)m;
    (void)func;
}

uintptr_t
jit_adapter(void)
{
    return 0;
}

void
jit_land(struct engine_store *s, const struct walk *w)
{
    (void)s;
    (void)w;
}
#endif
