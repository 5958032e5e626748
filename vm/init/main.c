/* SPDX-License-Identifier: Apache-2.0 */
/* The first process; see init.h. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "engine.h"
#include "init.h"
#include "main.h"
#include "posix.h"
#include "tty.h"

#define ARGS_MAX 64
#define KERNEL_MEMORY ((uint64_t)16 << 20)

static char *args[ARGS_MAX + 1]; /* of the system to boot */
static int nargs;
static char trouble[256]; /* why it is a recovery shell */
static bool have_root;    /* the place of the disk, if not the disk */
static const char *word;  /* where how it ended is to be said */

void
say(const char *format, ...)
{
    char line[512];
    va_list ap;
    int n;

    va_start(ap, format);
    n = vsnprintf(line, sizeof line, format, ap);
    va_end(ap);
    if (n > 0)
        dprintf(STDERR_FILENO, "pith: %s\r\n", line);
}

/* ---- the clock ---------------------------------------------------------- */

/* With PITH_TIMES=1, how long the machine runs already; under QEMU's -icount
 * that is the number of instructions. */
static void
say_time(const char *what)
{
    struct timespec t;

    if (getenv("PITH_TIMES") && clock_gettime(CLOCK_BOOTTIME, &t) == 0)
        say("%s: %lld us", what,
            (long long)t.tv_sec * 1000000 + t.tv_nsec / 1000);
}

/* A machine whose clock Linux here cannot read is told the time. */
static void
set_clock(void)
{
    const char *text = getenv("PITH_CLOCK");
    struct timespec t = {0};

    if (text)
        t.tv_sec = strtoll(text, NULL, 10);
    if (t.tv_sec > time(NULL) && clock_settime(CLOCK_REALTIME, &t) < 0)
        say("the clock cannot be set: %s", strerror(errno));
}

/* ---- what is known of the programs --------------------------------------- */

/* The whole of a file in memory, for good; NULL: there is none. */
static const void *
map_file(const char *path, size_t *size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    void *map = MAP_FAILED;
    struct stat st;

    if (fd >= 0 && fstat(fd, &st) == 0 && st.st_size > 0) {
        *size = (size_t)st.st_size;
        map = mmap(NULL, *size, PROT_READ, MAP_SHARED, fd, 0);
    }
    if (fd >= 0)
        close(fd);
    return map == MAP_FAILED ? NULL : map;
}

/* Without it the machine starts all the same, more slowly. */
static void
open_ready(void)
{
    size_t size = 0, image_size = 0;
    const void *file = map_file(READY, &size);
    const void *image = map_file(IMAGE, &image_size);

    if (file && image && !engine_ready(file, size, image, image_size))
        say(READY " is damaged, or another PID 1's: it is not used");
}

static void
say_ready(void)
{
    struct engine_ready_stats s = engine_ready_stats();

    if (getenv("PITH_TIMES"))
        say("of %u functions in %u programs known before, %u were ready",
            s.asked, s.modules, s.found);
}

/* The first time that is at the prompt. */
static void
at_prompt(void)
{
    console_at_rest = NULL;
    say_time("the prompt");
    say_ready();
}

/* ---- what to boot ------------------------------------------------------- */

static void
add(const char *arg)
{
    if (nargs < ARGS_MAX)
        args[nargs++] = strdup(arg);
}

/* A share or disk that the command line asks for; false: in trouble. */
static bool
wanted(const char *variable, const char *dir)
{
    const char *what = getenv(variable);

    return mount_named(what, dir, trouble, sizeof trouble);
}

/*
 * Memory that is never a program's: Linux would end the system, one process, if
 * there were none. An eighth, and what code, caches and stacks take anyway.
 */
static uint64_t
reserve(void)
{
    struct sysinfo s;
    uint64_t part;

    if (sysinfo(&s) < 0)
        return 0;
    part = (uint64_t)s.totalram * s.mem_unit / 8 + KERNEL_MEMORY;
    if (part > (uint64_t)s.freeram * s.mem_unit / 2)
        part = (uint64_t)s.freeram * s.mem_unit / 2;
    return part;
}

static void
add_memory(void)
{
    struct sysinfo s;
    char text[24];

    if (sysinfo(&s) < 0)
        return;
    snprintf(text, sizeof text, "%llu",
             (unsigned long long)((uint64_t)s.freeram * s.mem_unit -
                                  reserve()));
    add("--memory");
    add(text);
}

/* A shell; false: a command was to run, and nobody would be there. */
static bool
recover(void)
{
    say("%s", trouble[0] ? trouble : "the system did not start; see above");
    if (getenv("PITH_COMMAND"))
        return false;
    say("this is a recovery shell: it runs from the system image, and nothing "
        "that is written here is kept. To power off: exit");
    nargs = 0;
    add("pith");
    add("--ephemeral");
    add("--image");
    add(IMAGE);
    add_memory();
    if (have_root) {
        say("where the disk lies is shown at /mnt");
        add("--mount");
        add(ROOT_DIR "::/mnt");
    }
    return true;
}

