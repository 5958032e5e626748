/* SPDX-License-Identifier: Apache-2.0 */
/* The runner and the actors; see ipc_test.h. */
#include "ipc_test.h"

#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "main.h"
#include "posix.h"
#include "proc_internal.h"
#include "tty.h"
#include "unix.h"
#include "vfs.h"

#define SCRATCH 4096u /* of user memory, for ioctl_ */

static const char *case_name = "";
static int passed, failed, skipped;
static bool case_failed, case_skipped;
static char **only;

void
check_failed(const char *file, int line, const char *what, long long got,
             long long want)
{
    printf("FAIL %s\n  %s:%d: %s is %lld", case_name, file, line, what, got);
    if (got < 0)
        printf(" (%s)", pith_errno_name((int)got));
    printf(", want %lld", want);
    if (want < 0)
        printf(" (%s)", pith_errno_name((int)want));
    printf("\n");
    case_failed = true;
}

void
skip(const char *why)
{
    printf("SKIP %s: %s\n", case_name, why);
    case_skipped = true;
}

static void
print_bytes(const char *s, size_t n)
{
    size_t i;

    for (i = 0; i < n && i < 200; i++)
        if (s[i] < 32 || s[i] > 126)
            printf("\\%o", (unsigned char)s[i]);
        else
            putchar(s[i]);
}

void
check_bytes(const char *file, int line, const void *got, long long n,
            const char *want)
{
    size_t len = strlen(want);

    if (n == (long long)len && memcmp(got, want, len) == 0)
        return;
    check_failed(file, line, "bytes", n, (long long)len);
    if (n >= 0) {
        printf("  got:  ");
        print_bytes(got, (size_t)n);
        printf("\n  want: ");
        print_bytes(want, len);
        printf("\n");
    }
}

/* ---- actors ----------------------------------------------------------- */

struct actor {
    struct proc *p;
    int (*fn)(void *arg);
    void *arg;
    jmp_buf end;
    struct actor *next;
};
static struct actor *actors;

static struct actor *
actor_of(struct proc *p)
{
    struct actor *a;

    for (a = actors; a && a->p != p; a = a->next)
        ;
    return a;
}

static void
actor_gone(struct actor *a)
{
    struct actor **at;

    for (at = &actors; *at != a; at = &(*at)->next)
        ;
    *at = a->next;
    free(a);
}

static void
actor_main(void *arg)
{
    struct actor *volatile a = arg;
    struct proc *p = a->p;
    int code;

    *host_task_local(host_task_self()) = &p->main;
    p->main.store = proc_store_create(&p->main);
    p->memory = engine_memory_create(p->main.store, 1, 1, false);
    if (setjmp(a->end) == 0) {
        code = a->fn(a->arg);
        if (!p->dying)
            p->status = (code & 0xff) << 8;
    }
    actor_gone(a);
    proc_finish(p);
    host_task_exit();
}

static struct proc *
start(struct proc *parent, int (*fn)(void *), void *arg)
{
    struct actor *a = calloc(1, sizeof *a);
    struct proc *p;

    if (!a || proc_create(parent, &p) < 0)
        abort();
    a->p = p;
    a->fn = fn;
    a->arg = arg;
    a->next = actors;
    actors = a;
    if (!parent)
        grants_add_all(p->grants);
    if (parent ? fd_table_copy(&p->fds, &parent->fds) < 0
               : fd_table_init(&p->fds) < 0)
        abort();
    if (host_task_create(&p->main.task, actor_main, a, VALUE_STACK) < 0)
        abort();
    proc_begin(p);
    return p;
}

struct proc *
actor_start(int (*fn)(void *arg), void *arg)
{
    return start(ME, fn, arg);
}

int
actor_wait(struct proc *p)
{
    int status = -1;
    int64_t r;

    do
        r = call_wait(ME, p->pid, &status, 0, NULL);
    while (interrupted(r));
    CHECK(r > 0);
    return status;
}

void
pause_ms(uint32_t ms)
{
    uint64_t until = host_mono_ns() + ms * 1000000ull;

    while (host_mono_ns() < until)
        host_task_park(until);
}

