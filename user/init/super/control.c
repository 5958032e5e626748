/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands, a line each: from apps (`@supervisor: restart clock`) and from
 * outside (`pith restart clock`, over the control socket, whose peer the host
 * has checked). An app needs `shell`, and `ipc NAME` for each app that it
 * touches; what it grants it must hold itself.
 */
#include "super.h"

#include <fcntl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct client clients[CLIENTS_MAX];
bool end_asked;

struct words {
    char text[LINE_ROOM];
    char *word[3]; /* the command, a name, the rest of the line */
    bool json, follow;
};

static void
split(struct words *w, const char *line)
{
    char *at = w->text;

    memset(w->word, 0, sizeof w->word);
    w->json = w->follow = false;
    snprintf(w->text, sizeof w->text, "%s", line);
    for (int n = 0; n < 3;) {
        char *end;

        at += strspn(at, " \t\r");
        if (!*at)
            break;
        end = at + strcspn(at, " \t\r");
        if (strncmp(at, "--json", 6) == 0 && end - at == 6) {
            w->json = true;
            at = end;
        } else if (strncmp(at, "-f", 2) == 0 && end - at == 2) {
            w->follow = true;
            at = end;
        } else {
            w->word[n++] = at;
            if (n == 3)
                break;
            at = end + (*end != 0);
            *end = 0;
        }
    }
}

/* ---- ps -------------------------------------------------------------- */

static void
ps_one(struct buffer *out, int i, bool json, bool first)
{
    const struct app *a = apps[i];
    const struct usage *u = &a->now;
    const struct unit *unit = &units[i];
    uint64_t up = unit_alive(unit) ? (now_ms() - unit->started) / 1000 : 0;

    if (json)
        buffer_print(
            out,
            "%s{\"name\":\"%s\",\"version\":\"%s\",\"state\":\"%s\","
            "\"pid\":%d,\"processes\":%u,\"uptime_s\":%llu,\"starts\":%u,"
            "\"cpu_ms\":%llu,\"memory_bytes\":%llu,\"disk_bytes\":%lld,"
            "\"sent\":%llu,\"received\":%llu,\"waiting\":%u,\"denied\":%llu}",
            first ? "" : ",", a->name, a->manifest.version,
            unit_state_names[unit->state], a->pid, u->procs,
            (unsigned long long)up, unit->starts, u->cpu_ns / 1000000,
            u->bytes, u->disk, a->before.sent + u->sent,
            a->before.received + u->received, u->pending, u->denied);
    else
        buffer_print(out, "%-20s %-9s %6d %5llus %6u %8.1fs %7lluK %8llu %6llu\n",
                     a->name, unit_state_names[unit->state], a->pid,
                     (unsigned long long)up, unit->starts,
                     (double)u->cpu_ns * 1e-9, u->bytes / 1024,
                     a->before.sent + a->before.received + u->sent +
                         u->received,
                     u->denied);
}

static void
ps(struct buffer *out, bool json)
{
    usage_refresh();
    if (json)
        buffer_print(out, "[");
    else
        buffer_print(out, "%-20s %-9s %6s %6s %6s %9s %8s %8s %6s\n", "NAME",
                     "STATE", "PID", "UP", "STARTS", "CPU", "MEMORY",
                     "MESSAGES", "DENIED");
    for (int i = 0; i < policy.count; i++)
        ps_one(out, i, json, i == 0);
    if (json)
        buffer_print(out, "]\n");
}

/* ---- the others ------------------------------------------------------ */

static void
show_file(struct buffer *out, const char *path)
{
    char bytes[4096];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n;

    while (fd >= 0 && (n = read(fd, bytes, sizeof bytes)) > 0)
        buffer_add(out, bytes, (size_t)n, ANSWER_MAX);
    if (fd >= 0)
        close(fd);
}

static const char *
error_text(int e)
{
    switch (e) {
    case 0:
        return "ok";
    case -28:
        return "error: that is no grant; see: grants";
    case -44:
        return "error: it had nothing of that";
    case -71:
        return "error: it does not run";
    case -76:
        return "error: not granted to who asks";
    default:
        return "error: the kernel refused";
    }
}

/* Grants that the caller holds itself; the outside holds all. */
static void
grant(struct app *caller, struct app *a, const char *line, struct buffer *out)
{
    if (!line) {
        buffer_print(out, "error: grant what? as: grant %s time\n", a->name);
        return;
    }
    if (caller && !may(caller, line)) {
        buffer_print(out, "%s\n", error_text(-76));
        return;
    }
    buffer_print(out, "%s\n",
                 error_text(app_control(PITH_APP_GRANT, a->name, line, 0)));
}

static void
show_grants(struct app *a, struct buffer *out)
{
    char path[64];

    snprintf(path, sizeof path, "/proc/%d/grants",
             app_control(PITH_APP_LEADER, a->name, NULL, 0));
    show_file(out, path);
}

static void
logs(struct app *a, int i, struct words *w, struct buffer *out,
     struct client *client)
{
    buffer_add(out, a->log.ring.bytes ? a->log.ring.bytes : "",
               a->log.ring.used, ANSWER_MAX);
    if (w->follow && client) {
        client->follow = i;
        client->done = false;
    }
}

static void
reload(int i, struct buffer *out)
{
    char why[400];

    if (!app_reload(i, why, sizeof why)) {
        buffer_print(out, "error: %s\n", why);
        return;
    }
    policy_restart(&policy, i, now_ms()); /* with the wasm that is there now */
    buffer_print(out, "ok\n");
}

