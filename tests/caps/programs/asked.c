/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The broker: what an app is refused, a person may allow. The tester is the
 * broker here and answers by a script.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

#include "start.h"

#define TIMEOUT_MS 5000 /* of the one question that nobody answers */
#define PATIENCE_MS 60000

static int broker = -1;

/* ---- the app that asks ------------------------------------------------ */

static bool
can_read(const char *path)
{
    int fd = open(path, O_RDONLY);

    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

/* What each try gave, as a number in bits: 1 it worked. */
static int
role_tries(void)
{
    int got = 0;

    got |= can_read("/box/q1") << 0;  /* denied */
    got |= can_read("/box/q1") << 1;  /* denied before: not asked */
    got |= can_read("/box/q2") << 2;  /* once */
    got |= can_read("/box/q2") << 3;  /* asked again: denied */
    got |= can_read("/box/q3") << 4;  /* always */
    got |= can_read("/box/q3") << 5;  /* not asked */
    got |= can_read("/box/q4") << 6;  /* no answer */
    got |= (rename("/box/q5", "/box/q6") == 0) << 7; /* two questions */
    return got;
}

static int
role_time(void)
{
    struct timespec t;

    return clock_gettime(CLOCK_REALTIME, &t) == 0 ? 0 : 1;
}

static int
role_strange(void)
{
    return can_read("/box/a\nfs / rw") || errno != ENOTCAPABLE;
}

static int
role_many(void)
{
    char path[32];

    for (int i = 0; i < 80; i++) {
        snprintf(path, sizeof path, "/box/many%d", i);
        if (can_read(path))
            return 1;
    }
    return 0;
}

static int
role_gone(void)
{
    return can_read("/box/gone") ? 1 : 0;
}

/* ---- the broker ------------------------------------------------------- */

/* The next question's grant line; "" when there is none. Its number in *id. */
static const char *
question(int wait_ms, unsigned long long *id)
{
    static char text[5000];
    struct pollfd p = {broker, POLLIN, 0};
    ssize_t n;
    int at = 0;

    if (poll(&p, 1, wait_ms) != 1)
        return "";
    n = read(broker, text, sizeof text - 1);
    CHECK(n > 0);
    text[n > 0 ? n : 0] = 0;
    text[strcspn(text, "\n")] = 0;
    CHECK(sscanf(text, "%llu %*d asks asked %n", id, &at) == 1 && at);
    return text + at;
}

static int
answer(unsigned long long id, const char *how)
{
    char text[64];

    snprintf(text, sizeof text, "%llu %s\n", id, how);
    return write(broker, text, strlen(text)) > 0 ? 0 : -errno;
}

static void
script(const char *want, const char *how)
{
    unsigned long long id = 0;

    CHECK(!strcmp(question(PATIENCE_MS, &id), want));
    if (how)
        CHECK(answer(id, how) == 0);
}

static void
put(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

    CHECK(fd >= 0);
    close(fd);
}

static void
test_answers(void)
{
    unsigned long long id = 0;
    char path[16];
    int pid;

    for (int i = 1; i < 6; i++) {
        snprintf(path, sizeof path, "/box/q%d", i);
        put(path);
    }
    pid = start("app asks\nask\nstdio\nspawn\nshell\ntime\nipc\n", "tries");
    script("fs /box/q1 ro", "deny");
    script("fs /box/q2 ro", "once");
    script("fs /box/q2 ro", "deny");
    script("fs /box/q3 ro", "always");
    script("fs /box/q4 ro", NULL); /* nobody there */
    CHECK(!strcmp(question(PATIENCE_MS, &id), "fs /box/q5 rw"));
    CHECK(answer(id + 1, "once") == -ENOENT);
    CHECK(answer(id, "perhaps") == -EINVAL);
    CHECK(answer(id, "once") == 0);
    script("fs /box/q6 rw", "once");
    CHECK(code_of(pid) == (1 << 2 | 1 << 4 | 1 << 5 | 1 << 7));
    CHECK(answer(id, "once") == -ENOENT);
}

static void
test_others(void)
{
    int pid = start("app asks\nstdio\nspawn\nshell\nipc\ntime\n", "gone");
    unsigned long long id = 0;

    CHECK(!strcmp(question(100, &id), "")); /* it does not ask */
    CHECK(code_of(pid) == 0);
    CHECK(pith_broker(1000) == -E_(BUSY));
    CHECK(pith_broker(0) == -E_(INVAL));
    pid = start("app asks\nask\nstdio\nspawn\nshell\nipc\n", "time");
    script("time", "once");
    CHECK(code_of(pid) == 0);
    pid = start("app asks\nask\nspawn\nshell\nipc\ntime\n", "strange");
    CHECK(!strcmp(question(100, &id), ""));
    CHECK(code_of(pid) == 0);
}

/* So many and no more: then it is refused without a question. */
static void
test_flood(void)
{
    int pid = start("app asks\nask\nspawn\nshell\nipc\ntime\n", "many");
    unsigned long long id;
    int asked = 0;

    while (asked < 64 && *question(PATIENCE_MS, &id)) {
        answer(id, "deny");
        asked++;
    }
    CHECK(asked == 64);
    CHECK(!*question(1000, &id));
    CHECK(code_of(pid) == 0);
}

static void
test_end(void)
{
    int pid = start("app asks\nask\nspawn\nshell\nipc\ntime\n", "gone");
    unsigned long long id;

    CHECK(!strcmp(question(PATIENCE_MS, &id), "fs /box/gone ro"));
    close(broker); /* who asked is not left waiting */
    CHECK(code_of(pid) == 0);
    broker = pith_broker(TIMEOUT_MS);
    CHECK(broker >= 0);
    /* one that is killed while it waits */
    pid = start("app asks\nask\nspawn\nshell\nipc\ntime\n", "gone");
    CHECK(!strcmp(question(PATIENCE_MS, &id), "fs /box/gone ro"));
    kill(pid, SIGKILL);
    CHECK(code_of(pid) == 256 + SIGKILL);
    CHECK(answer(id, "once") == -ENOENT);
}

static void
test_log(void)
{
    const char *text = audit_text();

    CHECK(strstr(text, "asked fs /box/q1 ro: denied"));
    CHECK(strstr(text, "asked fs /box/q2 ro: once"));
    CHECK(strstr(text, "asked fs /box/q3 ro: always"));
    CHECK(strstr(text, "granted asks: fs /box/q3 ro"));
    CHECK(strstr(text, "asked fs /box/q4 ro: denied"));
}

static const struct {
    const char *name;
    int (*run)(void);
} roles[] = {{"tries", role_tries},     {"time", role_time},
             {"strange", role_strange}, {"many", role_many},
             {"gone", role_gone}};

int
main(int argc, char **argv)
{
    self = argv[0];
    for (size_t i = 0; argc > 1 && i < sizeof roles / sizeof *roles; i++)
        if (!strcmp(argv[1], roles[i].name))
            return roles[i].run();
    if (argc == 1)
        return code_of(start("app tester\nstdio\nspawn\nipc\nshell\ntime\n"
                             "fs / rw\n",
                             "test"));
    broker = pith_broker(TIMEOUT_MS);
    CHECK(broker >= 0);
    test_answers();
    test_others();
    test_flood();
    test_end();
    test_log();
    printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