void
actor_settle(struct proc *p)
{
    int quiet = 0, tries = 60000;

    while (quiet < 2 && tries--) {
        pause_ms(1);
        quiet = p->state == PROC_BLOCKED || p->state == PROC_TERMINATED
                    ? quiet + 1
                    : 0;
    }
    CHECK(quiet == 2);
}

/* ---- calls ------------------------------------------------------------ */

bool
interrupted(int64_t r)
{
    struct proc *p = ME;
    enum engine_status st;
    bool again;

    if (!atomic_load(&p->attention))
        return false;
    kernel_leave();
    st = proc_leave_call(p, true, &again);
    kernel_lock();
    if (st != ENGINE_OK) {
        struct actor *a = actor_of(p);

        if (!a)
            abort();
        longjmp(a->end, 1);
    }
    return again && r == -E_INTR;
}

int64_t
rd(int fd, void *buf, size_t n)
{
    struct uio_seg seg;
    struct uio u;
    int64_t r;

    do {
        uio_kernel(&u, &seg, buf, n);
        r = call_read(ME, fd, &u);
    } while (interrupted(r));
    return r;
}

/* Kernel memory in a uio is not const, for it may be read into. */
static void
uio_from(struct uio *u, struct uio_seg *seg, const void *buf, size_t n)
{
    union {
        const void *in;
        void *out;
    } p = {buf};

    uio_kernel(u, seg, p.out, n);
}

int64_t
wr(int fd, const void *buf, size_t n)
{
    struct uio_seg seg;
    struct uio u;
    int64_t r;

    do {
        uio_from(&u, &seg, buf, n);
        r = call_write(ME, fd, &u);
    } while (interrupted(r));
    return r;
}

int64_t
wrs(int fd, const char *s)
{
    return wr(fd, s, strlen(s));
}

int64_t
snd(int fd, const void *buf, size_t n, uint32_t flags)
{
    struct uio_seg seg;
    struct uio u;

    uio_from(&u, &seg, buf, n);
    return call_send(ME, fd, &u, flags, NULL);
}

int64_t
rcv(int fd, void *buf, size_t n, uint32_t flags)
{
    struct uio_seg seg;
    struct uio u;

    uio_kernel(&u, &seg, buf, n);
    return call_recv(ME, fd, &u, flags, NULL);
}

int64_t
ioctl_(int fd, uint32_t req, void *arg, size_t n)
{
    int64_t r;

    CHECK(n <= SCRATCH);
    CHECK_EQ(copy_out(ME, gptr(SCRATCH), arg, n), 0);
    do
        r = call_ioctl(ME, fd, req, gptr(SCRATCH));
    while (interrupted(r));
    CHECK_EQ(copy_in(ME, arg, gptr(SCRATCH), n), 0);
    return r;
}

int64_t
ioctl_value(int fd, uint32_t req, uint32_t value)
{
    int64_t r;

    do
        r = call_ioctl(ME, fd, req, gptr(value));
    while (interrupted(r));
    return r;
}

int
open_pty(int *master, uint32_t flags)
{
    int32_t number = -1, locked = 0;
    char name[32];
    int slave;

    *master = open_("/dev/ptmx", PITH_O_RDWR | PITH_O_NOCTTY);
    CHECK(*master >= 0);
    CHECK_EQ(ioctl_(*master, PITH_TIOCGPTN, &number, sizeof number), 0);
    CHECK_EQ(ioctl_(*master, PITH_TIOCSPTLCK, &locked, sizeof locked), 0);
    snprintf(name, sizeof name, "/dev/pts/%d", number);
    slave = open_(name, PITH_O_RDWR | flags);
    CHECK(slave >= 0);
    return slave;
}

int
poll1(int fd, int events, int timeout_ms)
{
    struct pith_pollfd p = {.fd = fd, .events = (int16_t)events};
    uint64_t deadline = HOST_FOREVER;
    int r;

    if (timeout_ms >= 0)
        deadline = host_mono_ns() + (uint64_t)timeout_ms * 1000000;
    r = call_poll(ME, &p, 1, deadline, NULL);
    return r < 0 ? r : p.revents;
}

