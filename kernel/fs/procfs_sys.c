/* SPDX-License-Identifier: Apache-2.0 */
/* What /proc says about the system. */
#include "procfs.h"
#include "../audit.h"
#include "../main.h"

#include "../ipc.h"
#include "../memory.h"
#include "../proc.h"

#include <string.h>

#define TICK_NS 10000000u /* a clock tick: 1/100 s, as Linux's USER_HZ */

void
procfs_meminfo(struct text *t, struct proc *p)
{
    uint64_t total, free_bytes, cached = 0;
    struct ipc_counts ipc;

    (void)p;
    host_memory(&total, &free_bytes);
    ipc_counts(&ipc);
    for (const struct mount *m = mount_first(); m; m = m->next) {
        struct pith_statfs s = {.bsize = 4096};
        if (strcmp(m->fs->type_name, "tmpfs") == 0 &&
            m->fs->ops->statfs(m->fs, &s) == 0)
            cached += (s.blocks - s.bfree) * s.bsize;
    }
    text_add(t,
             "MemTotal:       %8llu kB\nMemFree:        %8llu kB\n"
             "MemAvailable:   %8llu kB\nBuffers:        %8llu kB\n"
             "Cached:         %8llu kB\nSwapCached:     %8u kB\n"
             "SwapTotal:      %8u kB\nSwapFree:       %8u kB\n"
             "Shmem:          %8llu kB\nSReclaimable:   %8u kB\n"
             "CommitLimit:    %8llu kB\nCommitted_AS:   %8llu kB\n",
             (unsigned long long)(total / 1024),
             (unsigned long long)(free_bytes / 1024),
             (unsigned long long)(free_bytes / 1024),
             (unsigned long long)(ipc.bytes / 1024),
             (unsigned long long)(cached / 1024), 0u, 0u, 0u,
             (unsigned long long)(cached / 1024), 0u,
             (unsigned long long)(memory_limit() / 1024),
             (unsigned long long)(memory_used() / 1024));
}

/* How much of everything there is: what is counted to find leaks. */
void
procfs_objects(struct text *t, struct proc *p)
{
    uint32_t threads = 0;
    uint64_t cached = 0;
    struct ipc_counts n;

    (void)p;
    ipc_counts(&n);
    for (const struct mount *m = mount_first(); m; m = m->next)
        cached += m->fs->cached;
    for (const struct proc *q = proc_first(); q; q = q->next)
        for (const struct thread *h = &q->main; h; h = h->next)
            threads++;
    text_add(t,
             "processes %u\nthreads %u\napps %u\nfiles %u\npipes %u\n"
             "terminals %u\nsockets %u\nmessages %u\nin_flight %u\n"
             "buffer_bytes %llu\nheap_bytes %llu\ncached_bytes %llu\n",
             proc_count(), threads, n.apps, n.files, n.pipes, n.ttys + n.ptys,
             n.unix_sockets + n.inet_sockets + n.host_sockets, n.messages,
             n.files_in_flight, (unsigned long long)n.bytes,
             (unsigned long long)host_heap_used(),
             (unsigned long long)cached);
}

static uint64_t
cpu_of(const struct proc *p)
{
    return proc_cpu_ns(p);
}

/* Everything that ran, ended processes included: they are in their parents'
 * children_usage. */
static uint64_t
cpu_total(void)
{
    static uint64_t seen; /* never tell less than before */
    uint64_t ns = 0;

    for (const struct proc *p = proc_first(); p; p = p->next)
        ns += cpu_of(p) + (uint64_t)p->children_usage.utime_ns +
              (uint64_t)p->children_usage.stime_ns;
    if (ns > seen)
        seen = ns;
    return seen;
}

static uint64_t
idle_ns(void)
{
    uint64_t all = host_mono_ns() * host_cpus(), busy = cpu_total();

    return all > busy ? all - busy : 0;
}

static void
add_seconds(struct text *t, uint64_t ns)
{
    text_add(t, "%llu.%02u", (unsigned long long)(ns / 1000000000),
             (unsigned)(ns / TICK_NS % 100));
}

void
procfs_uptime(struct text *t, struct proc *p)
{
    (void)p;
    add_seconds(t, host_mono_ns());
    text_add(t, " ");
    add_seconds(t, idle_ns());
    text_add(t, "\n");
}

static int32_t
last_pid(void)
{
    int32_t pid = 0;

    for (const struct proc *p = proc_first(); p; p = p->next)
        pid = p->pid;
    return pid;
}

