/* SPDX-License-Identifier: Apache-2.0 */
/* Process 1 of guest.h. */
#include "guest.h"

#include <ctype.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../abi/pith/termios.h"
#include "call.h"
#include "console.h"
#include "hoststdio.h"
#include "main.h"
#include "pith_errno.h"
#include "posix.h"
#include "proc_internal.h"
#include "tty.h"
#include "vfs.h"

#define SCRATCH 1024u
#define BIG 1000000u

static bool console;

static int64_t
transfer(int fd, void *buf, size_t n, bool write)
{
    struct proc *p = proc_current();
    struct uio_seg seg;
    struct uio u;
    bool again;
    int64_t r;

    do {
        again = false;
        uio_kernel(&u, &seg, buf, n);
        r = write ? call_write(p, fd, &u) : call_read(p, fd, &u);
        if (atomic_load(&p->attention)) {
            enum engine_status st;

            kernel_leave();
            st = proc_leave_call(p, true, &again);
            kernel_lock();
            if (st != ENGINE_OK) {
                proc_finish(p);
                host_task_exit();
            }
        }
    } while (again && r == -E_INTR);
    return r;
}

static void
say(const char *format, long long a, long long b)
{
    char text[128];
    int n = snprintf(text, sizeof text, format, a, b);

    transfer(1, text, (size_t)n, true);
}

static int
ioctl_(int fd, uint32_t req, void *arg, size_t n)
{
    struct proc *p = proc_current();
    int r;

    copy_out(p, gptr(SCRATCH), arg, n);
    r = call_ioctl(p, fd, req, gptr(SCRATCH));
    copy_in(p, arg, gptr(SCRATCH), n);
    return r;
}

static void
say_size(void)
{
    struct pith_winsize w = {0};
    int r = ioctl_(0, PITH_TIOCGWINSZ, &w, sizeof w);

    if (r < 0)
        say("no size %lld\n", r, 0);
    else
        say("size %lldx%lld\n", w.row, w.col);
}

/* Characters one at a time without echo, until a q. */
static void
raw_mode(void)
{
    struct pith_termios old, t;
    char c = 0;

    if (ioctl_(0, PITH_TCGETS, &old, sizeof old) < 0) {
        say("no terminal\n", 0, 0);
        return;
    }
    t = old;
    t.lflag &= ~(uint32_t)(PITH_ICANON | PITH_ECHO | PITH_ISIG);
    t.cc[PITH_VMIN] = 1;
    t.cc[PITH_VTIME] = 0;
    ioctl_(0, PITH_TCSETSW, &t, sizeof t);
    say("raw\n", 0, 0);
    while (c != 'q' && transfer(0, &c, 1, false) == 1)
        say("<%lld>", c, 0);
    ioctl_(0, PITH_TCSETSW, &old, sizeof old);
    say("cooked\n", 0, 0);
}

static void
write_big(void)
{
    char *big = host_alloc(BIG);
    size_t i;

    for (i = 0; i < BIG; i++)
        big[i] = i % 100 == 99 ? '\n' : 'b';
    say("wrote %lld\n", transfer(1, big, BIG, true), 0);
    host_free(big);
}

static void
poll_stdin(void)
{
    struct pith_pollfd p = {.fd = 0, .events = PITH_POLLIN};
    int r;

    say("polling\n", 0, 0);
    r = call_poll(proc_current(), &p, 1, host_mono_ns() + 60000000000u, NULL);
    say("poll %lld %lld\n", r, p.revents);
}

/* False: the end. */
static bool
command(char *line, size_t n)
{
    size_t i;

    if (strncmp(line, "exit ", 5) == 0) {
        proc_current()->status = atoi(line + 5) << 8;
        return false;
    }
    if (strcmp(line, "size\n") == 0)
        say_size();
    else if (strcmp(line, "raw\n") == 0)
        raw_mode();
    else if (strcmp(line, "big\n") == 0)
        write_big();
    else if (strcmp(line, "poll\n") == 0)
        poll_stdin();
    else if (strcmp(line, "crash\n") == 0)
        abort();
    else {
        for (i = 0; i < n; i++)
            line[i] = (char)toupper((unsigned char)line[i]);
        return transfer(1, line, n, true) >= 0;
    }
    return true;
}

static void
guest_main(void *arg)
{
    struct proc *p = arg;
    char line[512];
    size_t used = 0;

    *host_task_local(host_task_self()) = &p->main;
    p->main.store = proc_store_create(&p->main);
    p->memory = engine_memory_create(p->main.store, 1, 1, false);
    say("ready\n", 0, 0);
    for (;;) {
        int64_t r = transfer(0, line + used, sizeof line - 1 - used, false);
        char *end;

        if (r <= 0) {
            say("end of input %lld\n", r, 0);
            break;
        }
        used += (size_t)r;
        line[used] = '\0';
        while ((end = memchr(line, '\n', used)) != NULL) {
            char one[512];
            size_t n = (size_t)(end - line) + 1;

            memcpy(one, line, n);
            one[n] = '\0';
            memmove(line, line + n, used - n + 1);
            used -= n;
            if (!command(one, n))
                goto done;
        }
    }
done:
    proc_finish(p);
    host_task_exit();
}

static int
files(struct proc *p)
{
    struct file *f;
    int i, r = fd_table_init(&p->fds);

    for (i = 0; i < 3 && r >= 0; i++) {
        if (console) {
            r = vfs_open(NULL, NULL, "/dev/console",
                         PITH_O_RDWR | PITH_O_NOCTTY, 0, &f);
        } else {
            f = host_stdio_file(i);
            r = f ? 0 : -E_BADF;
        }
        if (r >= 0)
            r = fd_install(p, f, i, false);
    }
    return r < 0 ? r : 0;
}

static void
boot(void *arg)
{
    struct proc *p;
    struct fs *fs;

    (void)arg;
    if (kernel_init() < 0 || tmpfs_create(0, &fs) < 0 ||
        vfs_init(fs, "test") < 0 || devfs_create(&fs) < 0 ||
        vfs_mount(NULL, fs, "dev", "/dev", 0, true) < 0 || tty_boot() < 0 ||
        (console && posix_console_start() < 0) || proc_create(NULL, &p) < 0)
        abort();
    grants_add_all(p->grants);
    if (files(p) < 0 ||
        host_task_create(&p->main.task, guest_main, p, VALUE_STACK) < 0)
        abort();
    if (console)
        tty_control(tty_console(), p);
    proc_begin(p);
    host_task_exit();
}

int
guest_run(bool on_console)
{
    int code;

    console = on_console;
    code = posix_run(boot, NULL);
    posix_console_stop();
    return code;
}
