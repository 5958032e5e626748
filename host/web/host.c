/* SPDX-License-Identifier: Apache-2.0 */
/* The plain services of kernel/host.h, most of them JavaScript's. */
#include "host.h"

#include <stdatomic.h>

#include "web.h"

IMPORT(mono) double host_js_mono(void); /* ms since boot */
IMPORT(wall) double host_js_wall(void); /* ms since 1970 */
IMPORT(random) void host_js_random(void *out, size_t n);

extern char __heap_base;
static uint32_t cpus = 1;

/* The main thread calls this for where each Worker's area is. */
EXPORT(uintptr_t, cpu_area, uint32_t id)
{
    uintptr_t base = ((uintptr_t)&__heap_base + 4095) & ~(uintptr_t)4095;

    return base + (uintptr_t)id * WEB_CPU_AREA;
}

EXPORT(uint32_t, cpu_area_size, void)
{
    return WEB_CPU_AREA;
}

EXPORT(uint32_t, cpu_max, void)
{
    return WEB_CPUS;
}

EXPORT(void, set_cpus, uint32_t n)
{
    cpus = n ? n : 1;
}

uintptr_t
web_heap_begin(void)
{
    return cpu_area(WEB_CPUS);
}

static uint64_t
ms_to_ns(double ms)
{
    return ms > 0 ? (uint64_t)(ms * 1e6) : 0;
}

/*
 * Each Worker has a clock of its own, rounded in its own way. No two readings go
 * backwards, wherever they are made: a deadline that has come for whoever wakes
 * a task has come for the task.
 */
uint64_t
host_mono_ns(void)
{
    static _Alignas(64) _Atomic uint64_t last;
    uint64_t now = ms_to_ns(host_js_mono()), seen = atomic_load(&last);

    while (seen < now && !atomic_compare_exchange_weak(&last, &seen, now))
        continue;
    return seen < now ? now : seen;
}

uint64_t
host_wall_ns(void)
{
    return ms_to_ns(host_js_wall());
}

uint64_t
host_clock_resolution_ns(void)
{
    return 5000; /* of performance.now() in an isolated page */
}

/* Who starts a Worker does not know when it gets a CPU. */
uint64_t
host_cpu_wait_ns(void)
{
    return 90000000;
}

uint64_t
host_cpu_ns(void)
{
    return host_mono_ns();
}

void
host_random(void *out, size_t n)
{
    host_js_random(out, n);
}

void
host_log(const char *text, size_t n)
{
    web_tell(NEWS_LOG, 0, 0, 0, text, n < NEWS_MAX ? n : NEWS_MAX);
}

uint32_t
host_cpus(void)
{
    return cpus;
}

void
host_halt(int code)
{
    web_tell(NEWS_HALT, code, 0, 0, "", 0);
}
