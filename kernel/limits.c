/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits and accounting of a process: rlimits, the deadline, CPU time. Memory
 * and fuel are counted by the engine's store, open files by the descriptor
 * table, file sizes by the VFS; this is where the numbers live.
 */
#include <string.h>

#include "lib.h"
#include "main.h"
#include "pith_errno.h"
#include "proc_internal.h"

#define NOFILE_SOFT 1024
#define NOFILE_HARD 65536

void
limits_init(struct proc *p)
{
    int i;

    for (i = 0; i < PITH_RLIMIT_COUNT; i++)
        p->rlimit[i] = (struct pith_rlimit){UINT64_MAX, UINT64_MAX};
    p->rlimit[PITH_RLIMIT_NOFILE] =
        (struct pith_rlimit){NOFILE_SOFT, NOFILE_HARD};
    p->rlimit[PITH_RLIMIT_STACK] =
        (struct pith_rlimit){VALUE_STACK, VALUE_STACK};
    p->rlimit[PITH_RLIMIT_CORE] = (struct pith_rlimit){0, 0};
    p->rlimit[PITH_RLIMIT_NPROC] = (struct pith_rlimit){PROC_MAX, PROC_MAX};
}

uint64_t
proc_cpu_ns(const struct proc *p)
{
    uint64_t ns = p->ended_cpu_ns;
    const struct thread *t;

    if (!p->main.task)
        return p->cpu_ns;
    for (t = &p->main; t; t = t->next)
        ns += host_task_cpu_ns(t->task);
    return ns;
}

void
proc_usage(const struct proc *p, struct pith_rusage *out)
{
    const struct thread *t;

    *out = p->usage;
    if (!p->main.task)
        return; /* it has ended: all is there */
    out->utime_ns = (int64_t)proc_cpu_ns(p);
    out->switches = p->ended_switches;
    out->syscalls = p->ended_syscalls;
    for (t = &p->main; t; t = t->next) {
        out->switches += host_task_switches(t->task);
        out->syscalls += t->syscalls;
    }
    if (p->main.store)
        out->maxrss = engine_store_memory_bytes(p->main.store);
}

static void
deadline_passed(void *arg)
{
    struct proc *p = arg;

    p->out_of_time = true;
    proc_kill(p, PITH_SIGXCPU, "out of time");
}

void
limits_arm(struct proc *p)
{
    if (p->deadline_ns == HOST_FOREVER)
        return;
    p->limit_timer.fn = deadline_passed;
    p->limit_timer.arg = p;
    timer_arm(&p->limit_timer, p->deadline_ns);
}

/* RLIMIT_CPU in seconds: SIGXCPU each second over the soft one, SIGKILL at the
 * hard one. */
void
limits_check(struct proc *p)
{
    const struct pith_rlimit *l = &p->rlimit[PITH_RLIMIT_CPU];
    uint64_t s = proc_cpu_ns(p) / 1000000000u;

    if (s >= l->max) {
        p->out_of_time = true;
        proc_kill(p, PITH_SIGKILL, "out of CPU time");
    } else if (s >= l->cur && s > p->cpu_warned_s) {
        p->cpu_warned_s = s;
        p->out_of_time = true;
        signal_send(p, PITH_SIGXCPU);
    }
}

/* ---- load average ---------------------------------------------------- */

#define LOAD_EVERY_NS 5000000000u

uint32_t
kernel_running(void)
{
    const struct proc *p;
    uint32_t n = 0;

    for (p = proc_first(); p; p = p->next)
        n += p->state == PROC_RUNNING && !p->stopped;
    return n;
}

/* Linux's: every 5 s, load = load * fade + n * (1 - fade), in 11-bit fractions.
 * Brought up to date when somebody looks. */
void
kernel_loads(uint32_t out[3])
{
    static const uint32_t fade[3] = {1884, 2014, 2037};
    static uint64_t load[3], updated_ns;
    uint64_t n = (uint64_t)kernel_running() << 11;
    uint64_t steps = (host_mono_ns() - updated_ns) / LOAD_EVERY_NS;
    int k;

    updated_ns += steps * LOAD_EVERY_NS;
    if (steps > 1000)
        steps = 1000; /* long settled */
    while (steps--) {
        for (k = 0; k < 3; k++)
            load[k] = (load[k] * fade[k] + n * (2048 - fade[k])) >> 11;
    }
    for (k = 0; k < 3; k++)
        out[k] = (uint32_t)(load[k] << 5);
}
