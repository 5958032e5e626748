/* SPDX-License-Identifier: Apache-2.0 */
/* The drivers that the corpus runs on, and cases of single drivers. */
#include "drivers.h"

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
    CHECK(strstr(t_list("/proc"), "7 cmdline cpuinfo"));
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

void
run_drivers(void)
{
    struct fs *fs;

    driver_name = "devfs";
    run_case("memory devices", devices);
    driver_name = "procfs";
    run_case("files of /proc", proc_files);
    driver_name = "memfd";
    run_case("memfd", memfd);
    if (tmpfs_create(32u << 20, &fs) == 0)
        run_corpus("tmpfs", fs, CAN_CHOWN | CAN_LIMIT);
}