/* Commands about one app; false: there is no such command. */
static bool
about(struct app *caller, int i, struct words *w, struct buffer *out,
      struct client *client)
{
    struct app *a = apps[i];
    const char *c = w->word[0];

    if (strcmp(c, "start") == 0) {
        policy_start(&policy, i, now_ms());
        buffer_print(out, "ok\n");
    } else if (strcmp(c, "stop") == 0 || strcmp(c, "kill") == 0) {
        policy_stop(&policy, i, now_ms());
        if (*c == 'k')
            app_signal(NULL, i, true);
        buffer_print(out, "ok\n");
    } else if (strcmp(c, "restart") == 0) {
        policy_restart(&policy, i, now_ms());
        buffer_print(out, "ok\n");
    } else if (strcmp(c, "reload") == 0) {
        reload(i, out);
    } else if (strcmp(c, "logs") == 0 || strcmp(c, "log") == 0) {
        logs(a, i, w, out, client);
    } else if (strcmp(c, "logf") == 0 || strcmp(c, "attach") == 0) {
        w->follow = true;
        logs(a, i, w, out, client);
        if (client)
            client->attached = *c == 'a';
    } else if (strcmp(c, "grants") == 0) {
        show_grants(a, out);
    } else if (strcmp(c, "grant") == 0) {
        grant(caller, a, w->word[2], out);
    } else if (strcmp(c, "revoke") == 0) {
        buffer_print(out, "%s\n",
                     error_text(app_control(PITH_APP_REVOKE, a->name,
                                            w->word[2] ? w->word[2] : "", 0)));
    } else {
        return false;
    }
    return true;
}

static bool
about_app(struct app *caller, struct words *w, struct buffer *out,
          struct client *client)
{
    char grant[80];
    int i = app_index(w->word[1]);

    snprintf(grant, sizeof grant, "ipc %.63s", w->word[1]);
    if (!manifest_name_ok(w->word[1], strlen(w->word[1]))) {
        buffer_print(out, "error: %.64s is no name\n", w->word[1]);
        return true;
    }
    if (caller && strcmp(caller->name, w->word[1]) != 0 &&
        !may(caller, grant)) {
        buffer_print(out, "%s\n", error_text(-76));
        return true;
    }
    if (i < 0)
        i = app_add(w->word[1]);
    if (i < 0) {
        buffer_print(out, "error: %s\n", app_trouble);
        return true;
    }
    return about(caller, i, w, out, client);
}

void
command(struct app *caller, const char *line, struct buffer *out,
        struct client *client)
{
    struct words w;
    const char *c;

    split(&w, line);
    c = w.word[0] ? w.word[0] : "";
    if (strcmp(c, "ps") == 0 || strcmp(c, "list") == 0 ||
        strcmp(c, "top") == 0) {
        ps(out, w.json);
    } else if (strcmp(c, "metrics") == 0) {
        metrics(out);
    } else if (strcmp(c, "audit") == 0) {
        show_file(out, "/proc/audit");
    } else if (strcmp(c, "reload") == 0 && !w.word[1]) {
        reload_all(out);
    } else if (strcmp(c, "shutdown") == 0) {
        end_asked = true;
        buffer_print(out, "ok\n");
    } else if (!w.word[1] || !about_app(caller, &w, out, client)) {
        buffer_print(out, "error: ps, start, stop, restart, reload, kill, "
                          "logs, attach, grants, grant, revoke, audit or "
                          "shutdown, not %.40s%s\n",
                     c, w.word[1] || !*c ? "" : " without a name");
    }
}

/* ---- the outside ----------------------------------------------------- */

void
control_accept(int fd)
{
    int conn;

    while ((conn = host_accept(fd)) >= 0) {
        struct client *c = clients;

        while (c < clients + CLIENTS_MAX && c->fd >= 0)
            c++;
        if (c == clients + CLIENTS_MAX) {
            close(conn);
            continue;
        }
        c->fd = conn;
        c->follow = -1;
        c->attached = c->done = false;
        c->in.used = c->out.used = 0;
    }
}

static void
drop(struct client *c)
{
    close(c->fd);
    c->fd = -1;
    c->follow = -1;
}

static void
to_app(struct client *c)
{
    struct app *a = apps[c->follow];

    if (a->in >= 0)
        buffer_add(&a->in_queue, c->in.bytes, c->in.used, QUEUE_MAX);
    c->in.used = 0;
}

void
client_read(struct client *c)
{
    char bytes[LINE_ROOM];
    ssize_t n = read(c->fd, bytes, sizeof bytes);
    char *nl;

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0 || !buffer_add(&c->in, bytes, (size_t)n, 2 * LINE_ROOM)) {
        drop(c);
        return;
    }
    if (c->attached) {
        to_app(c);
        return;
    }
    nl = memchr(c->in.bytes, '\n', c->in.used);
    if (!nl || c->follow >= 0)
        return;
    *nl = 0;
    c->done = true;
    snprintf(bytes, sizeof bytes, "%s", c->in.bytes);
    buffer_drop(&c->in, (size_t)(nl - c->in.bytes) + 1);
    command(NULL, bytes, &c->out, c);
    if (c->attached)
        to_app(c);
}

void
client_write(struct client *c)
{
    ssize_t n = c->out.used ? write(c->fd, c->out.bytes, c->out.used) : 0;

    if (n < 0 && errno != EAGAIN && errno != EINTR) {
        drop(c);
        return;
    }
    if (n > 0)
        buffer_drop(&c->out, (size_t)n);
    if (!c->out.used && c->done)
        drop(c);
}