int
open_(const char *path, uint32_t flags)
{
    int64_t r;

    do
        r = call_open(ME, PITH_AT_FDCWD, path, flags, 0666);
    while (interrupted(r));
    return (int)r;
}

void
nonblock(int fd, bool on)
{
    CHECK_EQ(call_fcntl(ME, fd, PITH_F_SETFL, on ? PITH_O_NONBLOCK : 0), 0);
}

/* ---- the runner ------------------------------------------------------- */

static int
run_case(void *arg)
{
    const struct test_case *c = arg;

    c->run();
    return 0;
}

static void
reap_orphans(void)
{
    struct proc *init = proc_find(1), *p, *next;

    for (p = init->children; p; p = next) {
        next = p->sibling;
        if (p->state == PROC_TERMINATED)
            proc_free(p);
    }
}

static void
compare_counts(const struct ipc_counts *before)
{
    struct ipc_counts now;

    /* The host's sockets go once their watchers have seen it. */
    UNTIL((ipc_counts(&now), now.host_sockets == before->host_sockets));
    CHECK_EQ(now.pipes, before->pipes);
    CHECK_EQ(now.ttys, before->ttys);
    CHECK_EQ(now.ptys, before->ptys);
    CHECK_EQ(now.unix_sockets, before->unix_sockets);
    CHECK_EQ(now.inet_sockets, before->inet_sockets);
    CHECK_EQ(now.files_in_flight, before->files_in_flight);
    CHECK_EQ(now.bytes, before->bytes);
}

static void
run_one(const struct test_case *c)
{
    struct ipc_counts before;
    union {
        const void *in;
        void *out;
    } arg = {c};
    int tries = 10000;
    int32_t pid;

    case_name = c->name;
    case_failed = case_skipped = false;
    ipc_counts(&before);
    pid = start(NULL, run_case, arg.out)->pid;
    while (proc_count() > 1 && tries--) {
        pause_ms(1);
        if (!proc_find(pid)) /* it may look at its orphans until then */
            reap_orphans();
    }
    CHECK_EQ(proc_count(), 1);
    unix_collect();
    compare_counts(&before);
    if (case_failed)
        failed++;
    else if (case_skipped)
        skipped++;
    else
        passed++;
}

static bool
wanted(const char *name)
{
    char **w;

    for (w = only; *w; w++)
        if (strstr(name, *w))
            return true;
    return !*only;
}

static void
boot(void *arg)
{
    static const struct test_case *const all[] = {
        ldisc_cases, pipe_cases, poll_cases, tty_cases,    pty_cases,
        unix_cases,  scm_cases,  inet_cases, hostnet_cases};
    const struct test_case *c;
    struct proc *init;
    struct fs *fs;
    size_t i;

    (void)arg;
    if (kernel_init() < 0 || tmpfs_create(0, &fs) < 0 ||
        vfs_init(fs, "test") < 0 || devfs_create(&fs) < 0 ||
        vfs_mount(NULL, fs, "dev", "/dev", 0, true) < 0 || tty_boot() < 0 ||
        proc_create(NULL, &init) < 0)
        abort();
    for (i = 0; i < sizeof all / sizeof all[0]; i++)
        for (c = all[i]; c->name; c++)
            if (wanted(c->name))
                run_one(c);
    printf("%d passed, %d failed", passed, failed);
    if (skipped)
        printf(", %d skipped", skipped);
    printf("\n");
    fflush(stdout);
    host_halt(failed != 0);
    host_task_exit();
}

/* A case that hangs is a failure. */
static void
hangs(int sig)
{
    static const char text[] = " does not end\n";

    (void)sig;
    (void)!write(1, "FAIL ", 5);
    (void)!write(1, case_name, strlen(case_name));
    (void)!write(1, text, sizeof text - 1);
    _exit(1);
}

int
main(int argc, char **argv)
{
    (void)argc;
    only = argv + 1;
    setvbuf(stdout, NULL, _IOLBF, 0);
    signal(SIGALRM, hangs);
    alarm(600);
    return posix_run(boot, NULL);
}
