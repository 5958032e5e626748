/* SPDX-License-Identifier: Apache-2.0 */
/* Files that are more than bytes: locks, pipes, mappings, mounts, devices. */
#include <poll.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>

#include "t.h"

static int
lock_tries(int argc, char **argv)
{
    int fd = open("f", O_RDWR);
    struct flock l = {.l_type = F_WRLCK, .l_start = 0, .l_len = 10};

    (void)argc;
    if (strcmp(argv[1], "flock") == 0) {
        CHECK_ERRNO(flock(fd, LOCK_EX | LOCK_NB), EAGAIN);
        CHECK_EQ(flock(fd, LOCK_EX), 0); /* until the parent unlocks */
        return 0;
    }
    CHECK(fcntl(fd, F_SETLK, &l) == -1 &&
          (errno == EAGAIN || errno == EACCES));
    CHECK_EQ(fcntl(fd, F_GETLK, &l), 0);
    CHECK_EQ(l.l_type, F_WRLCK);
    CHECK_EQ(l.l_pid, getppid());
    l = (struct flock){.l_type = F_WRLCK, .l_start = 20, .l_len = 5};
    CHECK_EQ(fcntl(fd, F_SETLK, &l), 0);
    l.l_start = 0;
    CHECK_EQ(fcntl(fd, F_SETLKW, &l), 0);
    return 0;
}

static void
locks(void)
{
    int fd = open("f", O_RDWR | O_CREAT, 0644);
    struct flock l = {.l_type = F_WRLCK, .l_start = 0, .l_len = 10};
    pid_t pid;

    CHECK_EQ(fcntl(fd, F_SETLK, &l), 0);
    pid = role("lock_tries", "fcntl", NULL);
    pause_ms(50);
    until_asleep(pid);
    l.l_type = F_UNLCK;
    CHECK_EQ(fcntl(fd, F_SETLK, &l), 0);
    CHECK_EQ(wait_for(pid), 0);
    CHECK_EQ(flock(fd, LOCK_EX), 0);
    pid = role("lock_tries", "flock", NULL);
    pause_ms(50);
    until_asleep(pid);
    CHECK_EQ(waitpid(pid, NULL, WNOHANG), 0);
    CHECK_EQ(flock(fd, LOCK_UN), 0);
    CHECK_EQ(wait_for(pid), 0);
}

static void
pipes(void)
{
    int p[2];
    static char big[70000];
    char b[4];
    struct pollfd pf;
    ssize_t n;

    CHECK_EQ(pipe(p), 0);
    CHECK_EQ(write(p[1], "abc", 3), 3);
    CHECK_EQ(read(p[0], b, 2), 2);
    CHECK_EQ(read(p[0], b, 4), 1);
    CHECK_ERRNO(lseek(p[0], 0, SEEK_SET), ESPIPE);
    CHECK_ERRNO(pread(p[0], b, 1, 0), ESPIPE);
    CHECK_EQ(fcntl(p[0], F_SETFL, O_NONBLOCK), 0);
    CHECK_ERRNO(read(p[0], b, 1), EAGAIN);
    CHECK_EQ(fcntl(p[1], F_SETFL, O_NONBLOCK), 0);
    n = write(p[1], big, sizeof big);
    CHECK(n >= 4096 && n < (ssize_t)sizeof big);
    CHECK_ERRNO(write(p[1], big, 4096), EAGAIN);
    pf = (struct pollfd){.fd = p[1], .events = POLLOUT};
    CHECK_EQ(poll(&pf, 1, 0), 0);
    pf = (struct pollfd){.fd = p[0], .events = POLLIN};
    CHECK_EQ(poll(&pf, 1, 0), 1);
    close(p[1]);
    while ((n = read(p[0], big, sizeof big)) > 0)
        ;
    CHECK_EQ(n, 0);
    close(p[0]);
    CHECK_EQ(pipe2(p, O_CLOEXEC | O_NONBLOCK), 0);
    CHECK_EQ(fcntl(p[0], F_GETFD), FD_CLOEXEC);
    close(p[0]);
    signal(SIGPIPE, SIG_IGN);
    CHECK_ERRNO(write(p[1], "x", 1), EPIPE);
}

static int
fifo_writer(int argc, char **argv)
{
    int fd = open("fifo", O_WRONLY);

    (void)argc, (void)argv;
    CHECK(fd >= 0);
    CHECK_EQ(write(fd, "through", 7), 7);
    return 0;
}

static void
fifos(void)
{
    char b[16];
    pid_t pid;
    int fd;

    CHECK_EQ(mkfifo("fifo", 0644), 0);
    CHECK_ERRNO(open("fifo", O_WRONLY | O_NONBLOCK), ENXIO);
    pid = role("fifo_writer", NULL);
    fd = open("fifo", O_RDONLY); /* meets the writer */
    CHECK(fd >= 0);
    CHECK_EQ(read(fd, b, sizeof b), 7);
    CHECK_EQ(read(fd, b, sizeof b), 0);
    CHECK_EQ(wait_for(pid), 0);
}

