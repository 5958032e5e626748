/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages between two apps: round trips, and one way. messages [N]. Run with
 * everything granted; starts itself as the apps `ping` and `pong`, among as many
 * idle ones as asked (messages N IDLE).
 */
#include <pith/abi.h>
#include <pith/pith_import.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static pith_gp
gp(const void *p)
{
    return (pith_gp)(uintptr_t)p;
}

static double
now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int
start(const char *self, const char *app, const char *role, const char *n)
{
    char grants[128];
    pith_gp argv[4] = {gp(self), gp(role), gp(n), 0}, envp[1] = {0};
    struct pith_spawn s = {.flags = PITH_SPAWN_GRANTS, .grants = gp(grants)};

    snprintf(grants, sizeof grants, "app %s\nstdio\ntime\nipc\nspawn\nshell\n",
             app);
    return pith_spawn(self, argv, envp, &s);
}

static int
send_to(const char *to, uint64_t reply_to, const void *data, uint32_t len)
{
    struct pith_message m = {.reply_to = reply_to,
                             .name = gp(to),
                             .name_len = to ? (uint32_t)strlen(to) : 0,
                             .data = gp(data),
                             .data_len = len};

    return pith_msg_send(&m);
}

static uint64_t
receive(int fd, char *text, uint32_t room)
{
    char from[64];
    struct pith_message m = {.name = gp(from),
                             .name_len = 63,
                             .data = gp(text),
                             .data_len = room};

    if (pith_msg_recv(fd, &m) < 0)
        exit(1);
    return m.id;
}

static void
pong(int fd, long n)
{
    char text[64];

    while (n--) {
        uint64_t id = receive(fd, text, sizeof text);

        if (send_to(NULL, id, text, 16) < 0)
            exit(2);
    }
}

static void
ping(int fd, long n)
{
    char text[64] = "0123456789abcdef";
    double t;

    for (int warm = 0; warm < 2; warm++) {
        t = now();
        for (long i = 0; i < n / 2; i++) {
            if (send_to("pong", 0, text, 16) < 0)
                exit(3);
            receive(fd, text, sizeof text);
        }
    }
    t = now() - t;
    printf("round_trip_us %.3f\n", t / (double)(n / 2) * 1e6);
    t = now();
    for (long i = 0; i < n; i++)
        if (send_to("sink", 0, text, 16) < 0)
            exit(4);
    send_to("sink", 0, "end", 3);
    receive(fd, text, sizeof text);
    t = now() - t;
    printf("messages_per_s %.0f\n", (double)n / t);
    fflush(stdout);
}

static void
sink(int fd)
{
    char text[64];
    uint64_t id;

    do
        id = receive(fd, text, sizeof text);
    while (memcmp(text, "end", 3) != 0);
    send_to(NULL, id, "", 0);
}

int
main(int argc, char **argv)
{
    const char *n = argc > 1 ? argv[1] : "500000";
    int fd, pid, idle = argc > 2 ? atoi(argv[2]) : 0, status;
    double t;

    if (argc > 2 && strspn(argv[1], "0123456789") == 0) {
        fd = pith_port_open(NULL, 0, 0);
        if (!strcmp(argv[1], "pong"))
            pong(fd, atol(argv[2]));
        else if (!strcmp(argv[1], "ping"))
            ping(fd, atol(argv[2]));
        else if (!strcmp(argv[1], "sink"))
            sink(fd);
        else
            for (;;)
                pause();
        return 0;
    }
    t = now();
    for (int i = 0; i < idle; i++) {
        char name[32];

        snprintf(name, sizeof name, "idle-%d", i);
        if (start(argv[0], name, "idle", "0") < 0)
            return 5;
    }
    if (idle)
        printf("start_ms %.1f\n", (now() - t) * 1e3);
    fflush(stdout);
    start(argv[0], "pong", "pong", n);
    start(argv[0], "sink", "sink", "0");
    usleep(20000);
    pid = start(argv[0], "ping", "ping", n);
    waitpid(pid, &status, 0);
    return status;
}
