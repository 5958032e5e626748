/* SPDX-License-Identifier: Apache-2.0 */
/* Entry of the tests; see usertests.h. usertests [AREA]: all, or one. */
#include "usertests.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int failures;
static int checks;
char *self;

static const struct {
    const char *name;
    void (*run)(void);
} areas[] = {
    {"wait", test_wait},   {"exec", test_exec},   {"signal", test_signal},
    {"stop", test_stop},   {"job", test_job},     {"limit", test_limit},
    {"grant", test_grant}, {"time", test_time},   {"file", test_file},
    {"storm", test_storm},
};

void
check(bool ok, const char *file, int line, const char *what)
{
    checks++;
    if (ok)
        return;
    failures++;
    printf("%s:%d: failed: %s (errno %d %s)\n", file, line, what, errno,
           strerror(errno));
}

pid_t
child_with(const char *role, const char *arg,
           const posix_spawn_file_actions_t *fa,
           const posix_spawnattr_t *attr)
{
    char *argv[] = {self, (char *)role, (char *)arg, NULL};
    pid_t pid;
    int r = posix_spawn(&pid, self, fa, attr, argv, environ);

    errno = r;
    return r ? -1 : pid;
}

pid_t
child(const char *role, const char *arg)
{
    return child_with(role, arg, NULL, NULL);
}

int
reap(pid_t pid)
{
    int status;
    pid_t r;

    do
        r = waitpid(pid, &status, 0);
    while (r < 0 && errno == EINTR);
    return r == pid ? status : -1;
}

int
code_of(pid_t pid)
{
    int status = reap(pid);

    return status >= 0 && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void
pause_ms(int ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * 1000000l};

    while (nanosleep(&t, &t) < 0 && errno == EINTR)
        continue;
}

int
main(int argc, char **argv)
{
    size_t i;
    int role;

    self = argv[0];
    if (argc > 2) {
        role = play(argv[1], argv[2]);
        return role < 0 ? 99 : role;
    }
    for (i = 0; i < sizeof areas / sizeof areas[0]; i++) {
        int before = failures;

        if (argc > 1 && strcmp(argv[1], areas[i].name))
            continue;
        areas[i].run();
        if (failures > before)
            printf("%s: %d failed\n", areas[i].name, failures - before);
        fflush(stdout);
    }
    CHECK(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
    printf("%d passed, %d failed\n", checks - failures, failures);
    return failures != 0;
}
