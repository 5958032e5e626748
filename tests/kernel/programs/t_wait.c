/* SPDX-License-Identifier: Apache-2.0 */
/* spawn, exit, wait, exec, orphans, traps. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "usertests.h"

static void
statuses(void)
{
    int status, fd[2];
    char arg[8];
    pid_t p;

    CHECK(code_of(child("exit", "0")) == 0);
    CHECK(code_of(child("exit", "42")) == 42);
    CHECK(code_of(child("exit", "256")) == 0);
    CHECK(code_of(child("reraise", "0")) == 97);
    status = reap(child("reraise", "15"));
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
    status = reap(child("trap", ""));
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    status = reap(child("overflow", "1"));
    CHECK(WIFSIGNALED(status));
    CHECK(pipe(fd) == 0);
    snprintf(arg, sizeof arg, "%d", fd[0]);
    p = child("read", arg);
    CHECK(waitpid(p, &status, WNOHANG) == 0);
    CHECK(write(fd[1], "\7", 1) == 1);
    CHECK(code_of(p) == 7);
    close(fd[0]);
    close(fd[1]);
    CHECK(waitpid(p, &status, 0) == -1 && errno == ECHILD);
    CHECK(waitpid(-1, &status, WNOHANG) == -1 && errno == ECHILD);
    CHECK(waitpid(1, &status, 0) == -1 && errno == ECHILD);
}

static void
many(void)
{
    pid_t p[50];
    int i, sum = 0, status;

    for (i = 0; i < 50; i++) {
        char arg[8];

        snprintf(arg, sizeof arg, "%d", i);
        p[i] = child("exit", arg);
        CHECK(p[i] > 0);
    }
    for (i = 0; i < 50; i++) {
        CHECK(wait(&status) > 0);
        sum += WEXITSTATUS(status);
    }
    CHECK(sum == 49 * 50 / 2);
}

static void
orphan(void)
{
    char arg[8];
    pid_t up = 0;
    int fd[2];

    CHECK(pipe(fd) == 0);
    snprintf(arg, sizeof arg, "%d", fd[1]);
    CHECK(code_of(child("orphan", arg)) == 0);
    CHECK(read(fd[0], &up, sizeof up) == sizeof up && up == 1);
    close(fd[0]);
    close(fd[1]);
    if (getpid() == 1)
        CHECK(wait(NULL) > 0);
}

void
test_wait(void)
{
    statuses();
    many();
    orphan();
}

/* ---- exec ------------------------------------------------------------ */

static int
spawn_error(const char *path)
{
    char *argv[] = {(char *)path, NULL};
    pid_t pid;

    return posix_spawn(&pid, path, NULL, NULL, argv, environ);
}

static void
put(const char *path, const char *text, mode_t mode)
{
    int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0666);

    CHECK(fd >= 0);
    CHECK(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
    CHECK(chmod(path, mode) == 0);
}

static void
bad_programs(void)
{
    CHECK(spawn_error("/nowhere") == ENOENT);
    CHECK(spawn_error("/") == EACCES);
    put("plain", "just text\n", 0755);
    CHECK(spawn_error("./plain") == ENOEXEC);
    put("empty", "", 0755);
    CHECK(spawn_error("./empty") == ENOEXEC);
    put("short", "\0asm", 0755);
    CHECK(spawn_error("./short") == ENOEXEC);
    CHECK(chmod("plain", 0644) == 0);
    CHECK(spawn_error("./plain") == EACCES);
    put("loop", "#!./loop\n", 0755);
    CHECK(spawn_error("./loop") == ELOOP);
    put("gone", "#!/nowhere/sh\n", 0755);
    CHECK(spawn_error("./gone") == ENOENT);
    CHECK(unlink("plain") == 0 && unlink("empty") == 0 &&
          unlink("short") == 0 && unlink("loop") == 0 && unlink("gone") == 0);
}

static void
scripts(void)
{
    char text[256];
    char *argv[] = {"./script", NULL};
    pid_t pid;

    /* argv becomes: self exit ./script; exit's argument counts as 0 */
    snprintf(text, sizeof text, "#! %s exit  \nrest\n", self);
    put("script", text, 0755);
    CHECK(posix_spawn(&pid, "./script", NULL, NULL, argv, environ) == 0);
    CHECK(code_of(pid) == 0);
    CHECK(unlink("script") == 0);
}

static void
file_actions(void)
{
    posix_spawn_file_actions_t fa;
    int null = open("/dev/null", O_RDWR | O_CLOEXEC), keep;

    if (null < 0)
        null = open(".", O_RDONLY | O_CLOEXEC);
    keep = fcntl(null, F_DUPFD, 8);
    CHECK(keep >= 8);
    posix_spawn_file_actions_init(&fa);
    posix_spawn_file_actions_adddup2(&fa, null, 5);
    posix_spawn_file_actions_addclose(&fa, keep);
    posix_spawn_file_actions_addopen(&fa, 6, ".", O_RDONLY, 0);
    CHECK((code_of(child_with("fds", "", &fa, NULL)) & 12) == 12);
    CHECK(!(code_of(child_with("fds", "", &fa, NULL)) >> (keep - 3) & 1));
    posix_spawn_file_actions_addopen(&fa, 7, "/nowhere", O_RDONLY, 0);
    CHECK(child_with("fds", "", &fa, NULL) == -1 && errno == ENOENT);
    posix_spawn_file_actions_destroy(&fa);
    CHECK(code_of(child("fds", "")) >> (keep - 3) & 1);
    close(keep);
    close(null);
}

void
test_exec(void)
{
    pid_t p;

    bad_programs();
    scripts();
    file_actions();
    CHECK(code_of(child("exec", "exit:33")) == 33);
    p = child("exec", "sleep:50");
    CHECK(code_of(p) == 7);
    p = child("exec", "spin:0");
    pause_ms(20);
    CHECK(kill(p, SIGKILL) == 0);
    CHECK(WTERMSIG(reap(p)) == SIGKILL);
}
