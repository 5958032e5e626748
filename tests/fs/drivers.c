/* SPDX-License-Identifier: Apache-2.0 */
/* The drivers that the corpus runs on, and cases of single drivers. */
#include "drivers.h"

#include "hostfs.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

char test_dir[64]; /* of the host, for what tests need */

static void
devices(void)
{
    char buf[64] = "x";
    int fd = t_open("/dev/null", PITH_O_RDWR, 0);

    OK(fd);
    IS(t_write(fd, "abc", 3), 3);
    IS(t_read(fd, buf, 8), 0);
    OK(t_close(fd));
    fd = t_open("/dev/zero", PITH_O_RDWR, 0);
    IS(t_read(fd, buf, 8), 8);
    IS(buf[0], 0);
    OK(t_close(fd));
    fd = t_open("/dev/full", PITH_O_RDWR, 0);
    IS(t_write(fd, "x", 1), -E_NOSPC);
    OK(t_close(fd));
    fd = t_open("/dev/urandom", PITH_O_RDONLY, 0);
    IS(t_read(fd, buf, 64), 64);
    CHECK(memcmp(buf, buf + 32, 32) != 0);
    OK(t_close(fd));
    OK(call_mknodat(&me, PITH_AT_FDCWD, "/null", PITH_S_IFCHR | 0666,
                    DEV(1, 3)));
    fd = t_open("/null", PITH_O_RDWR, 0);
    IS(t_write(fd, "abc", 3), 3);
    OK(t_close(fd));
    OK(t_unlink("/null"));
    become(5, 5);
    IS(call_mknodat(&me, PITH_AT_FDCWD, "/null", PITH_S_IFCHR | 0666,
                    DEV(1, 3)),
       -E_PERM);
}

static void
proc_files(void)
{
    static const char *const files[] = {
        "meminfo", "uptime", "mounts", "filesystems", "version", "stat",
        "loadavg", "cpuinfo", "sys/kernel/hostname", "self/status",
        "self/stat", "self/statm", "self/comm", "self/limits", "self/grants",
        "self/io", "7/status", "self/mounts"};
    char path[64], buf[4096];

    for (size_t n = 0; n < sizeof files / sizeof *files; n++) {
        int64_t got;
        int fd;
        snprintf(path, sizeof path, "/proc/%s", files[n]);
        fd = t_open(path, PITH_O_RDONLY, 0);
        OK(fd);
        got = t_read(fd, buf, sizeof buf);
        OK(got);
        CHECK(got > 0 && buf[got - 1] == '\n');
        OK(t_close(fd));
    }
    CHECK(t_is("/proc/self/comm", "test\n"));
    CHECK(t_is("/proc/sys/kernel/hostname", "fake\n"));
    CHECK(strstr(t_list("/proc"), "7 audit cmdline cpuinfo"));
    CHECK(strstr(t_list("/proc/7"), "cmdline comm cwd environ exe fd"));
    IS(t_open("/proc/99/status", PITH_O_RDONLY, 0), -E_NOENT);
    IS(t_open("/proc/new", PITH_O_CREAT | PITH_O_RDWR, 0666), -E_PERM);
    IS(t_mkdir("/proc/d"), -E_PERM);
    IS(t_unlink("/proc/version"), -E_PERM);
}

static void
memfd(void)
{
    char buf[4];
    int fd = call_memfd(&me, "name", 0);

    OK(fd);
    IS(t_write(fd, "mem", 3), 3);
    OK(call_ftruncate(&me, fd, 100));
    IS(t_pread(fd, buf, 3, 0), 3);
    CHECK(memcmp(buf, "mem", 3) == 0);
    OK(t_close(fd));
}

static void
remove_test_dir(void)
{
    char command[128];

    snprintf(command, sizeof command, "rm -rf '%s'", test_dir);
    if (system(command) != 0)
        printf("could not remove %s\n", test_dir);
}

/* ---- hostfs alone ------------------------------------------------------- */

static char *
host_path(const char *name)
{
    static char out[256];

    snprintf(out, sizeof out, "%s/host/%s", test_dir, name);
    return out;
}

static void
host_write(const char *name, const char *text)
{
    int fd = open(host_path(name), O_WRONLY | O_CREAT | O_TRUNC, 0666);

    if (fd < 0 || write(fd, text, strlen(text)) < 0)
        abort();
    close(fd);
}

/* What the host does shows at once. */
static void
host_changes(void)
{
    struct pith_stat st;
    char buf[8];
    int fd;

    IS(t_stat("f", &st), -E_NOENT);
    host_write("f", "one");
    CHECK(t_is("f", "one"));
    fd = t_open("f", PITH_O_RDONLY, 0);
    host_write("f", "longer");
    OK(call_fstat(&me, fd, &st));
    IS(st.size, 6);
    IS(t_read(fd, buf, 8), 6);
    OK(t_close(fd));
    host_write("n", "new");
    unlink(host_path("f"));
    host_write("f", "other file");
    CHECK(t_is("f", "other file"));
    unlink(host_path("f"));
    IS(t_open("f", PITH_O_RDONLY, 0), -E_NOENT);
}