/* What is to run instead of a shell. */
static bool
plan_command(void)
{
    const char *command = getenv("PITH_COMMAND");
    size_t size = 0;

    if (!command)
        return true;
    if (!*command) {
        command = map_file(WORD_DIR "/command", &size);
        if (!command) {
            snprintf(trouble, sizeof trouble, "there is no command to run");
            return false;
        }
        command = strndup(command, size);
    }
    add("-c");
    add(command);
    return true;
}

static bool
plan(void)
{
    nargs = 0;
    add("pith");
    add("--image");
    add(IMAGE);
    add_memory();
    if (getenv("PITH_WORD")) {
        if (!wanted("PITH_WORD", WORD_DIR))
            return false;
        word = WORD_DIR;
    }
    if (!getenv("PITH_ROOT")) {
        add("--ephemeral");
    } else if (strncmp(getenv("PITH_ROOT"), "disk:", 5) == 0) {
        char device[64];

        if (!block_device(getenv("PITH_ROOT") + 5, device, sizeof device,
                          trouble, sizeof trouble))
            return false;
        add("--root");
        add(device);
    } else {
        if (!wanted("PITH_ROOT", ROOT_DIR))
            return false;
        have_root = true;
        word = word ? word : ROOT_DIR;
        add("--root");
        add(ROOT_DIR "/root.pith");
    }
    if (getenv("PITH_DATA")) {
        if (!wanted("PITH_DATA", DATA_DIR))
            return false;
        add("--mount");
        add(DATA_DIR "::/data");
    }
    return plan_command();
}

/* ---- the system, in a child --------------------------------------------- */

struct outcome {
    bool began;   /* its first program ran */
    bool restart; /* rather than power off */
    int code;
};

static void
start_devices(void)
{
    screen_start();
    slots_start();
    net_start();
    resume_start();
}


static _Noreturn void
run_system(int report)
{
    struct outcome o = {0};

    console_control();
    screen_open();
    slots_open();
    cli_boot_devices = start_devices;
    console_at_rest = at_prompt;
    open_ready();
    posix_memory_reserve(reserve() / 2);
    if (!confine()) {
        say("the system cannot be confined: %s", strerror(errno));
        _exit(1);
    }
    o.code = cli_boot(nargs, args);
    o.began = cli_boot_began();
    o.restart = kernel_restart;
    if (write(report, &o, sizeof o) != (ssize_t)sizeof o)
        _exit(1);
    _exit(0);
}

static void
explain(int status)
{
    if (WIFSIGNALED(status))
        snprintf(trouble, sizeof trouble, "the system crashed (%s)",
                 strsignal(WTERMSIG(status)));
}

/* false: it never began, or crashed. */
static bool
boot(struct outcome *o)
{
    int fds[2], status = 0;
    pid_t system, done;
    ssize_t n;

    memset(o, 0, sizeof *o);
    say_time("the system begins");
    if (pipe2(fds, O_CLOEXEC) < 0)
        return false;
    system = fork();
    if (system == 0)
        run_system(fds[1]);
    close(fds[1]);
    if (system < 0)
        snprintf(trouble, sizeof trouble, "no process: %s", strerror(errno));
    while (system > 0) { /* everything that Linux gives to PID 1 is reaped */
        done = wait(&status);
        if (done == system || (done < 0 && errno != EINTR))
            break;
    }
    n = read(fds[0], o, sizeof *o);
    close(fds[0]);
    say_time("the system has ended");
    explain(status);
    return n == (ssize_t)sizeof *o && o->began;
}

/* ---- the end ------------------------------------------------------------ */

/* For whoever started the machine: a code or "restart". */
static void
leave_word(const struct outcome *o)
{
    char text[16], path[64];
    int fd, n;

    n = snprintf(text, sizeof text, "%d\n", o->code);
    if (o->restart)
        n = snprintf(text, sizeof text, "restart\n");
    resume_leave_word(text);
    if (!word)
        return;
    snprintf(path, sizeof path, "%s/ended", word);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0 || write(fd, text, (size_t)n) != n)
        say("%s: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
}

/* The kernel's last words, "Restarting system", belong on no terminal. */
static void
hush(void)
{
    int fd = open("/proc/sys/kernel/printk", O_WRONLY | O_CLOEXEC);

    if (fd < 0 || write(fd, "0", 1) != 1)
        return;
    close(fd);
}

/* A PC without ACPI cannot switch itself off: there a restart is the end, and
 * the machine was told so (-no-reboot). */
static _Noreturn void
power_off(bool restart)
{
#if defined(__x86_64__)
    if (access("/sys/firmware/acpi", F_OK) < 0)
        restart = true;
#endif
    mount_finish();
    console_finish();
    hush();
    reboot(restart ? RB_AUTOBOOT : RB_POWER_OFF);
    for (;;)
        pause();
}

int
main(int argc, char **argv)
{
    struct outcome o = {0};

    if (getpid() != 1)
        return cli_boot(argc, argv); /* to try it without a machine */
    umask(022);
    if (!mount_system()) /* what was said went to the kernel's console */
        power_off(false);
    console_open();
    set_clock();
    say_time("pid 1");
    if (getenv("PITH_NET"))
        check_network();
    resume_listen();
    if (plan() && boot(&o))
        leave_word(&o);
    else if (recover())
        boot(&o);
    power_off(o.restart);
}
