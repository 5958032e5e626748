/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages as lines. A line on an app's standard output that begins with @ is
 * for somebody: @name: @broadcast: @reply: @supervisor: ready and so on. Who
 * sent it is who the pipe belongs to. The receiver reads `sender: text`; one
 * that has opened its port gets a typed message instead, from the same sender.
 *
 * When the receiver's queue is full the sender's output is not read on: it
 * waits, as at any full pipe.
 */
#include "super.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- buffers --------------------------------------------------------- */

bool
buffer_add(struct buffer *b, const char *s, size_t n, size_t max)
{
    if (b->used + n > max)
        return false;
    if (b->used + n > b->room) {
        size_t room = b->room ? b->room * 2 : 256;
        char *more;

        while (room < b->used + n)
            room *= 2;
        more = realloc(b->bytes, room);
        if (!more)
            return false;
        b->bytes = more;
        b->room = room;
    }
    memcpy(b->bytes + b->used, s, n);
    b->used += n;
    return true;
}

void
buffer_drop(struct buffer *b, size_t n)
{
    b->used -= n;
    memmove(b->bytes, b->bytes + n, b->used);
}

void
buffer_print(struct buffer *b, const char *format, ...)
{
    char text[1024];
    va_list ap;
    int n;

    va_start(ap, format);
    n = vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    if (n >= (int)sizeof text)
        n = (int)sizeof text - 1;
    if (n > 0)
        buffer_add(b, text, (size_t)n, ANSWER_MAX);
}

/* ---- the kernel's word ----------------------------------------------- */

int
app_control(int op, const char *name, const char *text, int arg)
{
    return pith_app_control(op, name, text, text ? (int)strlen(text) : 0, arg);
}

bool
may(const struct app *a, const char *grant)
{
    return app_control(PITH_APP_CHECK, a->name, grant, 0) == 0;
}

/* ---- delivering ------------------------------------------------------ */

bool
text_deliver(struct app *to, const char *from, const char *text)
{
    char line[LINE_ROOM + 128];
    int n = snprintf(line, sizeof line, "%s: %s\n", from, text);

    if (to->in < 0)
        return true; /* it does not listen: lost, as when it ended */
    if (n >= (int)sizeof line)
        n = (int)sizeof line - 1;
    return buffer_add(&to->in_queue, line, (size_t)n, QUEUE_MAX);
}

/* 0, -1: its queue is full. */
static int
deliver_typed(const struct app *from, const struct app *to, const char *text)
{
    struct pith_message m = {
        .name = (pith_gp)(uintptr_t)to->name,
        .name_len = (uint32_t)strlen(to->name),
        .data = (pith_gp)(uintptr_t)text,
        .data_len = (uint32_t)strlen(text),
        .flags = PITH_MSG_DONTWAIT,
        .as = from->pid,
    };

    return pith_msg_send(&m) == -6 /* E_AGAIN */ ? -1 : 0;
}

static bool
deliver(struct app *from, struct app *to, const char *text)
{
    if (app_control(PITH_APP_TYPED, to->name, NULL, 0) == 1)
        return deliver_typed(from, to, text) == 0;
    if (to->in_queue.used + strlen(text) + 80 > QUEUE_MAX ||
        app_control(PITH_APP_MESSAGE, from->name, NULL, 0) < 0)
        return false; /* later: turn() tries again */
    if (!text_deliver(to, from->name, text))
        return false;
    snprintf(to->last_from, sizeof to->last_from, "%s", from->name);
    to->last_id = 0;
    from->before.sent++; /* (typed ones are counted by the kernel) */
    to->before.received++;
    return true;
}

static void
refuse(struct app *a, const char *what, const char *why)
{
    char text[160];

    snprintf(text, sizeof text, "refused %.63s: %s", what, why);
    text_deliver(a, "supervisor", text);
}

static bool
to_one(struct app *a, const char *name, const char *text)
{
    char grant[80];
    int to = app_index(name);

    snprintf(grant, sizeof grant, "ipc %.63s", name);
    if (!manifest_name_ok(name, strlen(name)) || !may(a, grant)) {
        refuse(a, name, "its manifest does not grant that");
        return true;
    }
    if (to < 0 || !apps[to]->pid) {
        refuse(a, name, "there is no such app running");
        return true;
    }
    return deliver(a, apps[to], text);
}

static void
to_all(struct app *a, const char *text)
{
    if (!may(a, "ipc *")) {
        refuse(a, "broadcast", "its manifest does not grant that");
        return;
    }
    for (int i = 0; i < policy.count; i++)
        if (apps[i] != a && apps[i]->pid)
            deliver(a, apps[i], text); /* whoever has no room misses it */
}

static bool
to_last(struct app *a, const char *text)
{
    int to = app_index(a->last_from);

    if (a->last_id) { /* by the inbox that we emptied for it */
        struct pith_message m = {
            .reply_to = a->last_id,
            .data = (pith_gp)(uintptr_t)text,
            .data_len = (uint32_t)strlen(text),
            .flags = PITH_MSG_DONTWAIT,
            .as = a->pid,
        };
        return pith_msg_send(&m) != -6;
    }
    if (!a->last_from[0] || to < 0 || !apps[to]->pid) {
        refuse(a, "reply", "there is nobody to reply to");
        return true;
    }
    return deliver(a, apps[to], text);
}

