/* SPDX-License-Identifier: Apache-2.0 */
/* The supervisor's loop; see super.h. */
#include "super.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define POLLS (APPS_MAX * 4 + CLIENTS_MAX + HTTP_MAX + 6)
#define BLOCKED_MS 20
#define AUDIT_LOG "/var/log/audit.log"

static int wake_pipe[2] = {-1, -1}, auth_fd = -1;
static struct pollfd polls[POLLS];
static struct {
    int kind, index; /* of each poll: what it is about */
} about[POLLS];
static int npolls;
enum {
    WAKE, CONTROL, METRICS, HTTP, EVENTS, CLIENT, AUTH, BROKER,
    APP_IN, APP_OUT, APP_ERR, APP_INBOX
};

uint64_t
now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

void
supervise_wake(void)
{
    int saved = errno;

    if (wake_pipe[1] >= 0)
        write(wake_pipe[1], "", 1);
    errno = saved;
}

static void
on_child(int sig)
{
    (void)sig;
    supervise_wake();
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
    bool free_slot = false;

    npolls = 0;
    want(wake_pipe[0], POLLIN, WAKE, 0);
    want(control_fd, POLLIN, CONTROL, 0);
    if (!auth_busy())
        want(auth_fd, POLLIN, AUTH, 0);
    want(broker_poll_fd(), POLLIN, BROKER, 0);
    if (events_waiting())
        want(1, POLLOUT, EVENTS, 0);
    for (int i = 0; i < HTTP_MAX; i++) {
        bool writing;
        int fd = http_fd(i, &writing);

        want(fd, writing ? POLLOUT : POLLIN, HTTP, i);
        free_slot |= fd < 0;
    }
    if (control_fd >= 0 && free_slot)
        want(host_fd(HOST_METRICS), POLLIN, METRICS, 0);
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
    case METRICS:
        http_accept(polls[k].fd);
        break;
    case HTTP:
        http_serve(i);
        break;
    case EVENTS:
        events_write();
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
    bool any = false;

    for (int i = 0; i < policy.count && !any; i++)
        any = units[i].watchdog_ms && apps[i]->pid;
    if (any)
        usage_refresh();
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
                event(-1, "audit", "warning", line, (size_t)(nl - line));
            }
        used -= (int)(line - text);
        memmove(text, line, (size_t)used);
    }
    if (from >= 0)
        close(from);
    if (to >= 0)
        close(to);
}

/* The service manager hears of us as long as the loop goes round. */
static void
alive(uint64_t now)
{
    static uint64_t last;
    uint64_t every = host_watchdog_ms();

    if (every && now - last >= every) {
        last = now;
        host_notify("WATCHDOG=1");
    }
}

/* Those whose line waits for a queue or for their rate. */
static bool
try_blocked(void)
{
    bool any = false;

    for (int i = 0; i < policy.count; i++) {
        if (apps[i]->blocked)
            text_lines(i);
        any |= apps[i]->blocked;
    }
    return any;
}

static void
turn(int control_fd, uint64_t limit)
{
    uint64_t now = now_ms(), due = policy_tick(&policy, now);
    uint64_t watchdog = host_watchdog_ms();
    int wait = policy.count || host_fd(HOST_METRICS) >= 0 ? 1000 : -1;

    if (watchdog && (wait < 0 || watchdog < (uint64_t)wait))
        wait = (int)watchdog;
    alive(now);
    http_tick(now);

    if (due && (int64_t)(due - now) < wait)
        wait = due > now ? (int)(due - now) : 0;
    if (limit && (wait < 0 || (uint64_t)wait > limit))
        wait = (int)limit;
    if (try_blocked() && (wait < 0 || wait > BLOCKED_MS))
        wait = BLOCKED_MS;
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
    struct rlimit files;

    for (int i = 0; i < CLIENTS_MAX; i++)
        clients[i].fd = clients[i].follow = -1;
    pipe2(wake_pipe, O_CLOEXEC | O_NONBLOCK);
    sigaction(SIGCHLD, &a, NULL);
    signal(SIGPIPE, SIG_IGN);
    auth_fd = auth_listen();
    getrlimit(RLIMIT_NOFILE, &files); /* five for each app */
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    policy.start = app_spawn;
    policy.signal = app_signal;
    policy.log = log_note;
}

void
reload_all(struct buffer *out)
{
    char why[500];

    if (!apps_load(why, sizeof why)) {
        buffer_print(out, "error: %s\n", why);
        event_say("error", "%s", why);
        return;
    }
    for (int i = 0; i < policy.count; i++)
        if (apps[i]->autostart && units[i].state == UNIT_STOPPED &&
            !units[i].starts)
            policy_start(&policy, i, now_ms());
    event_say("info", "configuration read: %d apps", policy.count);
    buffer_print(out, "ok\n");
}

static void
begin(void)
{
    struct buffer said = {0};

    set_up();
    events_begin();
    event_say("info", "system starts");
    if (host_fd(HOST_CONFIG) >= 0 || access(BOOT_TOML, F_OK) == 0) {
        reload_all(&said);
        if (said.used > 3)
            fprintf(stderr, "init: %.*s", (int)said.used, said.bytes);
        free(said.bytes);
    }
    event_say("info", "ready");
    host_notify("READY=1");
}

int
supervise(int control_fd, int until, volatile int *asked,
          volatile int *reload_asked)
{
    struct buffer said = {0};
    int status;

    begin();
    for (;;) {
        status = reap(until);
        if (status >= 0)
            return status;
        if (*asked || end_asked)
            return -1;
        if (*reload_asked) {
            *reload_asked = 0;
            said.used = 0;
            reload_all(&said);
        }
        turn(control_fd, 0);
    }
}

void
supervise_end(void)
{
    host_notify("STOPPING=1");
    event_say("info", "system stops");
    while (!policy_end(&policy, now_ms())) {
        reap(0);
        turn(-1, 50);
    }
    save_audit();
    for (int i = 0; i < CLIENTS_MAX; i++)
        if (clients[i].fd >= 0)
            client_write(&clients[i]);
    event_say("info", "system has stopped");
    events_end();
}
