/* SPDX-License-Identifier: Apache-2.0 */
/* System calls on processes, users, limits and the machine. */
#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/times.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include "pith.h"

SYS(exit) ({ pith_exit(a); __builtin_unreachable(); 0L; }) END
SYS(exit_group) ({ pith_exit(a); __builtin_unreachable(); 0L; }) END
SYS(getpid) pith_getpid() END
SYS(gettid) pith_getpid() END
SYS(set_tid_address) pith_getpid() END
SYS(getppid) pith_getppid() END
SYS(getpgid) left(pith_getpgid(a)) END
SYS(setpgid) left(pith_setpgid(a, b)) END
SYS(getsid) left(pith_getsid(a)) END
SYS(setsid) left(pith_setsid()) END
SYS(kill) left(pith_kill(a, b)) END
/* The one thread that there is; musl does not know its number. */
SYS(tkill) left(pith_kill(pith_getpid(), b)) END
SYS(execve) left(pith_exec(P(a), P(b), P(c))) END
SYS(getpriority) left(pith_getpriority(a, b)) END
SYS(setpriority) left(pith_setpriority(a, b, c)) END
SYS(sched_yield) left(pith_sched_yield()) END
SYS(sethostname) left(pith_sethostname(P(a), b)) END
SYS(reboot) left(pith_reboot(c ? c : a)) END
SYS(uname) ({
    struct utsname *u = P(a);
    struct pith_utsname k;
    long r = pith_uname(&k);
    if (r >= 0) {
        memset(u, 0, sizeof *u);
        memcpy(u, &k, sizeof k);
    }
    left(r);
}) END

/* identity */
static uint32_t
res_get(int group, int which)
{
    uint32_t id[3] = {0, 0, 0};
    if (group)
        pith_getresgid(&id[0], &id[1], &id[2]);
    else
        pith_getresuid(&id[0], &id[1], &id[2]);
    return id[which];
}
SYS(getuid) (long)res_get(0, 0) END
SYS(geteuid) (long)res_get(0, 1) END
SYS(getgid) (long)res_get(1, 0) END
SYS(getegid) (long)res_get(1, 1) END
SYS(getresuid) left(pith_getresuid(P(a), P(b), P(c))) END
SYS(getresgid) left(pith_getresgid(P(a), P(b), P(c))) END
SYS(setresuid) left(pith_setresuid(a, b, c)) END
SYS(setresgid) left(pith_setresgid(a, b, c)) END
SYS(setreuid) left(pith_setresuid(a, b, a != -1 || b != -1 ? b : -1)) END
SYS(setregid) left(pith_setresgid(a, b, a != -1 || b != -1 ? b : -1)) END
/* Root sets all three for good; others only the effective one. */
SYS(setuid) left(res_get(0, 1) == 0 ? pith_setresuid(a, a, a)
                                    : pith_setresuid(-1, a, -1)) END
SYS(setgid) left(res_get(0, 1) == 0 ? pith_setresgid(a, a, a)
                                    : pith_setresgid(-1, a, -1)) END
SYS(getgroups) left(pith_getgroups(a, P(b))) END
SYS(setgroups) left(pith_setgroups(a, P(b))) END

/* Takes the place of src/unistd/setxid.c; nr is a function here. */
int
__setxid(int nr, int id, int eid, int sid)
{
    return (int)__syscall_ret((unsigned long)((__sys_fn *)nr)(id, eid, sid, 0,
                                                              0, 0));
}

/* waiting and accounting */
static void
rusage_in(struct rusage *to, const struct pith_rusage *k)
{
    memset(to, 0, sizeof *to);
    to->ru_utime.tv_sec = k->utime_ns / 1000000000;
    to->ru_utime.tv_usec = k->utime_ns % 1000000000 / 1000;
    to->ru_stime.tv_sec = k->stime_ns / 1000000000;
    to->ru_stime.tv_usec = k->stime_ns % 1000000000 / 1000;
    to->ru_maxrss = (long)(k->maxrss / 1024);
    to->ru_nvcsw = (long)k->switches;
    to->ru_inblock = (long)(k->bytes_in / 512);
    to->ru_oublock = (long)(k->bytes_out / 512);
}

/* Used by musl's waitpid; wait4 and getrusage are replaced below, since they
 * would squeeze the times into 32 bits. */
