/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each CPU does, for whoever looks at a system that does not answer: read
 * without any lock, by the page, which never waits. So what it says may be half a
 * moment old, or torn; nothing is changed by it.
 *
 *     cpu 7: job 12 kernel, 1 locks, parked, sh (14) wait4
 */
#include <stdatomic.h>

#include "lib.h"
#include "proc.h"
#include "web.h"

#define TEXT (16u << 10)

static void
add_program(struct text *t, const struct cpu *c, struct host_task *task)
{
    const struct thread *thread = *host_task_local(task);

    if (!thread) {
        text_add(t, ", the kernel's own");
        return;
    }
    text_add(t, ", %.31s (%d", thread->proc->name, thread->proc->pid);
    if (thread->tid)
        text_add(t, " thread %d", thread->tid);
    if (c->gate < web_gates_count)
        text_add(t, ") %s", web_gates[c->gate].name);
    else
        text_add(t, ")");
}

static void
add_cpu(struct text *t, const struct cpu *c)
{
    static const char *const modes[] = {"idle", "kernel", "user", "dead"};
    uint32_t mode = atomic_load(&c->mode);
    struct host_task *task = c->task;

    if (mode == CPU_IDLE && !task)
        return;
    text_add(t, "cpu %u: job %u %s", c->id, c->job,
             mode <= CPU_DEAD ? modes[mode] : "?");
    if (c->locks)
        text_add(t, ", %u locks", c->locks);
    if (task && task_parked(task))
        text_add(t, ", parked");
    if (task)
        add_program(t, c, task);
    text_add(t, "\n");
}

/* By the page; valid until the next call. */
EXPORT(const char *, cpus_state, void)
{
    static char text[TEXT];
    struct text t = {text, sizeof text, 0};

    for (uint32_t i = 0; i < WEB_CPUS; i++)
        add_cpu(&t, cpu_at(i));
    return text;
}
