/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process's task: make a store, link, run `_start`, and when exec replaced
 * the program do it again; then end.
 *
 *     proc_main: wait until ready
 *       loop: store -> link -> _start ... ENGINE_EXIT + pending_exec -> again
 *       traps become a status, a sentence and a backtrace
 *       proc_finish
 */
#include <stdatomic.h>
#include <string.h>

#include "debug.h"
#include "app.h"
#include "lib.h"
#include "memory.h"
#include "pith_errno.h"
#include "proc_internal.h"
#include "profile.h"

#define TRACE_ROOM 8192u
#define TRACE_FRAMES 40u
#define TRACE_PLACES 8u      /* inlined calls shown of a frame */
#define TRACE_NS 1000000000u /* how long to look for source positions */
#define STACK_LEAST 8192u /* whatever the limit: to begin at all */
#define EXIT_REFUSED 126

struct engine_store *
proc_store_create(struct thread *t)
{
    struct proc *p = t->proc;
    struct engine_config c = {
        .user = p,
        .fuel = p->fuel,
        .poll = proc_poll,
        .share = t == &p->main ? NULL : p->main.store,
        .block = thread_block,
        .wake = thread_wake,
        .light_bytes = memory_light(),
        .take = memory_take,
        .give = memory_give,
        .block_ctx = t,
    };

    c.native_stack = HOST_TASK_STACK;
    if (profile_on())
        c.poll_interval = PROFILE_POLL;
    c.stack = host_task_value_stack(t->task, &c.stack_bytes);
    if (p->rlimit[PITH_RLIMIT_STACK].cur < c.stack_bytes)
        c.stack_bytes = p->rlimit[PITH_RLIMIT_STACK].cur < STACK_LEAST
                            ? STACK_LEAST
                            : (size_t)p->rlimit[PITH_RLIMIT_STACK].cur &
                                  ~(size_t)15;
    if (p->rlimit[PITH_RLIMIT_AS].cur != UINT64_MAX)
        c.memory_bytes = p->rlimit[PITH_RLIMIT_AS].cur;
    return engine_store_create(&c);
}

/* Linear memory only grows, so what it is now is the most it has been. */
void
proc_account(struct proc *p)
{
    uint64_t bytes = engine_store_memory_bytes(thread_self(p)->store);

    if (!thread_others(p) && bytes <= p->usage.maxrss)
        return;
    kernel_lock(); /* ps may be looking */
    if (bytes > p->usage.maxrss)
        p->usage.maxrss = bytes;
    kernel_leave();
}

/* From running code, without the lock. */
enum engine_status
proc_poll(struct engine_store *s, void *user)
{
    struct proc *p = user;
    enum engine_status st = ENGINE_OK;

    (void)s;
    if (thread_self(p)->profile_due)
        profile_poll(thread_self(p));
    proc_account(p);
    memory_watch();
    if (p->rlimit[PITH_RLIMIT_CPU].cur != UINT64_MAX) {
        kernel_lock();
        limits_check(p);
        kernel_leave();
    }
    app_throttle(p);
    if (atomic_load_explicit(&p->attention, memory_order_relaxed))
        st = proc_leave_kernel(p);
    if (st == ENGINE_OK && host_task_tick() &&
        atomic_load_explicit(&p->attention, memory_order_relaxed))
        st = proc_leave_kernel(p);
    if (st == ENGINE_OK && thread_is_main(p) && p->jump_due)
        st = proc_jump(p);
    return st;
}

enum engine_status
proc_exit(struct proc *p, int code)
{
    if (!p->dying) {
        p->dying = true;
        p->status = (code & 0xff) << 8;
    }
    thread_poke_all(p);
    return ENGINE_EXIT;
}

uint64_t
proc_deadline(struct proc *p, uint64_t after_ns)
{
    struct thread *t = thread_self(p);
    uint64_t now;

    if (t->restarting && t->deadline_kept)
        return t->call_deadline_ns;
    now = host_mono_ns();
    t->call_deadline_ns =
        after_ns < HOST_FOREVER - now ? now + after_ns : HOST_FOREVER;
    t->deadline_kept = true;
    return t->call_deadline_ns;
}

/* ---- how it ended ---------------------------------------------------- */

static int
trap_signal(enum engine_status st)
{
    switch (st) {
    case ENGINE_STACK_EXHAUSTED:
        return PITH_SIGSEGV;
    case ENGINE_OUT_OF_FUEL:
        return PITH_SIGXCPU;
    default:
        return PITH_SIGABRT;
    }
}

/* " at FILE:LINE", or nothing. */
static void
line_text(struct text *t, const struct engine_place *p)
{
    if (p->file[0])
        text_add(t, " at %.120s:%u", p->file, p->line);
}

static void
frame_text(struct text *t, uint32_t i, const struct engine_frame *f,
           struct engine_place *places)
{
    struct engine_module *m = engine_instance_module(f->instance);
    uint32_t n = 0;

