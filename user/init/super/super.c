/* SPDX-License-Identifier: Apache-2.0 */
/* The supervisor's loop; see super.h. */
#include "super.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define POLLS (APPS_MAX * 4 + CLIENTS_MAX + 4)
#define SENT_CHECK_MS 250u
#define AUDIT_LOG "/var/log/audit.log"

static int wake_pipe[2] = {-1, -1}, auth_fd = -1;
static struct pollfd polls[POLLS];
static struct {
    int kind, index; /* of each poll: what it is about */
} about[POLLS];
static int npolls;
enum { WAKE, CONTROL, CLIENT, AUTH, BROKER, APP_IN, APP_OUT, APP_ERR, APP_INBOX };

uint64_t
now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void
on_child(int sig)
{
    int saved = errno;

    (void)sig;
    write(wake_pipe[1], "", 1);
    errno = saved;
}

static void
want(int fd, short events, int kind, int index)
{
    if (fd < 0 || npolls == POLLS)
        return;
    polls[npolls] = (struct pollfd){.fd = fd, .events = events};
    about[npolls].kind = kind;
    about[npolls++].index = index;
}

static void
gather(int control_fd)
{
    npolls = 0;
    want(wake_pipe[0], POLLIN, WAKE, 0);
    want(control_fd, POLLIN, CONTROL, 0);
    if (!auth_busy())
        want(auth_fd, POLLIN, AUTH, 0);
    want(broker_poll_fd(), POLLIN, BROKER, 0);
    for (int i = 0; i < CLIENTS_MAX; i++)
        want(clients[i].fd,
             (short)(POLLIN |
                     (clients[i].out.used || clients[i].done ? POLLOUT : 0)),
             CLIENT, i);
    for (int i = 0; i < policy.count; i++) {
        const struct app *a = apps[i];

        if (a->in_queue.used)
            want(a->in, POLLOUT, APP_IN, i);
        if (!a->blocked)
            want(a->out, POLLIN, APP_OUT, i);
        want(a->err, POLLIN, APP_ERR, i);
        if (a->in_queue.used <= QUEUE_MAX / 2)
            want(a->inbox, POLLIN, APP_INBOX, i);
    }
}

static void
serve_client(struct client *c, short ready)
{
    if (ready & (POLLIN | POLLHUP | POLLERR))
        client_read(c);
    if (c->fd >= 0 && (c->out.used || c->done))
        client_write(c);
}

static void
serve(int k)
{
    char bytes[64];
    int i = about[k].index;

    switch (about[k].kind) {
    case WAKE:
        while (read(wake_pipe[0], bytes, sizeof bytes) > 0)
            continue;
        break;
    case CONTROL:
        control_accept(polls[k].fd);
        break;
    case AUTH:
        auth_accept(polls[k].fd);
        break;
    case BROKER:
        broker_read();
        break;
    case CLIENT:
        if (clients[i].fd == polls[k].fd)
            serve_client(&clients[i], polls[k].revents);
        break;
    case APP_IN:
        if (apps[i]->in == polls[k].fd)
            text_write(i);
        break;
    case APP_OUT:
        if (apps[i]->out == polls[k].fd)
            text_read(i, false);
        break;
    case APP_ERR:
        if (apps[i]->err == polls[k].fd)
            text_read(i, true);
        break;
    default:
        if (apps[i]->inbox == polls[k].fd)
            text_inbox(i);
        break;
    }
}

/* Reap all that ended; `until`'s status when it is among them, else -1. */
static int
reap(int until)
{
    int status, found = -1;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        if (!app_reap(pid, status) && !auth_reap(pid) && pid == until)
            found = WIFSIGNALED(status) ? 128 + WTERMSIG(status)
                                        : WEXITSTATUS(status);
    return found;
}

