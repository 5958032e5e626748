/* SPDX-License-Identifier: Apache-2.0 */
/* What /proc/<pid> says, in the formats of Linux's proc(5). */
#include "procfs.h"

#include "../app.h"
#include "../proc.h"
#include "../tty.h"
#include "pith_errno.h"

#include <string.h>

#define TICK_NS 10000000u
#define PAGE 4096u

static char
state_letter(const struct proc *p)
{
    if (p->state == PROC_TERMINATED)
        return 'Z';
    if (p->stopped)
        return 'T';
    return p->state == PROC_RUNNING ? 'R' : 'S';
}

static const char *
state_name(char letter)
{
    switch (letter) {
    case 'Z':
        return "zombie";
    case 'T':
        return "stopped";
    case 'R':
        return "running";
    default:
        return "sleeping";
    }
}

/* Only the process itself may look at its memory while it runs. */
static uint64_t
memory_of(const struct proc *p)
{
    if (p == proc_current() && p->memory)
        return engine_memory_size(p->memory);
    return p->state == PROC_TERMINATED ? 0 : p->usage.maxrss;
}

static uint64_t
cpu_of(const struct proc *p)
{
    return proc_cpu_ns(p);
}

static void
add_handled(struct text *t, const struct proc *p)
{
    uint64_t ignored = 0, caught = 0;

    for (int sig = 1; sig < PITH_NSIG; sig++) {
        uint32_t h = p->sig.action[sig].handler;
        if (h == PITH_SIG_IGN)
            ignored |= 1ull << (sig - 1);
        else if (h != PITH_SIG_DFL)
            caught |= 1ull << (sig - 1);
    }
    text_add(t,
             "SigPnd:\t%016llx\nShdPnd:\t%016llx\nSigBlk:\t%016llx\n"
             "SigIgn:\t%016llx\nSigCgt:\t%016llx\n",
             0ull, (unsigned long long)p->sig.pending,
             (unsigned long long)p->sig.blocked, (unsigned long long)ignored,
             (unsigned long long)caught);
}

void
procfs_pid_status(struct text *t, struct proc *p)
{
    const struct cred *c = &p->cred;
    unsigned long long kb = memory_of(p) / 1024;
    char s = state_letter(p);

    text_add(t,
             "Name:\t%s\nUmask:\t%04o\nState:\t%c (%s)\nTgid:\t%d\nPid:\t%d\n"
             "PPid:\t%d\nTracerPid:\t0\n",
             p->name, p->umask, s, state_name(s), p->pid, p->pid,
             p->parent ? p->parent->pid : 0);
    text_add(t, "Uid:\t%u\t%u\t%u\t%u\nGid:\t%u\t%u\t%u\t%u\nFDSize:\t%u\n",
             c->ruid, c->euid, c->suid, c->euid, c->rgid, c->egid, c->sgid,
             c->egid, p->fds.room);
    text_add(t, "Groups:\t");
    for (uint32_t n = 0; n < c->ngroups; n++)
        text_add(t, "%u ", c->groups[n]);
    text_add(t, "\nVmPeak:\t%8llu kB\nVmSize:\t%8llu kB\nVmRSS:\t%8llu kB\n",
             (unsigned long long)(p->usage.maxrss / 1024), kb, kb);
    text_add(t, "Threads:\t%u\n", thread_count(p));
    add_handled(t, p);
    text_add(t, "voluntary_ctxt_switches:\t%llu\n",
             (unsigned long long)p->usage.switches);
    text_add(t, "App:\t%s\n", app_name(p));
}

static int
tty_of(const struct proc *p, int32_t *pgrp)
{
    const struct tty *tty = p->session ? p->session->tty : NULL;

    *pgrp = tty ? tty->pgrp : -1;
    return tty ? (int)tty_rdev(tty) : 0;
}

void
procfs_pid_stat(struct text *t, struct proc *p)
{
    int32_t pgrp;
    int tty = tty_of(p, &pgrp);
    uint64_t size = memory_of(p);

    text_add(t, "%d (%s) %c %d %d %d %d %d 0 0 0 0 0 ", p->pid, p->name,
             state_letter(p), p->parent ? p->parent->pid : 0, p->pgid,
             p->session ? p->session->sid : 0, tty, pgrp);
    /* 14 utime ... 20 threads */
    text_add(t, "%llu %llu %llu %llu %d %d %u 0 ",
             (unsigned long long)(cpu_of(p) / TICK_NS), 0ull,
             (unsigned long long)p->children_usage.utime_ns / TICK_NS,
             (unsigned long long)p->children_usage.stime_ns / TICK_NS,
             20 + p->nice, p->nice, thread_count(p));
    /* 22 starttime, vsize, rss, rsslim; then addresses that mean nothing */
    text_add(t, "%llu %llu %llu %llu 0 0 0 0 0 %llu %llu ",
             (unsigned long long)(p->start_ns / TICK_NS),
             (unsigned long long)size, (unsigned long long)(size / PAGE),
             (unsigned long long)p->rlimit[PITH_RLIMIT_RSS].cur,
             (unsigned long long)(p->sig.pending & 0x7fffffff),
             (unsigned long long)(p->sig.blocked & 0x7fffffff));
    text_add(t, "0 0 0 0 0 17 0 0 0 0 0 0 0 0 0 0 0 0 0 %d\n", p->status);
}

