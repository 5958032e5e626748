/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A map for Linux's perf: which addresses are machine code of which function,
 * in /tmp/perf-PID.map, one line a range: START SIZE module:function. perf
 * reads it when it reports. Compilers call native_tell_perf (native.h) for each
 * function, and perfmap_add for code besides (stubs, shared tails). It does
 * nothing unless perfmap_start was called, which must be before the first module
 * is loaded. Any thread.
 */
#ifndef ENGINE_PERFMAP_H
#define ENGINE_PERFMAP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/* Make the file. 0, or -errno of the host. */
int perfmap_start(void);
/* The file's name, once started. */
const char *perfmap_name(void);

extern atomic_bool perfmap_enabled;
void perfmap_write(const void *start, size_t size, const char *module,
                   const char *function);

static inline bool
perfmap_on(void)
{
    return atomic_load_explicit(&perfmap_enabled, memory_order_acquire);
}

/* size bytes at start are function of module (either may be NULL). */
static inline void
perfmap_add(const void *start, size_t size, const char *module,
            const char *function)
{
    if (perfmap_on())
        perfmap_write(start, size, module, function);
}

#endif
