/* SPDX-License-Identifier: Apache-2.0 */
/* The plain services of kernel/host.h: memory, clocks, random, log. */
#define _GNU_SOURCE
#include "host.h"
#include "posix.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdatomic.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/sysinfo.h>
#include <time.h>
#include <unistd.h>

void *
host_alloc(size_t bytes)
{
    return calloc(1, bytes ? bytes : 1);
}

void *
host_realloc(void *p, size_t bytes)
{
    return realloc(p, bytes ? bytes : 1);
}

void
host_free(void *p)
{
    free(p);
}

static uint64_t
clock_ns(clockid_t id)
{
    struct timespec ts;

    clock_gettime(id, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

uint64_t
host_wall_ns(void)
{
    return clock_ns(CLOCK_REALTIME);
}

/* Pith boots when this is first asked, which a single thread does. */
uint64_t
host_mono_ns(void)
{
    static _Atomic uint64_t boot;
    uint64_t now = clock_ns(CLOCK_MONOTONIC);
    uint64_t from = atomic_load_explicit(&boot, memory_order_relaxed);

    if (!from)
        atomic_store_explicit(&boot, from = now, memory_order_relaxed);
    return now - from;
}

uint64_t
host_clock_resolution_ns(void)
{
    struct timespec ts;

    clock_getres(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

uint64_t
host_cpu_wait_ns(void)
{
    return 0;
}

uint64_t
host_cpu_ns(void)
{
    return clock_ns(CLOCK_PROCESS_CPUTIME_ID);
}

/* 0: the host's own numbers. */
static _Atomic uint64_t seeded;

void
posix_random_seed(uint64_t seed)
{
    atomic_store(&seeded, seed);
}

/* splitmix64 */
static void
seeded_random(char *out, size_t n)
{
    while (n) {
        uint64_t z = atomic_fetch_add(&seeded, 0x9e3779b97f4a7c15u) +
                     0x9e3779b97f4a7c15u;
        size_t k = n < sizeof z ? n : sizeof z;

        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
        z = (z ^ z >> 27) * 0x94d049bb133111ebu;
        z ^= z >> 31;
        memcpy(out, &z, k);
        out += k;
        n -= k;
    }
}

void
host_random(void *out, size_t n)
{
    char *at = out;

    if (atomic_load_explicit(&seeded, memory_order_relaxed)) {
        seeded_random(out, n);
        return;
    }

    while (n) {
        ssize_t k = getrandom(at, n, 0);

        if (k > 0) {
            at += k;
            n -= (size_t)k;
        } else if (errno != EINTR) {
            abort(); /* a machine without random numbers cannot go on */
        }
    }
}

void
host_log(const char *text, size_t n)
{
    while (n) {
        ssize_t k = write(STDERR_FILENO, text, n);

        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return;
        text += k;
        n -= (size_t)k;
    }
}

uint32_t
host_cpus(void)
{
    cpu_set_t set;
    int n = 1;

    if (sched_getaffinity(0, sizeof set, &set) == 0)
        n = CPU_COUNT(&set);
    return n > 0 ? (uint32_t)n : 1;
}

/* What the control group that this runs in may have, where it says so. */
static uint64_t
group_limit(void)
{
    static const char *const files[] = {
        "/sys/fs/cgroup/memory.max",
        "/sys/fs/cgroup/memory/memory.limit_in_bytes"};
    uint64_t least = UINT64_MAX;

    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char text[32];
        int fd = open(files[i], O_RDONLY | O_CLOEXEC);
        ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);

        if (fd >= 0)
            close(fd);
        text[n > 0 ? n : 0] = 0;
        if (text[0] >= '0' && text[0] <= '9') /* not "max" */
            least = strtoull(text, NULL, 10);
    }
    return least;
}

void
host_memory(uint64_t *total, uint64_t *free_)
{
    static _Atomic uint64_t most;
    struct sysinfo s;

    if (!atomic_load_explicit(&most, memory_order_relaxed))
        atomic_store_explicit(&most, group_limit(), memory_order_relaxed);
    *total = *free_ = 0;
    if (sysinfo(&s) == 0) {
        *total = (uint64_t)s.totalram * s.mem_unit;
        *free_ = (uint64_t)s.freeram * s.mem_unit;
    }
    if (*total > most)
        *total = most;
    if (*free_ > *total)
        *free_ = *total;
}

/* Of a machine that is ours. */
static int meminfo = -1;
static uint64_t reserve;

void
posix_memory_reserve(uint64_t bytes)
{
    meminfo = open("/proc/meminfo", O_RDONLY | O_CLOEXEC);
    reserve = bytes;
}

bool
host_memory_low(void)
{
    char text[256], *at;
    struct sysinfo s;
    ssize_t n;

    if (meminfo < 0 || sysinfo(&s) < 0 ||
        (uint64_t)s.freeram * s.mem_unit >= reserve)
        return false;
    n = pread(meminfo, text, sizeof text - 1, 0); /* what is cached counts */
    text[n > 0 ? n : 0] = 0;
    at = strstr(text, "MemAvailable:");
    return at && strtoull(at + 13, NULL, 10) << 10 < reserve;
}

#ifdef __GLIBC__ /* musl's malloc does not tell */
uint64_t
host_heap_used(void)
{
    struct mallinfo2 m = mallinfo2();

    return (uint64_t)m.uordblks + m.hblkhd;
}
#else
uint64_t
host_heap_used(void)
{
    return 0;
}
#endif