    if (f->offset && places)
        n = engine_places(m, f->offset, places, TRACE_PLACES);
    text_add(t, "    #%-2u ", i);
    for (uint32_t k = 0; k + 1 < n; k++) {
        text_add(t, "%.120s",
                 places[k].function[0] ? places[k].function : "a function");
        line_text(t, &places[k]);
        text_add(t, ", inlined in\n        ");
    }
    if (f->name)
        text_add(t, "%.120s", f->name);
    else if (n && places[n - 1].function[0])
        text_add(t, "%.120s", places[n - 1].function);
    else
        text_add(t, "function %u", f->func);
    if (n && places[n - 1].file[0]) {
        line_text(t, &places[n - 1]);
        text_add(t, " (0x%x)", f->offset);
    } else if (f->offset) {
        text_add(t, " at 0x%x", f->offset);
    }
    text_add(t, "\n");
}

static bool
same_frame(const struct engine_frame *a, const struct engine_frame *b)
{
    return a->instance == b->instance && a->func == b->func &&
           a->offset == b->offset;
}

/* The frames of the trap, innermost first, as text; a recursion is told by its
 * first frames and its length. */
static char *
backtrace_text(struct engine_store *s)
{
    const struct engine_frame *f;
    uint32_t n = engine_backtrace(s, &f), i, shown = 0;
    char *out = host_alloc(TRACE_ROOM);
    struct engine_place *places = host_alloc(TRACE_PLACES * sizeof *places);
    struct text t = {out, TRACE_ROOM, 0};
    uint64_t end = host_mono_ns() + TRACE_NS;

    if (!out)
        goto out;
    for (i = 0; i < n && shown < TRACE_FRAMES; i++, shown++) {
        uint32_t last = i;

        frame_text(&t, i, &f[i], host_mono_ns() < end ? places : NULL);
        while (last + 1 < n && same_frame(&f[i], &f[last + 1]))
            last++;
        if (last > i + 1) {
            text_add(&t, "    ... the same %u times more\n", last - i);
            i = last;
        }
    }
    if (i < n)
        text_add(&t, "    ... %u more\n", n - i);
out:
    host_free(places);
    return out;
}

void
proc_set_status(struct thread *t, enum engine_status st)
{
    struct proc *p = t->proc;

    if (p->dying)
        return; /* exited, or killed: known already */
    p->dying = true;
    if (st == ENGINE_OK || st == ENGINE_EXIT) {
        p->status = 0;
    } else if (st == ENGINE_UNLINKABLE) {
        p->status = EXIT_REFUSED << 8;
    } else {
        p->status = trap_signal(st);
        p->out_of_time |= st == ENGINE_OUT_OF_FUEL;
        report_set(&p->trouble, 0, "%s", engine_status_text(st));
    }
}

void
proc_trouble(struct proc *p, const char *why)
{
    kernel_lock();
    if (!p->dying)
        report_set(&p->trouble, 0, "%s", why);
    kernel_leave();
}

/*
 * Look at what a trap of t left, before anything else happens; the first one
 * counts, and is what the process dies of. Without the lock: the module's debug
 * information may be large.
 */
void
proc_note_trap(struct thread *t, enum engine_status st)
{
    struct proc *p = t->proc;
    bool first;

    if (st == ENGINE_OK || st == ENGINE_EXIT || st == ENGINE_UNLINKABLE)
        return;
    kernel_lock();
    first = !p->dying;
    proc_set_status(t, st);
    kernel_leave();
    if (!first)
        return;
    p->trap_trace = backtrace_text(t->store);
    if (p->on_trap && st != ENGINE_OUT_OF_FUEL)
        p->on_trap(p, p->on_exit_ctx);
}

/* Nobody but its own standard error tells why a spawned program died. */
static void
tell_trouble(struct proc *p)
{
    struct file *f = fd_get(p, 2);
    char *line;
    size_t n;

    if (f && f->ops->write && p->parent && p->trap_trace &&
        (line = host_alloc(TRACE_ROOM))) {
        struct uio_seg seg;
        struct uio u;

        n = text_format(line, TRACE_ROOM, "%s: trap: %s\n%s", p->name,
                        p->trouble.text, p->trap_trace);
        uio_kernel(&u, &seg, line, n < TRACE_ROOM ? n : TRACE_ROOM - 1);
        u.offset = f->offset;
        f->ops->write(f, &u);
        host_free(line);
    }
    file_put(f);
}

/* ---- running --------------------------------------------------------- */