/* Apps that talk by typed messages only are not silent either. */
static void
see_messages(void)
{
    static uint64_t last;
    bool any = false;
    char *list, *at, *next;

    if (now_ms() - last < SENT_CHECK_MS)
        return;
    last = now_ms();
    for (int i = 0; i < policy.count; i++)
        any |= units[i].watchdog_ms && apps[i]->pid;
    list = any ? malloc(65536) : NULL;
    if (!list)
        return;
    int n = pith_app_control(PITH_APP_LIST, "", list, 65535, 0);
    list[n < 0 ? 0 : n < 65535 ? n : 65535] = 0;
    for (at = list; *at; at = next) {
        char name[64] = "";
        unsigned long long sent = 0;
        int i;

        next = at + strcspn(at, "\n");
        next += *next == '\n';
        sscanf(at, "%63s %*u %*u %*u %*u %*d %llu", name, &sent);
        i = app_index(name);
        if (i >= 0 && apps[i]->sent != sent) {
            apps[i]->sent = sent;
            policy_spoke(&policy, i, now_ms());
        }
    }
    free(list);
}

/* The kernel remembers the last lines only: a file has them all. */
static void
save_audit(void)
{
    static unsigned long long next_number;
    static uint64_t last;
    static char text[65536];
    int from, to, used = 0;
    ssize_t n;

    if (now_ms() - last < 1000)
        return;
    last = now_ms();
    from = open("/proc/audit", O_RDONLY | O_CLOEXEC);
    to = open(AUDIT_LOG, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    while (from >= 0 && to >= 0 &&
           (n = read(from, text + used, sizeof text - 1 - (size_t)used)) > 0) {
        char *line = text, *nl;

        text[used += (int)n] = 0;
        for (; (nl = strchr(line, '\n')); line = nl + 1)
            if (strtoull(line, NULL, 10) >= next_number) {
                next_number = strtoull(line, NULL, 10) + 1;
                write(to, line, (size_t)(nl + 1 - line));
            }
        used -= (int)(line - text);
        memmove(text, line, (size_t)used);
    }
    if (from >= 0)
        close(from);
    if (to >= 0)
        close(to);
}

static void
turn(int control_fd, uint64_t limit)
{
    uint64_t now = now_ms(), due = policy_tick(&policy, now);
    int wait = policy.count ? 1000 : -1;

    if (due && (int64_t)(due - now) < wait)
        wait = due > now ? (int)(due - now) : 0;
    if (limit && (wait < 0 || (uint64_t)wait > limit))
        wait = (int)limit;
    gather(control_fd);
    if (poll(polls, (nfds_t)npolls, wait) > 0)
        for (int k = 0; k < npolls; k++)
            if (polls[k].revents)
                serve(k);
    if (policy.count) {
        see_messages();
        save_audit();
    }
}

static void
set_up(void)
{
    struct sigaction a = {.sa_handler = on_child, .sa_flags = SA_NOCLDSTOP};

    for (int i = 0; i < CLIENTS_MAX; i++)
        clients[i].fd = clients[i].follow = -1;
    pipe2(wake_pipe, O_CLOEXEC | O_NONBLOCK);
    sigaction(SIGCHLD, &a, NULL);
    signal(SIGPIPE, SIG_IGN);
    auth_fd = auth_listen();
    policy.start = app_spawn;
    policy.signal = app_signal;
    policy.log = log_note;
}

int
supervise(int control_fd, int until, volatile int *asked)
{
    int status;

    set_up();
    apps_load();
    for (int i = 0; i < policy.count; i++)
        if (apps[i]->autostart)
            policy_start(&policy, i, now_ms());
    for (;;) {
        status = reap(until);
        if (status >= 0)
            return status;
        if (*asked || end_asked)
            return -1;
        turn(control_fd, 0);
    }
}

void
supervise_end(void)
{
    while (!policy_end(&policy, now_ms())) {
        reap(0);
        turn(-1, 50);
    }
    save_audit();
    for (int i = 0; i < CLIENTS_MAX; i++)
        if (clients[i].fd >= 0)
            client_write(&clients[i]);
}
