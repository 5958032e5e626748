/* SPDX-License-Identifier: Apache-2.0 */
/* The `pith` module: clocks, sleep, interval timers, random numbers. The rows
 * marked FREE run without the kernel lock. */
#include <string.h>

#include "sys.h"

#define SECOND 1000000000u
#define RANDOM_MAX (1u << 20) /* bytes a call; more gives a short result */

static int
read_clock(struct proc *p, uint32_t id, uint64_t *ns)
{
    switch (id) {
    case PITH_CLOCK_REALTIME:
        *ns = host_wall_ns();
        return 0;
    case PITH_CLOCK_MONOTONIC:
        *ns = host_mono_ns();
        return 0;
    case PITH_CLOCK_PROCESS:
        *ns = thread_proc_cpu_ns(p);
        return 0;
    case PITH_CLOCK_THREAD:
        *ns = thread_cpu_ns(p);
        return 0;
    default:
        return -E_INVAL;
    }
}

static int
put_time(struct proc *p, uint64_t at, uint64_t ns)
{
    struct pith_timespec t = {(int64_t)(ns / SECOND), (int64_t)(ns % SECOND)};

    return copy_out(p, gptr(at), &t, sizeof t);
}

/* In ns; what does not fit is for ever. */
static int
get_time(struct proc *p, uint64_t at, uint64_t *ns)
{
    struct pith_timespec t;
    int r = copy_in(p, &t, gptr(at), sizeof t);

    if (r < 0)
        return r;
    if (t.sec < 0 || t.nsec < 0 || t.nsec >= (int64_t)SECOND)
        return -E_INVAL;
    *ns = (uint64_t)t.sec >= INT64_MAX / SECOND
              ? HOST_FOREVER
              : (uint64_t)t.sec * SECOND + (uint64_t)t.nsec;
    return 0;
}

int64_t
sys_clock_gettime(struct proc *p, const uint64_t *a)
{
    uint64_t ns;
    int r = read_clock(p, (uint32_t)a[0], &ns);

    return r < 0 ? r : put_time(p, a[1], ns);
}

int64_t
sys_clock_getres(struct proc *p, const uint64_t *a)
{
    if (a[0] > PITH_CLOCK_THREAD)
        return -E_INVAL;
    return a[1] ? put_time(p, a[1], host_clock_resolution_ns()) : 0;
}

/* When the monotonic clock will show what clock id then shows. */
static int
monotonic_deadline(struct proc *p, uint32_t id, uint64_t at,
                   uint64_t *deadline)
{
    uint64_t now, mono = host_mono_ns();
    int r = id > PITH_CLOCK_MONOTONIC ? -E_INVAL : read_clock(p, id, &now);

    if (r < 0)
        return r;
    if (at == HOST_FOREVER)
        *deadline = HOST_FOREVER;
    else
        *deadline = at > now ? mono + (at - now) : mono;
    return 0;
}

int64_t
sys_nanosleep(struct proc *p, const uint64_t *a)
{
    bool absolute = (a[1] & PITH_TIMER_ABSTIME) != 0;
    uint64_t ns, deadline, left = 0;
    int r = get_time(p, a[2], &ns);

    if (r == 0)
        r = monotonic_deadline(p, (uint32_t)a[0], ns, &deadline);
    if (r < 0)
        return r;
    if (!absolute)
        deadline = proc_deadline(p, ns);
    r = call_nanosleep(p, deadline, &left);
    if (r == -E_INTR && !absolute && a[3] && put_time(p, a[3], left) < 0)
        r = -E_FAULT;
    return r;
}

int64_t
sys_getrandom(struct proc *p, const uint64_t *a)
{
    uint32_t n = a[1] < RANDOM_MAX ? (uint32_t)a[1] : RANDOM_MAX, done = 0;
    uint8_t chunk[256];

    while (done < n) {
        uint32_t k = n - done < sizeof chunk ? n - done : sizeof chunk;

        host_random(chunk, k);
        if (copy_out(p, gptr(a[0] + done), chunk, k) < 0)
            return -E_FAULT;
        done += k;
    }
    return n;
}

/* ---- ITIMER_REAL ----------------------------------------------------- */

static void
alarm_rings(void *arg)
{
    struct proc *p = arg;
    uint64_t now = host_mono_ns(), next;

    signal_send(p, PITH_SIGALRM);
    if (!p->itimer_interval_ns)
        return;
    /* Ticks that nobody could have taken are not made up for. */
    next = p->itimer.deadline_ns + p->itimer_interval_ns;
    timer_arm(&p->itimer, next > now ? next : now + p->itimer_interval_ns);
}

static struct pith_itimerval
itimer_now(struct proc *p)
{
    uint64_t now = host_mono_ns();
    struct pith_itimerval v = {(int64_t)p->itimer_interval_ns, 0};

    if (p->itimer.armed)
        v.value_ns = p->itimer.deadline_ns > now
                         ? (int64_t)(p->itimer.deadline_ns - now)
                         : 1;
    return v;
}

int64_t
sys_setitimer(struct proc *p, const uint64_t *a)
{
    struct pith_itimerval old = itimer_now(p), v = {0, 0};
    int r = a[0] == 0 ? 0 : -E_INVAL;

    if (r == 0 && a[1])
        r = copy_in(p, &v, gptr(a[1]), sizeof v);
    if (r == 0 && (v.interval_ns < 0 || v.value_ns < 0))
        r = -E_INVAL;
    if (r == 0 && a[2])
        r = copy_out(p, gptr(a[2]), &old, sizeof old);
    if (r < 0 || !a[1])
        return r;
    timer_cancel(&p->itimer);
    /* No busier than every 100 us: signals would leave no time for more. */
    p->itimer_interval_ns = (uint64_t)v.interval_ns;
    if (v.interval_ns && v.interval_ns < 100000)
        p->itimer_interval_ns = 100000;
    p->itimer.fn = alarm_rings;
    p->itimer.arg = p;
    if (v.value_ns)
        timer_arm(&p->itimer, host_mono_ns() + (uint64_t)v.value_ns);
    return 0;
}

int64_t
sys_getitimer(struct proc *p, const uint64_t *a)
{
    struct pith_itimerval v = itimer_now(p);

    if (a[0] != 0)
        return -E_INVAL;
    return copy_out(p, gptr(a[1]), &v, sizeof v);
}