static void
mappings(void)
{
    char *p, *q;
    int fd;

    put_file("f", "mapped text");
    fd = open("f", O_RDWR);
    p = mmap(NULL, 11, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(p != MAP_FAILED);
    CHECK(memcmp(p, "mapped text", 11) == 0);
    memcpy(p, "M", 1);
    CHECK_EQ(msync(p, 11, MS_SYNC), 0);
    CHECK(strcmp(get_file("f"), "Mapped text") == 0);
    memcpy(p + 7, "T", 1);
    CHECK_EQ(munmap(p, 11), 0);
    CHECK(strcmp(get_file("f"), "Mapped Text") == 0);
    p = mmap(NULL, 11, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    CHECK(p != MAP_FAILED);
    p[0] = 'x';
    CHECK_EQ(munmap(p, 11), 0);
    CHECK(strcmp(get_file("f"), "Mapped Text") == 0);
    q = mmap(NULL, 100000, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(q != MAP_FAILED && q[0] == 0 && q[99999] == 0);
    CHECK_EQ(munmap(q, 100000), 0);
    CHECK(mmap(NULL, 10, PROT_READ, MAP_SHARED, 999, 0) == MAP_FAILED &&
          errno == EBADF);
}

static void
memory_files(void)
{
    int fd = memfd_create("name", MFD_CLOEXEC);
    char b[5];

    CHECK(fd >= 0);
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    CHECK_EQ(ftruncate(fd, 10), 0);
    CHECK_EQ(pwrite(fd, "hello", 5, 3), 5);
    CHECK_EQ(pread(fd, b, 5, 3), 5);
    CHECK(memcmp(b, "hello", 5) == 0);
}

static void
file_systems(void)
{
    struct statvfs v;
    int fd = open(".", O_RDONLY);

    CHECK_EQ(statvfs("/", &v), 0);
    CHECK(v.f_bsize > 0 && v.f_namemax >= 255);
    CHECK_EQ(fstatvfs(fd, &v), 0);
    CHECK_EQ(mkdir("m", 0755), 0);
    CHECK_EQ(mount("none", "m", "tmpfs", 0, NULL), 0);
    put_file("m/f", "on it");
    CHECK_ERRNO(rmdir("m"), EBUSY);
    CHECK_ERRNO(rename("m/f", "f"), EXDEV);
    CHECK_ERRNO(link("m/f", "f"), EXDEV);
    fd = open("m/f", O_RDONLY);
    CHECK_ERRNO(umount("m"), EBUSY);
    close(fd);
    CHECK_EQ(umount("m"), 0);
    CHECK_ERRNO(open("m/f", O_RDONLY), ENOENT);
    CHECK_ERRNO(umount("m"), EINVAL);
    CHECK_ERRNO(mount("none", "m", "nosuchfs", 0, NULL), ENODEV);
}

static void
devices(void)
{
    char b[16] = "xxxxxxxxxxxxxxx";
    int fd = open("/dev/null", O_RDWR);
    struct stat st;

    CHECK(fd >= 0);
    CHECK_EQ(write(fd, b, 16), 16);
    CHECK_EQ(read(fd, b, 16), 0);
    CHECK_EQ(fstat(fd, &st), 0);
    CHECK(S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3));
    fd = open("/dev/zero", O_RDONLY);
    CHECK_EQ(read(fd, b, 16), 16);
    CHECK(b[0] == 0 && b[15] == 0);
    fd = open("/dev/full", O_WRONLY);
    CHECK_ERRNO(write(fd, b, 1), ENOSPC);
    fd = open("/dev/urandom", O_RDONLY);
    CHECK_EQ(read(fd, b, 16), 16);
    CHECK(memcmp(b, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16) != 0);
    CHECK_ERRNO(ioctl(open("/dev/null", O_RDONLY), TIOCGWINSZ, b), ENOTTY);
}

static void
proc_files(void)
{
    char path[64];
    const char *text;

    snprintf(path, sizeof path, "/proc/%d/status", getpid());
    text = get_file(path);
    CHECK(strstr(text, "Pid:") && strstr(text, "PPid:"));
    text = get_file("/proc/self/stat");
    CHECK_EQ(atoi(text), getpid());
    text = get_file("/proc/self/cmdline");
    CHECK(strcmp(text, "usertests") == 0);
    CHECK(strtod(get_file("/proc/uptime"), NULL) >= 0);
    CHECK(strstr(get_file("/proc/meminfo"), "MemFree:"));
    CHECK(strstr(get_file("/proc/mounts"), "/proc"));
    CHECK_ERRNO(open("/proc/999999/status", O_RDONLY), ENOENT);
}

const struct test special_tests[] = {
    {"locks", locks, "flock"},
    {"pipes", pipes, "pipe2 poll"},
    {"fifos", fifos, ""},
    {"mappings", mappings, ""},
    {"memory_files", memory_files, "memfd_create"},
    {"file_systems", file_systems, "statfs fstatfs mount umount"},
    {"devices", devices, "ioctl"},
    {"proc_files", proc_files, ""},
    {NULL, NULL, NULL},
};
const struct role special_roles[] = {
    {"lock_tries", lock_tries},
    {"fifo_writer", fifo_writer},
    {NULL, NULL},
};
