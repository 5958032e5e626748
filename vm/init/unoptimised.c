/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In place of engine/optimise.c, tierup.c, object*.c, module_cache.c and
 * compiler.c: PID 1 has no pith-llvm.so and no cache of what one made.
 */
#include "compiler.h"
#include "module_cache.h"
#include "object.h"
#include "optimise.h"

bool
compiler_available(void)
{
    return false;
}

void
optimise_loaded(struct engine_module *m)
{
    (void)m;
}

void
optimise_end(struct engine_module *m)
{
    (void)m;
}

void
optimise_not(struct engine_module *m)
{
    (void)m;
}

bool
tierup_sample(struct engine_store *s)
{
    (void)s;
    return false;
}

void
tierup_go_on(struct engine_store *s)
{
    (void)s;
}

uintptr_t
object_osr_at(struct engine_instance *in, const uint64_t *fp,
              const struct insn *pc)
{
    (void)in, (void)fp, (void)pc;
    return 0;
}

bool
module_cache_open(struct known_module *k, const struct engine_module *m,
                  const struct engine_file *file)
{
    (void)k, (void)m, (void)file;
    return false;
}

void
module_cache_close(struct known_module *k)
{
    (void)k;
}

void
module_cache_write(const struct engine_module *m,
                   const struct engine_file *file)
{
    (void)m, (void)file;
}
