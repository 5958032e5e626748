/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /sbin/init, the first process.
 *
 *     init                 hostname, /etc/rc, then a login shell on the
 *                          console; when the shell ends, so does the system,
 *                          with the shell's status
 *     init -c COMMAND      one command by /bin/sh instead, no terminal set-up
 *     init --serve         no console, only the apps, until it is told to end
 *     init --login         (started by init) the console's session: becomes
 *                          login, and that the login shell
 *
 * Meanwhile it runs the apps (super/super.h) and reaps every orphan. SIGHUP:
 * read the configuration again. SIGTERM, SIGUSR1 and SIGUSR2 power off, SIGINT restarts (what poweroff, halt and reboot send): everything gets
 * SIGTERM, two seconds later SIGKILL, the disks are synced.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "super/super.h"

#define CONSOLE "/dev/console"
#define TERMINAL "/dev/tty1" /* the same, by the name that ps knows it by */
#define END_MS 2000
#define STEP_MS 10

static volatile int asked; /* the signal that ends it all */
static volatile int reload_asked;

static void
on_signal(int sig)
{
    asked = sig;
    supervise_wake();
}

static void
on_reload(int sig)
{
    (void)sig;
    reload_asked = 1;
    supervise_wake();
}

static void
complain(const char *what)
{
    fprintf(stderr, "init: %s: %s\n", what, strerror(errno));
}

static void
catch_signals(void)
{
    static const int ends[] = {SIGTERM, SIGINT, SIGUSR1, SIGUSR2};
    static const int ignored[] = {SIGTSTP, SIGTTIN, SIGTTOU, SIGQUIT};
    struct sigaction a = {.sa_handler = on_signal}; /* no SA_RESTART */

    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        sigaction(ends[i], &a, NULL);
    a.sa_handler = on_reload;
    sigaction(SIGHUP, &a, NULL);
    a.sa_handler = SIG_IGN;
    for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
        sigaction(ignored[i], &a, NULL);
}

static void
set_hostname(void)
{
    char name[65];
    FILE *f = fopen("/etc/hostname", "r");

    if (!f)
        return;
    if (fgets(name, sizeof name, f)) {
        name[strcspn(name, " \t\r\n")] = '\0';
        if (*name && sethostname(name, strlen(name)) < 0)
            complain("sethostname");
    }
    fclose(f);
}

/* All that we have, for another app. */
static char *
grants_for(const char *app)
{
    int room = pith_cap_get(NULL, 0) + 80;
    char *have = malloc((size_t)room), *text = malloc((size_t)room), *line;

    if (!have || !text || pith_cap_get(have, room) < 0) {
        free(have);
        free(text);
        return NULL;
    }
    snprintf(text, (size_t)room, "app %s\n", app);
    for (line = strtok(have, "\n"); line; line = strtok(NULL, "\n"))
        if (strncmp(line, "app ", 4) != 0)
            strcat(strcat(text, line), "\n");
    free(have);
    return text;
}

/* Start path in a session (or not) of its own, signals as by default, as the
 * app `console`: it is not the supervisor who speaks there. */
static pid_t
start(const char *path, char *const argv[], int new_session)
{
    char *grants = grants_for("console");
    pith_gp args[8] = {0}, env[64] = {0};
    struct pith_spawn s = {
        .flags = PITH_SPAWN_SETSIGDEF | PITH_SPAWN_SETSIGMASK |
                 (new_session ? PITH_SPAWN_SETSID : 0) |
                 (grants ? PITH_SPAWN_GRANTS : 0),
        .sigdefault = UINT64_MAX,
        .grants = (pith_gp)(uintptr_t)grants,
    };
    int pid;

    for (int i = 0; i < 7 && argv[i]; i++)
        args[i] = (pith_gp)(uintptr_t)argv[i];
    for (int i = 0; i < 63 && environ[i]; i++)
        env[i] = (pith_gp)(uintptr_t)environ[i];
    pid = pith_spawn(path, args, env, &s);
    free(grants);
    if (pid < 0) {
        errno = -pid;
        complain(path);
        return -1;
    }
    return pid;
}

