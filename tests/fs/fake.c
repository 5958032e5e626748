/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A host without threads or tasks, and the little of processes that the file
 * systems ask about. The lock only checks that it is used rightly.
 */
#include "app.h"
#include "broker.h"
#include "fs_test.h"

#include "host.h"
#include "ipc.h"
#include "main.h"
#include "tty.h"

#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

struct proc me;
int signals_sent[PITH_NSIG];
char kernel_hostname[65] = "fake";
static struct proc *current = &me;
static bool locked = true;

void *
host_alloc(size_t bytes)
{
    return calloc(1, bytes ? bytes : 1);
}

void *
host_realloc(void *p, size_t bytes)
{
    return realloc(p, bytes);
}

void
host_free(void *p)
{
    free(p);
}

void
kernel_lock(void)
{
    if (locked)
        abort();
    locked = true;
}

void
kernel_unlock(void)
{
    if (!locked)
        abort();
    locked = false;
}

void
fake_check_lock(void)
{
    if (!locked)
        abort();
}

static uint64_t
clock_ns(clockid_t id)
{
    struct timespec t;

    clock_gettime(id, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t
host_wall_ns(void)
{
    return clock_ns(CLOCK_REALTIME);
}

uint64_t
host_mono_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

uint64_t
host_clock_resolution_ns(void)
{
    return 1;
}

void
host_random(void *out, size_t n)
{
    if (getrandom(out, n, 0) != (ssize_t)n)
        abort();
}

void
host_log(const char *text, size_t n)
{
    fprintf(stderr, "%.*s", (int)n, text);
}

uint32_t
host_cpus(void)
{
    return 1;
}

void
host_memory(uint64_t *total, uint64_t *free_)
{
    *total = *free_ = 1u << 30;
}

bool
host_memory_low(void)
{
    return false;
}

uint64_t
host_heap_used(void)
{
    return 0;
}

int
host_task_create(struct host_task **out, void (*main)(void *), void *arg,
                 size_t stack_bytes)
{
    (void)main;
    (void)arg;
    (void)stack_bytes;
    *out = NULL;
    return -E_AGAIN; /* no tasks here */
}

struct host_task *
host_task_self(void)
{
    return NULL;
}

void **
host_task_local(struct host_task *t)
{
    static void *local;

    (void)t;
    return &local;
}

void
host_task_exit(void)
{
    abort();
}

/* Nobody could wake us: say that a signal came. */
bool
host_task_park(uint64_t deadline_ns)
{
    (void)deadline_ns;
    current->sig.pending |= 1;
    return true;
}

void
host_task_unpark(struct host_task *t)
{
    (void)t;
}

void
host_task_yield(void)
{
}

/* ---- processes ---------------------------------------------------------- */

struct proc *
proc_current(void)
{
    return current;
}

struct proc *
proc_first(void)
{
    return &me;
}

struct proc *
proc_find(int32_t pid)
{
    return pid == me.pid ? &me : NULL;
}

void
proc_grown(struct proc *p)
{
    (void)p;
}

uint32_t
proc_count(void)
{
    return 1;
}

void
signal_send(struct proc *p, int sig)
{
    (void)p;
    signals_sent[sig]++;
}

bool
signal_pending(struct proc *p)
{
    return p->sig.pending != 0;
}

bool
thread_is_main(struct proc *p)
{
    (void)p;
    return true;
}

uint32_t
thread_count(const struct proc *p)
{
    (void)p;
    return 1;
}

void
proc_usage(const struct proc *p, struct pith_rusage *out)
{
    *out = p->usage;
}

uint64_t
tty_rdev(const struct tty *t)
{
    (void)t;
    return 0;
}

uint64_t
engine_memory_size(const struct engine_memory *m)
{
    (void)m;
    return 0;
}

bool
engine_memory_read(struct engine_memory *m, uint64_t from, void *to, size_t n)
{
    (void)m, (void)from, (void)to, (void)n;
    return false;
}

bool
engine_memory_write(struct engine_memory *m, uint64_t to, const void *from,
                    size_t n)
{
    (void)m, (void)from, (void)to, (void)n;
    return false;
}

int
pipe_open_fifo(struct inode *inode, uint32_t flags, struct file **out);
int
pipe_open_fifo(struct inode *inode, uint32_t flags, struct file **out)
{
    static const struct file_ops ops = {.name = "fifo"};

    *out = file_create(&ops, inode, flags, NULL);
    return *out ? 0 : -E_NOMEM;
}

static void
init_process(struct proc *p, int32_t pid)
{
    memset(p, 0, sizeof *p);
    p->pid = p->pgid = pid;
    p->state = PROC_RUNNING;
    p->umask = 022;
    for (int n = 0; n < PITH_RLIMIT_COUNT; n++)
        p->rlimit[n] = (struct pith_rlimit){UINT64_MAX, UINT64_MAX};
    p->grants = grants_create();
    grants_add_all(p->grants);
    fd_table_init(&p->fds);
}

void
fake_init(void)
{
    init_process(&me, 7);
    snprintf(me.name, sizeof me.name, "test");
}

void
become(uint32_t uid, uint32_t gid)
{
    me.cred = (struct cred){uid, uid, uid, gid, gid, gid, 0, {0}};
}

struct proc *
other_process(int32_t pid)
{
    struct proc *p = calloc(1, sizeof *p);

    init_process(p, pid);
    p->cwd = path_ref(me.cwd);
    return p;
}

void
other_finish(struct proc *p)
{
    fd_table_finish(&p->fds, p);
    path_unref(p->cwd);
    grants_unref(p->grants);
    free(p);
}

void
as_process(struct proc *p)
{
    current = p;
}

uint64_t
proc_cpu_ns(const struct proc *p)
{
    return p->cpu_ns;
}

uint32_t
kernel_running(void)
{
    return 1;
}

void
kernel_loads(uint32_t out[3])
{
    out[0] = out[1] = out[2] = 0;
}

/* Nobody has a limit here. */
int
app_charge_disk(struct proc *p, int64_t bytes)
{
    (void)p, (void)bytes;
    return 0;
}

bool
app_disk_limited(const struct proc *p)
{
    (void)p;
    return false;
}

/* Nobody is asked. */
void
broker_note(struct proc *p, const char *line)
{
    (void)p, (void)line;
}

const struct grants *
broker_once(struct proc *p)
{
    (void)p;
    return NULL;
}
