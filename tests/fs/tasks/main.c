/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many tasks on one file system at once, on the real scheduler: small caches
 * make loads, commits and evictions of one task fall between the steps of the
 * others. Each task knows what its own files hold; all append to one.
 *
 *     test-fs-tasks [ROUNDS]
 */
#include "call.h"
#include "fs/store.h"
#include "host.h"
#include "hostfs.h"
#include "main.h"
#include "pith_errno.h"
#include "posix.h"
#include "proc.h"
#include "store_sqlite.h"
#include "vfs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TASKS = 12, SIZE = 260000 };

static struct state {
    int rounds, running, failures;
    struct wait_queue done;
    struct file *log;
} all;

struct worker {
    struct proc proc; /* the little of one that calls look at */
    int id;
    unsigned seed;
    size_t size, lines;
    uint8_t mirror[SIZE], buf[SIZE];
};

static void
become_process(struct proc *p)
{
    for (int n = 0; n < PITH_RLIMIT_COUNT; n++)
        p->rlimit[n] = (struct pith_rlimit){UINT64_MAX, UINT64_MAX};
    p->umask = 022;
    p->state = PROC_RUNNING;
    p->grants = grants_create();
    grants_add_all(p->grants);
    p->main.proc = p;
    *host_task_local(host_task_self()) = &p->main;
}

static void
expect(struct worker *w, bool ok, const char *what, int64_t got)
{
    if (ok)
        return;
    printf("FAIL task %d: %s (%lld %s)\n", w->id, what, (long long)got,
           got < 0 ? pith_errno_name((int)got) : "");
    all.failures++;
}

static int64_t
io(struct file *f, bool write, void *data, size_t n, uint64_t at)
{
    struct uio_seg seg;
    struct uio u;

    uio_kernel(&u, &seg, data, n);
    u.offset = at;
    return write ? f->ops->write(f, &u) : f->ops->read(f, &u);
}

static unsigned
roll(struct worker *w, unsigned n)
{
    w->seed = w->seed * 1103515245u + 12345u;
    return (w->seed >> 8) % n;
}

static void
change_own(struct worker *w, struct file *f)
{
    size_t at = roll(w, SIZE - 1);
    size_t n = 1 + roll(w, roll(w, 2) ? 200 : 100000);
    int64_t r;

    if (n > SIZE - at)
        n = SIZE - at;
    if (roll(w, 6) == 0) {
        r = f->ops->truncate(f, at);
        expect(w, r == 0, "truncate", r);
        if (at < w->size)
            memset(w->mirror + at, 0, w->size - at);
        w->size = at;
        return;
    }
    for (size_t k = 0; k < n; k++)
        w->buf[k] = (uint8_t)roll(w, 256);
    r = io(f, true, w->buf, n, at);
    expect(w, r == (int64_t)n, "write", r);
    memcpy(w->mirror + at, w->buf, n);
    if (at + n > w->size)
        w->size = at + n;
}

static void
check_own(struct worker *w, struct file *f)
{
    int64_t r = io(f, false, w->buf, SIZE, 0);

    expect(w, r == (int64_t)w->size, "size", r);
    expect(w, memcmp(w->buf, w->mirror, w->size) == 0, "contents", r);
}

static void
append_line(struct worker *w)
{
    char line[17];
    int64_t r;

    snprintf(line, sizeof line, "task %02d  %06zu\n", w->id, w->lines++);
    r = io(all.log, true, line, 15, 0);
    expect(w, r == 15, "append", r);
}

static struct file *
open_file(struct worker *w, const char *path, uint32_t flags)
{
    struct file *f = NULL;
    int r = vfs_open(NULL, NULL, path, flags, 0644, &f);

    expect(w, r == 0, path, r);
    return f;
}