static void
to_supervisor(int i, const char *text)
{
    struct app *a = apps[i];
    struct buffer out = {0};

    if (strcmp(text, "ready") == 0) {
        policy_ready(&policy, i, now_ms());
        return;
    }
    if (strcmp(text, "alive") == 0)
        return; /* having spoken is all */
    if (broker_answer(a, text))
        return;
    if (!may(a, "shell")) {
        refuse(a, "supervisor", "its manifest does not grant `shell`");
        return;
    }
    command(a, text, &out, NULL);
    for (size_t at = 0; at < out.used;) {
        const char *nl = memchr(out.bytes + at, '\n', out.used - at);
        size_t n = nl ? (size_t)(nl - (out.bytes + at)) : out.used - at;
        char line[LINE_ROOM];

        snprintf(line, sizeof line, "%.*s", (int)n, out.bytes + at);
        if (!text_deliver(a, "supervisor", line))
            break;
        at += n + 1;
    }
    free(out.bytes);
}

/* false: it has to wait. */
static bool
message(int i, char *line)
{
    char *text = strchr(line, ':');

    if (!text) {
        log_line(i, false, line, strlen(line));
        return true;
    }
    *text++ = 0;
    while (*text == ' ')
        text++;
    line++; /* the @ */
    if (strcmp(line, "supervisor") == 0)
        to_supervisor(i, text);
    else if (strcmp(line, "broadcast") == 0)
        to_all(apps[i], text);
    else if (strcmp(line, "reply") == 0)
        return to_last(apps[i], text);
    else
        return to_one(apps[i], line, text);
    return true;
}

/* ---- lines ----------------------------------------------------------- */

static bool
take_line(int i, struct buffer *b, bool errors, size_t n)
{
    char line[LINE_ROOM + 1];

    memcpy(line, b->bytes, n);
    line[n] = 0;
    if (!errors && line[0] == '@' && strlen(line) == n)
        return message(i, line);
    log_line(i, errors, line, n);
    return true;
}

static void
lines(int i, struct buffer *b, bool errors)
{
    apps[i]->blocked &= errors;
    while (b->used) {
        const char *nl = memchr(b->bytes, '\n', b->used);
        size_t n = nl ? (size_t)(nl - b->bytes) : b->used;

        if (!nl && b->used < LINE_ROOM)
            return;
        if (n > LINE_ROOM) {
            n = LINE_ROOM;
            nl = NULL;
        }
        if (!take_line(i, b, errors, n)) {
            apps[i]->blocked = true;
            return;
        }
        if (!b->used)
            return; /* it was closed meanwhile */
        buffer_drop(b, n + (nl != NULL));
    }
}

void
text_lines(int i)
{
    lines(i, &apps[i]->out_line, false);
}

void
text_read(int i, bool errors)
{
    struct app *a = apps[i];
    int *fd = errors ? &a->err : &a->out;
    struct buffer *b = errors ? &a->err_line : &a->out_line;
    char bytes[LINE_ROOM];
    ssize_t n;

    if (a->blocked && !errors)
        return;
    n = read(*fd, bytes, sizeof bytes);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        if (b->used && b->used < LINE_ROOM)
            buffer_add(b, "\n", 1, 2 * LINE_ROOM);
        lines(i, b, errors);
        close(*fd);
        *fd = -1;
        return;
    }
    policy_spoke(&policy, i, now_ms());
    buffer_add(b, bytes, (size_t)n, 2 * LINE_ROOM + 1);
    lines(i, b, errors);
}

void
text_write(int i)
{
    struct app *a = apps[i];
    ssize_t n = write(a->in, a->in_queue.bytes, a->in_queue.used);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n < 0) {
        close(a->in);
        a->in = -1;
        a->in_queue.used = 0;
    } else {
        buffer_drop(&a->in_queue, (size_t)n);
    }
    for (int k = 0; k < policy.count; k++) /* who waited for room */
        if (apps[k]->blocked)
            text_lines(k);
}

/* A typed message for an app that reads lines. One that has opened its port
 * takes them itself. */
void
text_inbox(int i)
{
    struct app *a = apps[i];
    char from[MANIFEST_NAME_MAX + 1], text[LINE_ROOM];
    struct pith_message m = {
        .name = (pith_gp)(uintptr_t)from,
        .name_len = sizeof from - 1,
        .data = (pith_gp)(uintptr_t)text,
        .data_len = sizeof text - 1,
    };
    int n;

    if (app_control(PITH_APP_TYPED, a->name, NULL, 0) == 1) {
        close(a->inbox);
        a->inbox = -1;
        return;
    }
    if (a->in_queue.used > QUEUE_MAX / 2)
        return; /* later: its port holds them back */
    n = pith_msg_recv(a->inbox, &m);
    if (n < 0)
        return;
    text[n] = 0;
    from[m.name_len] = 0;
    for (int k = 0; k < n; k++) /* a line is a line */
        if (text[k] == '\n' || !text[k])
            text[k] = ' ';
    text_deliver(a, from, text);
    snprintf(a->last_from, sizeof a->last_from, "%s", from);
    a->last_id = m.id;
}
