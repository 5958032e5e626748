/* SPDX-License-Identifier: Apache-2.0 */
/* The way into the kernel and back; see enter.h. */
#include "enter.h"

#include <stdatomic.h>

#include "app.h"
#include "broker.h"
#include "pith_errno.h"
#include "profile.h"

/* Every so many calls look at the clock: a program that does nothing but system
 * calls reaches the engine's polls too rarely. */
#define CALLS_PER_TICK 64

/* A capability that was revoked, or that never was there (`stub trap`). */
static __attribute__((noinline)) int64_t
not_granted(struct proc *p, const struct abi_row *row)
{
    int64_t r;

    kernel_lock();
    r = cap_check(p, row->cap);
    if (r < 0 && cap_stubbed(p) && !thread_self(p)->wanted) {
        report_set(&p->trouble, 0, "it called %s without `%s`", row->name,
                   cap_name(row->cap));
        proc_kill(p, PITH_SIGABRT, NULL);
    }
    kernel_leave();
    return r;
}

static int64_t
call_body(struct proc *p, const struct abi_row *row, const uint64_t *slots)
{
    int64_t r;

    if (!(atomic_load_explicit(&p->cap_bits, memory_order_relaxed) >> row->cap &
          1)) {
        r = not_granted(p, row);
        if (r < 0)
            return r;
    }
    if (!(row->flags & ABI_LOCK))
        return row->body(p, slots);
    kernel_lock();
    if (p->main.store) /* for others to see, who must not look inside */
        p->usage.maxrss = engine_store_memory_bytes(p->main.store);
    r = row->body(p, slots);
    kernel_leave();
    return r;
}

/* Refused: a person may allow it. */
static __attribute__((noinline)) bool
ask(struct proc *p)
{
    bool again;

    kernel_lock();
    again = broker_ask(p);
    kernel_leave();
    return again;
}

static __attribute__((noinline)) void
forget(struct proc *p)
{
    kernel_lock();
    broker_done(p);
    kernel_leave();
}

/* Signals to see to, or an end; *again: the call is to be made once more. */
static __attribute__((noinline)) enum engine_status
leave(struct proc *p, const struct abi_row *row, int64_t result, bool *again)
{
    enum engine_status st =
        proc_leave_call(p, !(row->flags & ABI_NORESTART), again);

    if (result != -E_INTR)
        *again = false;
    return st;
}

enum engine_status
abi_call(struct proc *p, const struct abi_row *row, const uint64_t *slots,
         int64_t *result)
{
    struct thread *t = thread_self(p);
    enum engine_status st = ENGINE_OK;
    bool again = false, allowed;

    if (t->profile_due)
        profile_poll(t);
    t->deadline_kept = false;
    do {
        t->restarting = again;
        again = false;
        *result = call_body(p, row, slots);
        if (p->traced)
            abi_trace(p, row, slots, *result);
        allowed = *result == -E_NOTCAPABLE && t->wanted && ask(p);
        if (atomic_load_explicit(&p->attention, memory_order_relaxed) ||
            *result == -E_INTR)
            st = leave(p, row, *result, &again);
        again |= allowed && st == ENGINE_OK;
    } while (again);
    if (t->wanted || t->once)
        forget(p);
    if (t->profile_due)
        profile_call(t, row->name);
    if (++t->syscalls % CALLS_PER_TICK == 0) {
        proc_account(p);
        app_throttle(p);
        host_task_tick();
    }
    return st;
}
