/* SPDX-License-Identifier: Apache-2.0 */
/* No baseline compiler. */
#include "config.h"

#if !ENGINE_JIT
#include "baseline.h"
#include "native.h"

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

const bool jit_goes_on = false;

void
jit_go_on(struct engine_instance *in, uint64_t *fp, uint32_t link, uintptr_t at)
{
    (void)in;
    (void)fp;
    (void)link;
    (void)at;
}

uintptr_t
jit_loop_entry(struct engine_module *m, uint32_t func, uint32_t insn)
{
    (void)m;
    (void)func;
    (void)insn;
    return 0;
}

uintptr_t
jit_untranslated(void)
{
    return 0;
}

bool
jit_publish_again(struct engine_module *m, uint32_t func)
{
    (void)m;
    (void)func;
    return false;
}

void
jit_call(struct engine_instance *in, uint64_t *fp, const struct insn *link,
         uint32_t func)
{
    native_call(in, fp, link, func);
}

void
jit_leave(void)
{
}

void
jit_land(struct engine_store *s, const struct walk *w)
{
    (void)s;
    (void)w;
}
#endif
