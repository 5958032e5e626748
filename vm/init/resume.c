/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A machine that was saved at its prompt and goes on elsewhere, later, and more
 * than once; see init.h. Whoever starts it again (vm/snapshot.sh) says through a
 * virtio serial port what is different now, a line each:
 *
 *     clock SECONDS     the time
 *     random HEX        so that no two of them have the same random numbers
 *     size ROWSxCOLUMNS of the terminal
 *     data TAG          show that share at /data: one that is mounted while a
 *                       machine is saved cannot be saved
 *     go                that is all
 *
 * Before it is saved it is told `save`; it makes itself small and answers `ready`.
 *
 * A process of PID 1 hears it and does what the system may not; a task of the
 * system then mounts /data inside. How the system ended goes the other way.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/random.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "host.h"
#include "hostfs.h"
#include "init.h"
#include "lib.h"
#include "main.h"
#include "pith_errno.h"
#include "posix.h"
#include "vfs.h"

#define PORTS "/sys/class/virtio-ports"
#define PORT_NAME "pith.resume\n"
#define PORT_WAIT_MS 60000 /* of a busy computer; else it is there at once */
#define SEED_MAX 64

static pid_t listener;
static int told = -1; /* in the system: /data is there */

/* ---- in the process of PID 1 -------------------------------------------- */

/* The port with our name, if the device has announced it already. */
static int
find_port(void)
{
    DIR *d = opendir(PORTS);
    int fd = -1;

    for (struct dirent *e; d && fd < 0 && (e = readdir(d));) {
        char path[300], name[32] = "";
        int f;

        snprintf(path, sizeof path, PORTS "/%s/name", e->d_name);
        f = open(path, O_RDONLY | O_CLOEXEC);
        if (f >= 0 && read(f, name, sizeof name - 1) > 0 &&
            strcmp(name, PORT_NAME) == 0) {
            snprintf(path, sizeof path, "/dev/%s", e->d_name);
            fd = open(path, O_RDWR | O_CLOEXEC);
        }
        if (f >= 0)
            close(f);
    }
    if (d)
        closedir(d);
    return fd;
}

static int
open_port(void)
{
    int fd;

    for (int ms = 0; (fd = find_port()) < 0 && ms < PORT_WAIT_MS; ms += 10)
        usleep(10000);
    return fd;
}

static void
set_time(const char *text)
{
    struct timespec t = {.tv_sec = strtoll(text, NULL, 10)};

    if (t.tv_sec <= 0 || clock_settime(CLOCK_REALTIME, &t) < 0)
        say("the clock cannot be set to %s: %s", text, strerror(errno));
}

static void
stir(const char *hex)
{
    struct { /* struct rand_pool_info */
        int entropy_count, buf_size;
        unsigned char bytes[SEED_MAX];
    } seed = {0};
    int n = 0, fd = open("/dev/urandom", O_WRONLY | O_CLOEXEC);

    for (; n < SEED_MAX && hex[2 * n] && hex[2 * n + 1]; n++) {
        char byte[3] = {hex[2 * n], hex[2 * n + 1], 0};

        seed.bytes[n] = (unsigned char)strtoul(byte, NULL, 16);
    }
    seed.buf_size = n;
    seed.entropy_count = n * 8;
    if (fd < 0 || ioctl(fd, RNDADDENTROPY, &seed) < 0 ||
        ioctl(fd, RNDRESEEDCRNG) < 0)
        say("random numbers may repeat those of the saved machine: %s",
            strerror(errno));
    if (fd >= 0)
        close(fd);
}

/* What was freed is still in memory; zeros are not saved. */
static void
make_small(int port)
{
    struct sysinfo info;
    size_t n = sysinfo(&info) < 0 ? 0 : info.freeram / 16 * 15;
    char *all = n ? mmap(NULL, n, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
                  : MAP_FAILED;

    if (all != MAP_FAILED) { /* Linux clears each page that is touched */
        for (size_t i = 0; i < n; i += 4096)
            ((volatile char *)all)[i] = 0;
        munmap(all, n);
    }
    if (write(port, "ready\n", 6) != 6)
        say("the machine cannot say that it is ready: %s", strerror(errno));
}

static void
show_data(const char *tag, int tell)
{
    char what[64], why[256];

    snprintf(what, sizeof what, "9p:%s", tag);
    if (!mount_named(what, DATA_DIR, why, sizeof why))
        say("there is no /data: %s", why);
    else if (write(tell, "d", 1) != 1)
        say("there is no /data: %s", strerror(errno));
}

static void
obey(const char *line, int tell)
{
    struct winsize w;

    if (strncmp(line, "clock ", 6) == 0)
        set_time(line + 6);
    else if (strncmp(line, "random ", 7) == 0)
        stir(line + 7);
    else if (strncmp(line, "data ", 5) == 0)
        show_data(line + 5, tell);
    else if (strncmp(line, "size ", 5) == 0) {
        w = read_size(line + 5);
        ioctl(0, TIOCSWINSZ, &w);
    }
}

static _Noreturn void
listen_port(int tell)
{
    char line[512];
    size_t n = 0;
    int fd = open_port();

    if (fd < 0) {
        say("this machine has no port to be told by that it goes on; try: "
            "./run vm --snapshot");
        _exit(1);
    }
    for (;;) {
        ssize_t k = read(fd, line + n, 1);

        if (k == 0) /* nobody is there yet */
            usleep(10000);
        if (k < 0 && errno != EINTR)
            _exit(1);
        if (k <= 0)
            continue;
        if (line[n] != '\n') {
            n += n + 2 < sizeof line; /* what is too long is cut */
            continue;
        }
        line[n] = 0;
        n = 0;
        if (strcmp(line, "go") == 0)
            _exit(0);
        if (strcmp(line, "save") == 0)
            make_small(fd);
        obey(line, tell);
    }
}

/* ---- in PID 1 ----------------------------------------------------------- */

void
resume_listen(void)
{
    int fds[2];

    if (!getenv("PITH_RESUME") || pipe2(fds, O_CLOEXEC) < 0)
        return;
    listener = fork();
    if (listener == 0) {
        close(fds[0]);
        listen_port(fds[1]);
    }
    close(fds[1]);
    told = fds[0];
}

void
resume_leave_word(const char *text)
{
    int fd;

    if (listener <= 0)
        return;
    kill(listener, SIGKILL); /* the port is for one */
    waitpid(listener, NULL, 0);
    fd = find_port();
    if (fd < 0 || write(fd, text, strlen(text)) < 0)
        say("how it ended cannot be said: %s", strerror(errno));
    if (fd >= 0)
        close(fd);
    umount_late(DATA_DIR);
}

/* ---- in the system ------------------------------------------------------ */

static void
data_task(void *arg)
{
    struct fs *fs;
    char byte;
    int r;

    (void)arg;
    do {
        r = posix_fd_wait(told, POLLIN, HOST_FOREVER);
    } while (r == -E_INTR);
    if (r >= 0 && read(told, &byte, 1) == 1) { /* else its end: nothing came */
        r = hostfs_create(DATA_DIR, false, &fs);
        if (r >= 0)
            r = vfs_mount(NULL, fs, DATA_DIR, "/data", 0, true);
        if (r < 0)
            kernel_log("/data: %s", pith_errno_text(r));
    }
    posix_fd_forget(told);
    close(told);
    host_task_exit();
}

void
resume_start(void)
{
    struct host_task *task;

    if (told >= 0 && host_task_create(&task, data_task, NULL, 0) < 0)
        kernel_log("/data: there is no memory to wait for it");
}