static int
code_of(int status)
{
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Reap until pid ends (its code) or a signal asks for the end (-1). */
static int
reap_until(pid_t pid)
{
    for (;;) {
        int status;
        pid_t done;

        if (asked)
            return -1;
        done = wait(&status);
        if (done == pid)
            return code_of(status);
        if (done < 0 && errno == ECHILD)
            return 0;
    }
}

static void
pause_ms(long ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * 1000000};

    nanosleep(&t, NULL);
}

/* SIGTERM to all, then SIGKILL to those that stay. */
static void
end_all(void)
{
    int left = END_MS;

    kill(-1, SIGTERM);
    kill(-1, SIGCONT);
    for (;;) {
        pid_t done = waitpid(-1, NULL, WNOHANG);

        if (done < 0 && errno == ECHILD)
            break;
        if (done > 0)
            continue;
        if (left == 0)
            kill(-1, SIGKILL);
        if (left < -END_MS) /* not even that helped; the kernel will */
            break;
        left -= STEP_MS;
        pause_ms(STEP_MS);
    }
    sync();
}

/* In the console's new session: make it ours, become the shell. */
static int
login(void)
{
    char *shell[] = {"-sh", NULL}, *console[] = {"login", "--console", NULL};
    int fd = open(TERMINAL, O_RDWR | O_NOCTTY);

    if (fd < 0)
        fd = open(CONSOLE, O_RDWR | O_NOCTTY);
    if (fd >= 0) {
        if (ioctl(fd, TIOCSCTTY, 0) < 0)
            complain(CONSOLE ": cannot be the controlling terminal");
        for (int i = 0; i < 3; i++)
            dup2(fd, i);
        if (fd > 2)
            close(fd);
        tcsetpgrp(0, getpgrp());
    }
    setenv("HOME", "/root", 0);
    setenv("USER", "root", 0);
    setenv("LOGNAME", "root", 0);
    setenv("SHELL", "/bin/sh", 0);
    setenv("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", 0);
    if (chdir(getenv("HOME")) < 0)
        chdir("/");
    execv("/bin/login", console); /* user/accounts */
    execv("/bin/sh", shell); /* a root without it */
    complain("/bin/sh");
    return 127;
}

static pid_t
start_console(const char *self)
{
    char *argv[] = {(char *)self, "--login", NULL};

    /* The terminal came with our session; the shell's is to have it. */
    ioctl(0, TIOCNOTTY, 0);
    return start(self, argv, 1);
}

int
main(int argc, char **argv)
{
    char *rc[] = {"sh", "/etc/rc", NULL}, *setup[] = {"setup", NULL};
    pid_t pid;
    int code, control;

    if (argc == 2 && strcmp(argv[1], "--login") == 0)
        return login();
    if (getpid() != 1) {
        fprintf(stderr, "init: only for the first process; "
                        "try: poweroff, reboot\n");
        return 1;
    }
    host_begin();
    catch_signals();
    set_hostname();
    if (access("/etc/rc", R_OK) == 0) {
        pid = start("/bin/sh", rc, 0);
        if (pid > 0)
            reap_until(pid);
    }
    control = host_fd(HOST_CONTROL);
    if (argc == 3 && strcmp(argv[1], "-c") == 0) {
        char *command[] = {"sh", "-c", argv[2], NULL};
        pid = start("/bin/sh", command, 0);
    } else if (argc == 2 && strcmp(argv[1], "--serve") == 0) {
        pid = access("/etc/shadow", F_OK) < 0 ? start("/sbin/setup", setup, 0)
                                              : 0;
        if (pid > 0) /* nobody can be asked: all accounts are locked */
            reap_until(pid);
        pid = 0;
    } else {
        pid = start_console("/sbin/init");
    }
    code = pid >= 0 ? supervise(control, pid, &asked, &reload_asked) : 127;
    supervise_end();
    end_all();
    if (asked == SIGINT)
        reboot(RB_AUTOBOOT);
    return code < 0 ? 0 : code;
}