static enum engine_status
call_export(struct proc *p, const char *name)
{
    const struct engine_functype *t;
    struct engine_extern e;
    char why[100];

    if (!engine_instance_export(p->main.instance, name, strlen(name), &e) ||
        e.kind != ENGINE_FUNC) {
        text_format(why, sizeof why, "no function %s is exported: a library?",
                    name);
        proc_trouble(p, why);
        return ENGINE_UNLINKABLE;
    }
    t = engine_func_type(e.func);
    if (t->nparams || t->nresults) {
        text_format(why, sizeof why, "%s must take and return nothing", name);
        proc_trouble(p, why);
        return ENGINE_UNLINKABLE;
    }
    return engine_call(p->main.store, e.func, NULL, NULL);
}

/* A store for the image, with the image in it. Lock held, and again after. */
static enum engine_status
make_store(struct proc *p)
{
    enum engine_status st;

    p->main.store = proc_store_create(&p->main);
    if (!p->main.store) {
        report_set(&p->trouble, 0, "%s", pith_errno_text(E_NOMEM));
        return ENGINE_UNLINKABLE;
    }
    kernel_leave();
    st = exec_link(&p->main, NULL);
    kernel_lock();
    return st;
}

/* Lock held; released while the program runs. */
static enum engine_status
run_image(struct proc *p)
{
    enum engine_status st;
    int r;

    if (p->dying)
        return ENGINE_EXIT;
    if (p->forked) {
        p->forked = false;
        kernel_leave();
        st = call_export(p, "__pith_fork_child");
        proc_note_trap(&p->main, st);
        kernel_lock();
        return st;
    }
    r = abi_attach(p, p->image->module);
    if (r < 0) {
        report_set(&p->trouble, 0, "%s", pith_errno_text(r));
        return ENGINE_UNLINKABLE;
    }
    st = make_store(p);
    for (r = 0; r < RELIEFS && st == ENGINE_NO_MEMORY && !p->dying &&
                memory_relieve(p); r++) {
        proc_drop_store(p);
        st = make_store(p);
    }
    kernel_leave();
    if (st == ENGINE_OK) {
        proc_account(p);
        st = call_export(p, "_start");
    }
    proc_note_trap(&p->main, st);
    kernel_lock();
    return st;
}

/* The store goes; nobody may interrupt it any more. Lock held. */
void
proc_drop_store(struct proc *p)
{
    struct engine_store *s = p->main.store;

    if (!s)
        return;
    /* A program that execs does not get its fuel back. 0 would be no limit. */
    if (p->fuel != UINT64_MAX) {
        uint64_t used = engine_store_fuel_used(s);

        p->fuel = used < p->fuel ? p->fuel - used : 1;
    }
    p->main.store = NULL;
    p->main.instance = NULL;
    p->memory = NULL;
    host_free(p->imported);
    p->imported = NULL;
    kernel_leave();
    engine_store_destroy(s);
    kernel_lock();
}

void
proc_set_args(struct proc *p, struct exec_args *a)
{
    host_free(p->args);
    host_free(p->env);
    host_free(p->exe);
    p->args = a->args;
    p->args_len = a->args_len;
    p->argc = a->argc;
    p->env = a->env;
    p->env_len = a->env_len;
    p->envc = a->envc;
    p->exe = a->exe;
    text_format(p->name, sizeof p->name, "%s",
                a->name[0] ? a->name : text_basename(a->argc ? a->args : "?"));
    *a = (struct exec_args){0};
}

/* exec() asked for another program: become it. */
static void
replace_image(struct proc *p)
{
    proc_drop_store(p);
    exec_image_unref(p->image);
    p->image = p->pending_exec;
    p->pending_exec = NULL;
    proc_set_args(p, p->pending_args);
    host_free(p->pending_args);
    p->pending_args = NULL;
    fd_table_close_on_exec(&p->fds, p);
    signal_reset_for_exec(p);
}

void
proc_main(void *arg)
{
    struct proc *p = arg;
    enum engine_status st;

    *host_task_local(host_task_self()) = &p->main;
    while (!p->ready)
        host_task_park(HOST_FOREVER);
    profile_begin(&p->main);
    for (;;) {
        st = run_image(p);
        if (p->pending_exec && !p->dying)
            thread_join_all(p);
        if (!p->pending_exec || p->dying)
            break;
        replace_image(p);
    }
    proc_set_status(&p->main, st);
    thread_poke_all(p);
    thread_join_all(p);
    tell_trouble(p);
    proc_finish(p);
    host_task_exit();
}

void
proc_taken(void *arg)
{
    struct proc *p = arg;

    if (!p->dying) {
        int sig = signal_fatal(p);

        p->dying = true;
        p->status = sig ? sig : PITH_SIGKILL;
    }
    thread_poke_all(p);
    thread_join_all(p);
    proc_finish(p);
    host_task_exit();
}

void (*proc_watch)(const struct proc *p);

void
proc_begin(struct proc *p)
{
    p->ready = true;
    p->state = PROC_RUNNING;
    limits_arm(p);
    if (proc_watch)
        proc_watch(p);
    host_task_unpark(p->main.task);
}