void
procfs_stat(struct text *t, struct proc *p)
{
    uint64_t busy = cpu_total() / TICK_NS, idle = idle_ns() / TICK_NS;
    uint32_t cpus = host_cpus();

    (void)p;
    text_add(t, "cpu  %llu 0 0 %llu 0 0 0 0 0 0\n", (unsigned long long)busy,
             (unsigned long long)idle);
    for (uint32_t n = 0; n < cpus; n++)
        text_add(t, "cpu%u %llu 0 0 %llu 0 0 0 0 0 0\n", n,
                 (unsigned long long)(busy / cpus),
                 (unsigned long long)(idle / cpus));
    text_add(t, "btime %llu\nprocesses %d\nprocs_running %u\n"
                "procs_blocked 0\n",
             (unsigned long long)((host_wall_ns() - host_mono_ns()) /
                                  1000000000),
             last_pid(), kernel_running());
}

void
procfs_loadavg(struct text *t, struct proc *p)
{
    uint32_t load[3];

    (void)p;
    kernel_loads(load);
    for (int k = 0; k < 3; k++)
        text_add(t, "%u.%02u ", load[k] >> 16,
                 (load[k] & 65535) * 100 >> 16);
    text_add(t, "%u/%u %d\n", kernel_running(), proc_count(), last_pid());
}

/* Octal escapes for what would break a line of /proc/mounts. */
static void
add_escaped(struct text *t, const char *s)
{
    for (; *s; s++) {
        if (*s == ' ' || *s == '\t' || *s == '\n' || *s == '\\')
            text_add(t, "\\%03o", (unsigned)(uint8_t)*s);
        else
            text_add_bytes(t, s, 1);
    }
}

void
procfs_mounts(struct text *t, struct proc *p)
{
    static char name[PITH_PATH_MAX]; /* used at once, under the lock */

    for (const struct mount *m = mount_first(); m; m = m->next) {
        bool ro = (m->flags & PITH_MS_RDONLY) || (m->fs->flags & FS_READONLY);
        if (vfs_path_name(p, m->root, name, sizeof name) < 0)
            continue;
        add_escaped(t, m->source);
        text_add(t, " ");
        add_escaped(t, name);
        text_add(t, " %s %s%s 0 0\n", m->fs->type_name, ro ? "ro" : "rw",
                 m->fs->flags & FS_NODEV ? ",nodev" : "");
    }
}

void
procfs_filesystems(struct text *t, struct proc *p)
{
    (void)p;
    for (const struct fs_type *f = fs_type_first(); f; f = f->next)
        text_add(t, "%s\t%s\n", f->nodev ? "nodev" : "", f->name);
}

void
procfs_version(struct text *t, struct proc *p)
{
    (void)p;
    text_add(t, "Pith version " KERNEL_RELEASE " (wasm32)\n");
}

void
procfs_cpuinfo(struct text *t, struct proc *p)
{
    (void)p;
    for (uint32_t n = 0; n < host_cpus(); n++)
        text_add(t,
                 "processor\t: %u\nvendor_id\t: Pith\n"
                 "model name\t: WebAssembly\n\n",
                 n);
}

void
procfs_devices(struct text *t, struct proc *p)
{
    (void)p;
    text_add(t, "Character devices:\n  1 mem\n  4 tty\n  5 /dev/tty\n"
                "136 pts\n\nBlock devices:\n");
}

void
procfs_cmdline_boot(struct text *t, struct proc *p)
{
    (void)p;
    text_add(t, "\n");
}

void
procfs_hostname(struct text *t, struct proc *p)
{
    (void)p;
    text_add(t, "%s\n", kernel_hostname);
}

void
procfs_ostype(struct text *t, struct proc *p)
{
    (void)p;
    text_add(t, "Pith\n");
}

void
procfs_osrelease(struct text *t, struct proc *p)
{
    (void)p;
    text_add(t, KERNEL_RELEASE "\n");
}

void
procfs_pid_max(struct text *t, struct proc *p)
{
    (void)p;
    text_add(t, "99999\n");
}

void
procfs_kernel_version(struct text *t, struct proc *p)
{
    (void)p;
    text_add(t, "#1 SMP\n");
}

/* For those who control the system only: it tells what others tried. */
void
procfs_audit(struct text *t, struct proc *p)
{
    const struct proc *me = proc_current();

    (void)p;
    if (!me || (cap_has(me->grants, CAP_SHELL) && me->cred.euid == 0))
        audit_text(t);
}