/* Links of the host lead nowhere but inside. */
static void
host_escape(void)
{
    struct pith_stat st;

    IS(symlink("/etc/passwd", host_path("abs")), 0);
    IS(symlink("../../../../../../../../etc/passwd", host_path("up")), 0);
    IS(symlink("/proc/self/root/etc/passwd", host_path("magic")), 0);
    IS(t_stat("abs", &st), -E_NOENT); /* there is no /etc in this Pith */
    IS(t_stat("up", &st), -E_NOENT);
    IS(t_stat("magic", &st), -E_NOENT);
    IS(t_stat("../outside", &st), -E_NOENT);
    OK(t_lstat("abs", &st));
}

/* Devices and FIFOs of the host do nothing, and nobody hangs. */
static void
host_devices(void)
{
    int fd;

    IS(mkfifo(host_path("pipe"), 0666), 0);
    fd = t_open("pipe", PITH_O_RDONLY, 0); /* the fake's FIFO does not block */
    OK(fd);
    OK(t_close(fd));
    if (geteuid() == 0 &&
        mknod(host_path("mem"), S_IFCHR | 0666, (dev_t)0x0103) == 0)
        IS(t_open("mem", PITH_O_RDONLY, 0), -E_ACCES);
}

/* A program must not leave others something that runs as its host's user. */
static void
host_set_ids(void)
{
    struct stat st;

    OK(t_close(t_open("tool", PITH_O_CREAT | PITH_O_RDWR, 06755)));
    IS(stat(host_path("tool"), &st), 0);
    IS(st.st_mode & 07777, 0755);
    OK(t_chmod("tool", 06711));
    IS(stat(host_path("tool"), &st), 0);
    IS(st.st_mode & 07777, 0711);
}

/* More files than descriptors are kept for. */
static void
host_many_open(void)
{
    static int fds[700];
    char name[64];
    struct pith_stat st;

    for (int n = 0; n < 700; n++) {
        snprintf(name, sizeof name, "d%d", n);
        OK(t_mkdir(name));
        snprintf(name, sizeof name, "d%d/f", n);
        fds[n] = t_open(name, PITH_O_CREAT | PITH_O_RDWR, 0666);
        OK(fds[n]);
    }
    for (int n = 0; n < 700; n++) {
        OK(call_fstat(&me, fds[n], &st));
        IS(t_write(fds[n], name, 3), 3);
    }
    for (int n = 0; n < 700; n++) { /* renamed above an fd that was dropped */
        char to[64];
        snprintf(name, sizeof name, "d%d", n);
        snprintf(to, sizeof to, "e%d", n);
        OK(t_rename(name, to));
        OK(call_fchmodat(&me, fds[n], "", 0600, PITH_AT_EMPTY_PATH));
        OK(t_close(fds[n]));
    }
}

static void
host_deep(void)
{
    char buf[4096];

    for (int n = 0; n < 400; n++) {
        OK(t_mkdir("deep"));
        OK(call_chdir(&me, "deep"));
    }
    OK(call_getcwd(&me, buf, sizeof buf));
    for (int n = 0; n < 400; n++) {
        OK(call_chdir(&me, ".."));
        OK(t_rmdir("deep"));
    }
}

static const struct fs_case host_cases[] = {
    {"changes by the host", host_changes, 0},
    {"links of the host", host_escape, 0},
    {"devices and FIFOs of the host", host_devices, 0},
    {"no set-id programs for the host", host_set_ids, 0},
    {"more open files than kept descriptors", host_many_open, 0},
    {"deep directories", host_deep, 0},
    {NULL, NULL, 0},
};

static void
run_hostfs(void)
{
    struct fs *fs;

    if (mkdir(host_path(""), 0777) < 0 ||
        hostfs_create(host_path("."), false, &fs) < 0)
        abort();
    run_corpus("hostfs", fs, geteuid() == 0 ? CAN_CHOWN : 0, host_cases);
}

void
run_drivers(void)
{
    struct fs *fs;

    snprintf(test_dir, sizeof test_dir, "/tmp/pith-fs-XXXXXX");
    if (!mkdtemp(test_dir))
        abort();

    driver_name = "devfs";
    run_case("memory devices", devices);
    driver_name = "procfs";
    run_case("files of /proc", proc_files);
    driver_name = "memfd";
    run_case("memfd", memfd);
    if (tmpfs_create(32u << 20, &fs) == 0)
        run_corpus("tmpfs", fs, CAN_CHOWN | CAN_LIMIT | CAN_SETID, NULL);
    run_hostfs();
    run_store();
    run_seed();
    run_broken();
    remove_test_dir();
}