void
procfs_pid_statm(struct text *t, struct proc *p)
{
    unsigned long long pages = memory_of(p) / PAGE;

    text_add(t, "%llu %llu 0 0 0 %llu 0\n", pages, pages, pages);
}

void
procfs_pid_cmdline(struct text *t, struct proc *p)
{
    text_add_bytes(t, p->args, p->args ? p->args_len : 0);
}

void
procfs_pid_environ(struct text *t, struct proc *p)
{
    text_add_bytes(t, p->env, p->env ? p->env_len : 0);
}

void
procfs_pid_comm(struct text *t, struct proc *p)
{
    text_add(t, "%.15s\n", p->name);
}

void
procfs_pid_maps(struct text *t, struct proc *p)
{
    uint64_t size = memory_of(p);

    if (size)
        text_add(t, "%08llx-%08llx rw-p 00000000 00:00 0 %26s\n", 0ull,
                 (unsigned long long)size, "[memory]");
}

static void
add_limit(struct text *t, uint64_t n)
{
    if (n == UINT64_MAX)
        text_add(t, "%-20s ", "unlimited");
    else
        text_add(t, "%-20llu ", (unsigned long long)n);
}

void
procfs_pid_limits(struct text *t, struct proc *p)
{
    static const struct {
        const char *name, *unit;
    } names[PITH_RLIMIT_COUNT] = {
        [PITH_RLIMIT_CPU] = {"Max cpu time", "seconds"},
        [PITH_RLIMIT_FSIZE] = {"Max file size", "bytes"},
        [PITH_RLIMIT_DATA] = {"Max data size", "bytes"},
        [PITH_RLIMIT_STACK] = {"Max stack size", "bytes"},
        [PITH_RLIMIT_CORE] = {"Max core file size", "bytes"},
        [PITH_RLIMIT_RSS] = {"Max resident set", "bytes"},
        [PITH_RLIMIT_NPROC] = {"Max processes", "processes"},
        [PITH_RLIMIT_NOFILE] = {"Max open files", "files"},
        [PITH_RLIMIT_MEMLOCK] = {"Max locked memory", "bytes"},
        [PITH_RLIMIT_AS] = {"Max address space", "bytes"},
    };

    text_add(t, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit",
             "Hard Limit", "Units");
    for (int n = 0; n < PITH_RLIMIT_COUNT; n++) {
        text_add(t, "%-25s ", names[n].name);
        add_limit(t, p->rlimit[n].cur);
        add_limit(t, p->rlimit[n].max);
        text_add(t, "%-10s\n", names[n].unit);
    }
}

void
procfs_pid_grants(struct text *t, struct proc *p)
{
    size_t room = t->room > t->used ? t->room - t->used : 0;

    if (p->grants)
        t->used += grants_format(p->grants, room ? t->out + t->used : NULL,
                                 room);
}

void
procfs_pid_io(struct text *t, struct proc *p)
{
    struct pith_rusage u;

    proc_usage(p, &u);
    text_add(t, "rchar: %llu\nwchar: %llu\nsyscr: %llu\nsyscw: 0\n"
                "read_bytes: %llu\nwrite_bytes: %llu\n",
             (unsigned long long)p->usage.bytes_in,
             (unsigned long long)p->usage.bytes_out,
             (unsigned long long)u.syscalls,
             (unsigned long long)p->usage.bytes_in,
             (unsigned long long)p->usage.bytes_out);
}

size_t
procfs_file_name(struct file *f, char *out, size_t room)
{
    struct pith_stat st = {.ino = 0};
    int r;

    if (f->path) {
        r = vfs_path_name(proc_current(), f->path, out, room);
        if (r == -E_NOENT)
            text_format(out + strlen(out), room - strlen(out), " (deleted)");
        if (r >= 0 || r == -E_NOENT)
            return strlen(out);
    }
    if (f->ops->stat)
        f->ops->stat(f, &st);
    return text_format(out, room, "%s:[%llu]", f->ops->name,
                       (unsigned long long)st.ino);
}
