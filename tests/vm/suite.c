/* SPDX-License-Identifier: Apache-2.0 */
/*
 * suite DIR SECONDS: runs, inside the system, the cases that pith-wasi --plan
 * laid out in DIR (tools/wasi/plan.c), and leaves there what came of them.
 *
 * A program gets what its case names and nothing else: time, random, standard
 * files, and if it has a directory, `fs /`: in the booted system a preopen is
 * called by its path, and most cases want theirs called /. So the case's
 * files are put there, and what was not there before is removed afterwards.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pith/abi.h>
#include <pith/pith_import.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../user/tests/tree.h"

#define STRINGS 64
#define ROOT_NAMES 256

static char *usual[ROOT_NAMES]; /* what / holds */
static int nusual;

/* ---- its directory ------------------------------------------------------ */

static int
copy_file(const char *from, const char *to)
{
    static char buf[65536];
    int in = open(from, O_RDONLY), r = -1;
    int out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    ssize_t n = -1;

    while (in >= 0 && out >= 0 && (n = read(in, buf, sizeof buf)) > 0)
        if (write(out, buf, (size_t)n) != n)
            break;
    if (n == 0)
        r = 0;
    close(in);
    close(out);
    return r;
}

static int
copy_tree(const char *from, const char *to)
{
    char f[1024], t[1024];
    struct dirent *e;
    struct stat st;
    DIR *d = opendir(from);
    int r = d ? 0 : -1;

    while (r == 0 && (e = readdir(d))) {
        if (is_dots(e->d_name))
            continue;
        snprintf(f, sizeof f, "%s/%s", from, e->d_name);
        snprintf(t, sizeof t, "%s/%s", to, e->d_name);
        if (lstat(f, &st) < 0)
            r = -1;
        else if (S_ISDIR(st.st_mode))
            r = mkdir(t, 0755) < 0 ? -1 : copy_tree(f, t);
        else
            r = copy_file(f, t);
    }
    if (d)
        closedir(d);
    return r;
}

static int
is_usual(const char *name)
{
    for (int i = 0; i < nusual; i++)
        if (strcmp(usual[i], name) == 0)
            return 1;
    return 0;
}

/* First: what is there; later: what should not be goes. */
static void
tidy_root(int first)
{
    char *names[ROOT_NAMES], path[300];
    int n = 0;
    struct dirent *e;
    DIR *d = opendir("/");

    while (d && n < ROOT_NAMES && (e = readdir(d)))
        if (!is_dots(e->d_name))
            names[n++] = strdup(e->d_name);
    if (d)
        closedir(d);
    for (int i = 0; i < n; i++) {
        if (first) {
            usual[nusual++] = names[i];
            continue;
        }
        snprintf(path, sizeof path, "/%s", names[i]);
        if (!is_usual(names[i]))
            remove_tree(path);
        free(names[i]);
    }
}

/* ---- one case ----------------------------------------------------------- */

static char place[512]; /* the case's own directory */

static const char *
part(const char *name)
{
    static char path[4][600];
    static int turn;

    turn = (turn + 1) % 4;
    snprintf(path[turn], sizeof path[turn], "%s/%s", place, name);
    return path[turn];
}

/* The strings of a file, NULL behind the last; the file's text stays. */
static int
strings(const char *name, char **text, pith_gp *out)
{
    struct stat st;
    int fd = open(part(name), O_RDONLY), n = 0;
    char *at;

    *text = NULL;
    if (fd < 0 || fstat(fd, &st) < 0 ||
        !(*text = calloc(1, (size_t)st.st_size + 1)) ||
        read(fd, *text, (size_t)st.st_size) != st.st_size)
        return -1;
    close(fd);
    for (at = *text; at < *text + st.st_size && n < STRINGS - 1;
         at += strlen(at) + 1)
        out[n++] = (pith_gp)(uintptr_t)at;
    out[n] = 0;
    return 0;
}

static int
start(const char *const *files)
{
    const char *grants = access(part("guest"), F_OK) == 0
                             ? "stdio\ntime\nrandom\nfs / rw\n"
                             : "stdio\ntime\nrandom\n";
    pith_gp args[STRINGS], env[STRINGS];
    char *arg_text = NULL, *env_text = NULL;
    struct pith_fd_action open3[3];
    struct pith_spawn s = {
        .flags = PITH_SPAWN_GRANTS | PITH_SPAWN_SETPGROUP,
        .grants = (pith_gp)(uintptr_t)grants,
        .actions = (pith_gp)(uintptr_t)open3,
        .nactions = 3,
    };
    int pid = -EIO;

    for (int i = 0; i < 3; i++)
        open3[i] = (struct pith_fd_action){
            .op = PITH_FDA_OPEN,
            .fd = i,
            .path = (pith_gp)(uintptr_t)files[i],
            .flags = i ? O_WRONLY | O_CREAT | O_TRUNC : O_RDONLY,
            .mode = 0644,
        };
    if (strings("args", &arg_text, args) == 0 &&
        strings("env", &env_text, env) == 0)
        pid = pith_spawn(part("program"), args, env, &s);
    free(arg_text);
    free(env_text);
    return pid;
}

static long
now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec;
}

/* Its exit code; -1: out of time. */
static int
wait_for(int pid, long seconds)
{
    struct timespec pause = {.tv_nsec = 2000000};
    long end = now() + seconds;
    int status = 0;

    while (waitpid(pid, &status, WNOHANG) != pid) {
        if (now() > end) {
            kill(pid, SIGKILL);
            waitpid(pid, &status, 0);
            return -1;
        }
        nanosleep(&pause, NULL);
    }
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int
run_case(long seconds)
{
    char in[600], out[600], err[600];
    const char *files[] = {in, out, err};
    int pid, code;
    FILE *f;

    snprintf(in, sizeof in, "%s", part("stdin"));
    if (access(in, F_OK) < 0)
        snprintf(in, sizeof in, "/dev/null");
    snprintf(out, sizeof out, "%s", part("out"));
    snprintf(err, sizeof err, "%s", part("err"));
    if (access(part("root"), F_OK) == 0 && copy_tree(part("root"), "") < 0) {
        fprintf(stderr, "suite: %s: its files cannot be copied: %s\n", place,
                strerror(errno));
        return -1;
    }
    pid = start(files);
    if (pid < 0)
        fprintf(stderr, "suite: %s: %s\n", place, strerror(-pid));
    code = pid < 0 ? 126 : wait_for(pid, seconds);
    f = fopen(part("status"), "w");
    if (!f || (code < 0 ? fprintf(f, "time\n") : fprintf(f, "%d\n", code)) < 0)
        return -1;
    return fclose(f);
}

int
main(int argc, char **argv)
{
    int n = 0;

    if (argc != 3) {
        fprintf(stderr, "usage: suite DIR SECONDS\n");
        return 2;
    }
    tidy_root(1);
    for (;;) {
        snprintf(place, sizeof place, "%s/%d", argv[1], n + 1);
        if (access(place, F_OK) < 0)
            break;
        n++;
        run_case(atol(argv[2]));
        tidy_root(0);
    }
    printf("%d programs were run\n", n);
    return n == 0;
}
