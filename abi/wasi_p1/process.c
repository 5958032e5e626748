/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Preview 1: arguments, environment, exit, signals, random numbers, clocks.
 * But for signals and exit these touch only what belongs to the caller, so they
 * run without the kernel lock.
 */
#include <string.h>

#include "wasi_p1.h"

/* Pointers to n strings at ptrs, the strings themselves at buf. */
static int32_t
put_strings(struct proc *p, const char *strings, size_t len, uint32_t n,
            uint64_t ptrs, uint64_t buf)
{
    if (buf + len > UINT32_MAX)
        return -E_FAULT;
    size_t at = 0;
    for (uint32_t i = 0; i < n && at < len; i++) {
        int r = wasi_put32(p, ptrs + 4ull * i, (uint32_t)(buf + at));
        if (r < 0)
            return r;
        at += strnlen(strings + at, len - at) + 1;
    }
    return len ? copy_out(p, gptr(buf), strings, len) : 0;
}

static int32_t
put_two(struct proc *p, uint64_t at1, uint32_t v1, uint64_t at2, uint32_t v2)
{
    int r = wasi_put32(p, at1, v1);
    return r < 0 ? r : wasi_put32(p, at2, v2);
}

int64_t
wasi_args_get(struct proc *p, const uint64_t *a)
{
    return put_strings(p, p->args, p->args_len, p->argc, a[0], a[1]);
}

int64_t
wasi_args_sizes_get(struct proc *p, const uint64_t *a)
{
    return put_two(p, a[0], p->argc, a[1], (uint32_t)p->args_len);
}

int64_t
wasi_environ_get(struct proc *p, const uint64_t *a)
{
    return put_strings(p, p->env, p->env_len, p->envc, a[0], a[1]);
}

int64_t
wasi_environ_sizes_get(struct proc *p, const uint64_t *a)
{
    return put_two(p, a[0], p->envc, a[1], (uint32_t)p->env_len);
}

int64_t
wasi_clock_res_get(struct proc *p, const uint64_t *a)
{
    if (a[0] > WASI_CLOCK_THREAD)
        return -E_INVAL;
    return wasi_put64(p, a[1], host_clock_resolution_ns());
}

int64_t
wasi_clock_time_get(struct proc *p, const uint64_t *a)
{
    uint64_t t;
    switch (a[0]) {
    case WASI_CLOCK_REALTIME:
        t = host_wall_ns();
        break;
    case WASI_CLOCK_MONOTONIC:
        t = host_mono_ns();
        break;
    case WASI_CLOCK_PROCESS:
        t = thread_proc_cpu_ns(p);
        break;
    case WASI_CLOCK_THREAD:
        t = thread_cpu_ns(p);
        break;
    default:
        return -E_INVAL;
    }
    return wasi_put64(p, a[2], t);
}

int64_t
wasi_proc_exit(struct proc *p, const uint64_t *a)
{
    proc_exit(p, (int)(uint32_t)a[0]);
    return 0;
}

int64_t
wasi_proc_raise(struct proc *p, const uint64_t *a)
{
    uint32_t sig = (uint32_t)a[0] & 0xff;
    if (sig > WASI_SIGNAL_LAST)
        return -E_INVAL;
    /* Linux has SIGSTKFLT at 16; from there on WASI's numbers lag by one. */
    if (sig > PITH_SIGTERM)
        sig++;
    return call_kill(p, p->pid, (int)sig);
}

int64_t
wasi_sched_yield(struct proc *p, const uint64_t *a)
{
    (void)p;
    (void)a;
    host_task_yield();
    return 0;
}

int64_t
wasi_random_get(struct proc *p, const uint64_t *a)
{
    uint8_t chunk[1024];
    uint64_t len = a[1];
    /* Nothing is written when not all of it can be. */
    int r = len ? copy_in(p, chunk, gptr(a[0] + len - 1), 1) : 0;
    if (r < 0)
        return r;
    for (uint64_t at = 0; at < len;) {
        size_t n = len - at < sizeof chunk ? (size_t)(len - at) : sizeof chunk;
        host_random(chunk, n);
        r = copy_out(p, gptr(a[0] + at), chunk, n);
        if (r < 0)
            return r;
        at += n;
        if (p->dying) /* gigabytes take a while */
            return -E_INTR;
    }
    return 0;
}