/* Names that all tasks fight for: any clean answer will do. */
static void
fight(struct worker *w)
{
    char a[64], b[64];
    struct file *f;
    int r;

    snprintf(a, sizeof a, "/s/shared/n%u", roll(w, 5));
    snprintf(b, sizeof b, "/s/shared/n%u", roll(w, 5));
    switch (roll(w, 4)) {
    case 0:
        r = vfs_open(NULL, NULL, a, PITH_O_CREAT | PITH_O_RDWR, 0644, &f);
        if (r == 0) {
            io(f, true, w->buf, 100 + roll(w, 70000), 0);
            file_put(f);
        }
        expect(w, r == 0, "create", r);
        break;
    case 1:
        r = call_unlinkat(&w->proc, PITH_AT_FDCWD, a, 0);
        expect(w, r == 0 || r == -E_NOENT, "unlink", r);
        break;
    case 2:
        r = call_renameat2(&w->proc, PITH_AT_FDCWD, a, PITH_AT_FDCWD, b, 0);
        expect(w, r == 0 || r == -E_NOENT, "rename", r);
        break;
    default:
        r = call_linkat(&w->proc, PITH_AT_FDCWD, a, PITH_AT_FDCWD, b, 0);
        expect(w, r == 0 || r == -E_NOENT || r == -E_EXIST, "link", r);
    }
}

static void
work(void *arg)
{
    struct worker *w = arg;
    char path[64];
    struct file *f;

    become_process(&w->proc);
    snprintf(path, sizeof path, "/s/own%d", w->id);
    f = open_file(w, path, PITH_O_CREAT | PITH_O_RDWR);
    for (int n = 0; f && n < all.rounds; n++) {
        switch (roll(w, 8)) {
        case 0:
        case 1:
            change_own(w, f);
            break;
        case 2:
            check_own(w, f);
            break;
        case 3:
            append_line(w);
            break;
        case 4:
            if (roll(w, 6) == 0) {
                int r = f->ops->fsync(f, false);
                expect(w, r == 0, "fsync", r);
            }
            break;
        case 5: /* away with what is cached of it, perhaps */
            file_put(f);
            f = open_file(w, path, PITH_O_RDWR);
            break;
        default:
            fight(w);
        }
        host_task_yield();
    }
    if (f)
        check_own(w, f);
    file_put(f);
    *host_task_local(host_task_self()) = NULL;
    grants_unref(w->proc.grants);
    all.running--;
    wake(&all.done);
    host_task_exit();
}

/* Every line whole, and as many as were written. */
static void
check_log(struct worker *workers[TASKS])
{
    struct worker *w = workers[0];
    size_t lines = 0, seen[TASKS] = {0};
    char line[16];
    unsigned id, number;

    while (io(all.log, false, line, 15, lines * 15) == 15) {
        line[15] = '\0';
        if (sscanf(line, "task %u %u\n", &id, &number) != 2 || id >= TASKS ||
            number != seen[id]++)
            expect(w, false, "a torn line", (int64_t)lines);
        lines++;
    }
    for (int n = 0; n < TASKS; n++)
        expect(w, seen[n] == workers[n]->lines, "lines", (int64_t)seen[n]);
}

static struct proc boot_proc;

static void
run_tasks(struct fs *fs, const char *name)
{
    struct worker *workers[TASKS];
    struct host_task *t;
    int before = all.failures, r;

    r = vfs_mount(NULL, fs, name, "/s", 0, true);
    if (r == 0)
        r = call_mkdirat(&boot_proc, PITH_AT_FDCWD, "/s/shared", 0755, 0);
    if (r == 0)
        r = vfs_open(NULL, NULL, "/s/log",
                     PITH_O_CREAT | PITH_O_RDWR | PITH_O_APPEND, 0644,
                     &all.log);
    if (r < 0) {
        printf("FAIL %s: %s\n", name, pith_errno_name(r));
        all.failures++;
        return;
    }
    for (int n = 0; n < TASKS; n++) {
        workers[n] = calloc(1, sizeof **workers);
        workers[n]->id = n;
        workers[n]->seed = (unsigned)n * 77 + 1;
        all.running++;
        if (host_task_create(&t, work, workers[n], 0) < 0)
            abort();
    }
    while (all.running > 0)
        wait_on(&all.done, HOST_FOREVER);
    check_log(workers);
    file_put(all.log);
    for (int n = 0; n < TASKS; n++)
        free(workers[n]);
    r = vfs_umount(NULL, "/s", 0);
    if (r < 0) {
        printf("FAIL %s: umount: %s\n", name, pith_errno_name(r));
        all.failures++;
        vfs_umount(NULL, "/s", PITH_MNT_DETACH);
    }
    printf("%s: %s\n", name, all.failures > before ? "failed" : "ok");
}