SYS(wait4) left(pith_wait(a, P(b), c, 0)) END

pid_t
wait4(pid_t pid, int *status, int options, struct rusage *usage)
{
    struct pith_rusage k;
    long r = pith_wait(pid, status, options, &k);
    if (r > 0 && usage)
        rusage_in(usage, &k);
    return (pid_t)__syscall_ret((unsigned long)left(r));
}

int
getrusage(int who, struct rusage *usage)
{
    struct pith_rusage k;
    long r = pith_getrusage(who, &k);
    if (r >= 0)
        rusage_in(usage, &k);
    return (int)__syscall_ret((unsigned long)r);
}

int
waitid(idtype_t type, id_t id, siginfo_t *info, int options)
{
    int status = 0;
    int pid = type == P_PID ? (int)id : type == P_PGID ? -(int)id : -1;
    int how = options & (WNOHANG | WCONTINUED);
    long r;
    if (options & WNOWAIT)
        return (int)__syscall_ret((unsigned long)-EINVAL);
    if (options & WSTOPPED)
        how |= WUNTRACED;
    r = left(pith_wait(pid, &status, how, 0));
    if (r < 0)
        return (int)__syscall_ret((unsigned long)r);
    memset(info, 0, sizeof *info);
    if (r == 0)
        return 0;
    info->si_signo = SIGCHLD;
    info->si_pid = (pid_t)r;
    if (WIFEXITED(status)) {
        info->si_code = CLD_EXITED;
        info->si_status = WEXITSTATUS(status);
    } else if (WIFSIGNALED(status)) {
        info->si_code = CLD_KILLED;
        info->si_status = WTERMSIG(status);
    } else if (WIFSTOPPED(status)) {
        info->si_code = CLD_STOPPED;
        info->si_status = WSTOPSIG(status);
    } else {
        info->si_code = CLD_CONTINUED;
        info->si_status = SIGCONT;
    }
    return 0;
}

SYS(times) ({
    struct pith_rusage own = {0}, children = {0};
    struct pith_timespec now = {0, 0};
    struct tms *t = P(a);
    pith_getrusage(RUSAGE_SELF, &own);
    pith_getrusage(RUSAGE_CHILDREN, &children);
    pith_clock_gettime(PITH_CLOCK_MONOTONIC, &now);
    if (t) { /* in ticks of 10 ms, sysconf(_SC_CLK_TCK) = 100 */
        t->tms_utime = (long)(own.utime_ns / 10000000);
        t->tms_stime = (long)(own.stime_ns / 10000000);
        t->tms_cutime = (long)(children.utime_ns / 10000000);
        t->tms_cstime = (long)(children.stime_ns / 10000000);
    }
    (long)(now.sec * 100 + now.nsec / 10000000);
}) END

SYS(prlimit64) ({
    long r = 0;
    if (a && a != pith_getpid())
        r = -EPERM;
    if (r >= 0 && d)
        r = pith_getrlimit(b, P(d));
    if (r >= 0 && c)
        r = pith_setrlimit(b, P(c));
    r;
}) END

SYS(sysinfo) ({
    struct sysinfo *s = P(a);
    struct pith_sysinfo k;
    long r = pith_sysinfo(&k);
    if (r >= 0) {
        memset(s, 0, sizeof *s);
        s->uptime = (unsigned long)(k.uptime_ns / 1000000000);
        for (int i = 0; i < 3; i++)
            s->loads[i] = k.loads[i];
        s->totalram = (unsigned long)(k.total_ram / 1024);
        s->freeram = (unsigned long)(k.free_ram / 1024);
        s->procs = (unsigned short)k.procs;
        s->mem_unit = 1024;
    }
    r;
}) END

/* What Linux offers to threads, for the one that there is. */
SYS(set_robust_list) 0 END
SYS(futex) -EAGAIN END /* nobody else could ever wake us */
SYS(sched_getaffinity) ({
    memset(P(c), 0, (size_t)b);
    *(unsigned char *)P(c) = 1;
    1L;
}) END
SYS(prctl) -EINVAL END
SYS(personality) 0 END
SYS(sched_getscheduler) 0 END
SYS(sched_get_priority_max) 0 END
SYS(sched_get_priority_min) 0 END
SYS(mlock) 0 END
SYS(munlock) 0 END
