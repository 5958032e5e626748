/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tasks: each on a Worker of its own for as long as it lives. A task that
 * begins is news for the page, which hands it to an idle Worker; parking is
 * a wait on the task's word. What a task leaves behind when its Worker is taken
 * away in USER mode is cleaned up on another Worker (web.h).
 */
#include <stdatomic.h>
#include <string.h>

#include "pith_errno.h"
#include "web.h"

struct host_task {
    _Atomic uint32_t word; /* counts unparks */
    uint32_t seen;         /* unparks the task knows of */
    void (*main)(void *);
    void *arg;
    void *local;
    struct cpu *cpu; /* NULL: not begun yet, or taken */
    uint64_t since_ns, run_ns, switches;
};

/* Unwinds the kernel's frames, with nobody in between who could catch it. */
IMPORT(end_task) _Noreturn void host_js_end_task(void);

static struct cpu cpus[WEB_CPUS];
static _Thread_local struct cpu *self;
static uint32_t tasks;

struct cpu *
cpu_self(void)
{
    return self;
}

struct cpu *
task_cpu(struct host_task *t)
{
    return t->cpu;
}

const struct cpu *
cpu_at(uint32_t id)
{
    return &cpus[id];
}

bool
task_parked(const struct host_task *t)
{
    return !t->since_ns;
}

struct host_task *
host_task_self(void)
{
    return self ? self->task : NULL;
}

void *
host_task_arg(struct host_task *t)
{
    return t->arg;
}

void **
host_task_local(struct host_task *t)
{
    return &t->local;
}

uint64_t
host_task_cpu_ns(const struct host_task *t)
{
    return t->run_ns + (t->since_ns ? host_mono_ns() - t->since_ns : 0);
}

uint64_t
host_task_switches(const struct host_task *t)
{
    return t->switches;
}

/* The browser's engine has a stack of its own. */
void *
host_task_value_stack(struct host_task *t, size_t *bytes)
{
    (void)t;
    *bytes = 0;
    return NULL;
}

static void
start(struct host_task *t, bool program, uint32_t shared)
{
    web_tell(NEWS_START, (int)(uintptr_t)t, program, (int)shared, "", 0);
}

int
host_task_create(struct host_task **out, void (*main)(void *), void *arg,
                 size_t stack_bytes)
{
    struct host_task *t;

    if (tasks >= WEB_TASKS)
        return -E_AGAIN;
    t = host_alloc(sizeof *t);
    if (!t)
        return -E_NOMEM;
    t->main = main;
    t->arg = arg;
    tasks++;
    *out = t;
    start(t, stack_bytes != 0, self->shared);
    return 0;
}

/* ---- on a Worker ----------------------------------------------------------- */

/* First of all on a new Worker. */
EXPORT(void, cpu_init, uint32_t id)
{
    self = &cpus[id];
    self->id = id;
    self->task = NULL;
    self->store = NULL;
    self->shared = 0;
    self->locks = 0;
    atomic_store(&self->mode, CPU_IDLE);
}

/* Runs the task, as the page's job of this number; does not return but by
 * host_js_end_task or a trap. */
EXPORT(void, task_run, struct host_task *t, uint32_t job)
{
    kernel_lock();
    self->job = job;
    self->gate = WEB_NO_GATE;
    self->task = t;
    self->store = NULL;
    t->cpu = self;
    t->since_ns = host_mono_ns();
    t->switches++;
    atomic_store(&self->mode, CPU_KERNEL);
    t->main(t->arg);
    host_task_exit();
}

/*
 * By the Worker after each task, however it ended. Without the lock: when it
 * has been declared dead, whoever did that may be about to read the task, and
 * is who clears it.
 */
EXPORT(void, cpu_idle, void)
{
    self->store = NULL;
    self->shared = 0;
    atomic_store(&self->mode, CPU_IDLE);
}

/*
 * The browser's stack ran out in the kernel, which shares it with the program
 * that called. 0: it held a lock, and nobody can tell what it left undone.
 * Otherwise it is as if the program itself had gone too deep.
 */
EXPORT(int, cpu_overflowed, void)
{
    if (self->locks)
        return 0;
    atomic_store(&self->mode, CPU_USER);
    return 1;
}

/* Whether it holds a lock: nobody may go on after it, if it cannot itself. */
EXPORT(int, cpu_locks, void)
{
    return self->locks != 0;
}

EXPORT(uint32_t, cpu_mode, void)
{
    return atomic_load(&self->mode);
}

_Noreturn void
host_task_exit(void)
{
    struct host_task *t = self->task;

    self->task = NULL;
    self->store = NULL;
    atomic_store(&self->mode, CPU_IDLE);
    tasks--;
    host_free(t);
    kernel_unlock();
    host_js_end_task();
}

/* A trap: a program's catch_all would catch an exception of JavaScript's. */
_Noreturn void
cpu_gone(void)
{
    __builtin_trap();
}

void
task_take(struct cpu *c, void (*main)(void *))
{
    struct host_task *t = c->task;

    c->task = NULL;
    t->cpu = NULL;
    t->run_ns += host_mono_ns() - t->since_ns;
    t->since_ns = 0;
    t->main = main;
    start(t, false, 0);
    web_tell(NEWS_KILL, (int)c->id, (int)c->job, 0, "", 0);
}

/* ---- parking ------------------------------------------------------------------ */

bool
host_task_park(uint64_t deadline_ns)
{
    struct host_task *t = self->task;
    bool in_time = true;

    if (atomic_load(&t->word) == t->seen) {
        t->run_ns += host_mono_ns() - t->since_ns;
        t->since_ns = 0;
        kernel_unlock();
        in_time = web_wait(&t->word, t->seen, deadline_ns);
        kernel_lock();
        t->since_ns = host_mono_ns();
        t->switches++;
    }
    if (atomic_load(&t->word) != t->seen)
        in_time = true;
    t->seen = atomic_load(&t->word);
    return in_time;
}

void
host_task_unpark(struct host_task *t)
{
    atomic_fetch_add(&t->word, 1);
    if (t != host_task_self())
        web_wake(&t->word, 1);
}

void
host_task_yield(void)
{
    kernel_unlock();
    kernel_lock();
}

/* The browser shares the processors out by itself. */
bool
host_task_tick(void)
{
    return false;
}

bool
host_task_should_yield(void)
{
    return false;
}