/* ---- locks that wait ---------------------------------------------------- */

static struct locker {
    struct proc proc;
    int got, second; /* results */
} lockers[2];
static int holding;

static int
lock(struct locker *l, int fd, int64_t at)
{
    struct pith_flock range = {
        .type = PITH_F_WRLCK, .start = at, .len = 1};

    return call_lock(&l->proc, fd, PITH_F_SETLKW, &range);
}

/* Takes its own byte, waits for the other to have its own, wants that too. */
static void
lock_both(void *arg)
{
    struct locker *l = arg;
    int me = (int)(l - lockers), fd;

    become_process(&l->proc);
    l->proc.pid = 100 + me;
    fd = call_open(&l->proc, PITH_AT_FDCWD, "/locks",
                   PITH_O_CREAT | PITH_O_RDWR, 0644);
    l->got = fd < 0 ? fd : lock(l, fd, me);
    holding++;
    while (holding < 2)
        host_task_yield();
    l->second = lock(l, fd, !me);
    fd_table_finish(&l->proc.fds, &l->proc); /* gives all up */
    *host_task_local(host_task_self()) = NULL;
    grants_unref(l->proc.grants);
    all.running--;
    wake(&all.done);
    host_task_exit();
}

static void
deadlock(void)
{
    struct host_task *t;
    bool ok;

    for (int n = 0; n < 2; n++) {
        all.running++;
        if (host_task_create(&t, lock_both, &lockers[n], 0) < 0)
            abort();
    }
    while (all.running > 0)
        wait_on(&all.done, HOST_FOREVER);
    /* One is told; the other gets its lock when the first gives up. */
    ok = lockers[0].got == 0 && lockers[1].got == 0 &&
         lockers[0].second + lockers[1].second == -E_DEADLK;
    if (!ok)
        all.failures++;
    printf("locks: %s\n", ok ? "ok" : "failed");
}

static struct fs *
small_store(const char *path)
{
    struct store_options o = {.cache_bytes = 300000, .dirty_bytes = 500000};
    struct report report = {.text = ""};
    struct store_backend *b;
    struct fs *fs;

    if (store_sqlite_format(path, &report) < 0 ||
        store_sqlite_open(path, NULL, &b, &report) < 0 ||
        store_create(b, &o, &fs) < 0)
        abort();
    return fs;
}

static void
boot(void *arg)
{
    char path[128], command[200];
    struct fs *root, *fs;

    snprintf(path, sizeof path, "%s/disk.pith", (char *)arg);
    become_process(&boot_proc);
    if (kernel_init() < 0 || tmpfs_create(0, &root) < 0 ||
        vfs_init(root, "root") < 0)
        abort();
    deadlock();
    if (tmpfs_create(0, &fs) == 0)
        run_tasks(fs, "tmpfs");
    run_tasks(small_store(path), "store");
    snprintf(path, sizeof path, "%s/host", (char *)arg);
    if (mkdir(path, 0777) == 0 && hostfs_create(path, false, &fs) == 0)
        run_tasks(fs, "hostfs");
    vfs_shutdown();
    snprintf(path, sizeof path, "%s/disk.pith", (char *)arg);
    snprintf(command, sizeof command,
             "test \"$(sqlite3 %s 'PRAGMA integrity_check')\" = ok", path);
    if (system(command) != 0) {
        printf("FAIL store: integrity_check\n");
        all.failures++;
    }
    host_halt(all.failures != 0);
    host_task_exit();
}

int
main(int argc, char **argv)
{
    char dir[64] = "/tmp/pith-fs-tasks-XXXXXX", command[128];
    int code;

    all.rounds = argc > 1 ? atoi(argv[1]) : 400;
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (!mkdtemp(dir))
        return 1;
    code = posix_run(boot, dir);
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    if (system(command) != 0)
        code = 1;
    printf("tasks: %d passed, %d failed\n", code ? 0 : 4, code ? 1 : 0);
    return code;
}
