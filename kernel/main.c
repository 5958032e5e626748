/* SPDX-License-Identifier: Apache-2.0 */
/* Beginning and end of the kernel; see main.h. */
#include "main.h"

#include <string.h>

#include "exec.h"
#include "lib.h"
#include "memory.h"
#include "pith_errno.h"
#include "proc_internal.h"

#define AT_SHUTDOWN_MAX 16
#define GRACE_NS 2000000000u /* for tasks stuck in the host */

char kernel_hostname[65] = "pith";
bool kernel_restart;

static void (*at_shutdown[AT_SHUTDOWN_MAX])(void);
static int nat_shutdown, exit_code;
static bool shutting_down;

int
kernel_init(void)
{
    nat_shutdown = 0;
    shutting_down = false;
    if (memory_limit() == UINT64_MAX)
        memory_limit_set(0);
    return 0;
}

bool
kernel_is_shutting_down(void)
{
    return shutting_down;
}

void
kernel_at_shutdown(void (*fn)(void))
{
    if (nat_shutdown < AT_SHUTDOWN_MAX)
        at_shutdown[nat_shutdown++] = fn;
}

static void
kill_all(void)
{
    struct proc *p;

    for (p = proc_first(); p; p = p->next) {
        proc_disown(p); /* a zombie that nobody would wait for otherwise */
        proc_kill(p, PITH_SIGKILL, NULL);
    }
}

/* Zombies that lost their parent above. */
static void
reap_all(void)
{
    struct proc *p, *next;

    for (p = proc_first(); p; p = next) {
        next = p->next;
        if (p->state == PROC_TERMINATED)
            proc_free(p);
    }
}

static void
shut_down(void *arg)
{
    uint64_t until = host_mono_ns() + GRACE_NS;

    (void)arg;
    kill_all();
    reap_all();
    while (proc_count() && host_mono_ns() < until) {
        wait_on(&proc_all_gone, host_mono_ns() + 20000000);
        reap_all();
    }
    while (nat_shutdown)
        at_shutdown[--nat_shutdown]();
    if (!proc_count())
        exec_cache_flush();
    host_halt(exit_code);
    host_task_exit();
}

void
kernel_shutdown(int code)
{
    struct host_task *t;

    if (shutting_down)
        return;
    shutting_down = true;
    exit_code = code;
    if (host_task_create(&t, shut_down, NULL, 0) < 0)
        host_halt(code); /* no memory for an orderly end */
}
