/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What apps print: the last of it in memory, more in /var/log/<app>.log, which
 * is rotated (.1 .. .3). A flood is cut, and said to be.
 */
#include "super.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define OPEN_LOGS 2000 /* with more apps than that, none stays open */

static void
rotate(const struct app *a)
{
    char from[128], to[128];

    for (int n = LOG_FILES - 1; n >= 0; n--) {
        if (n)
            snprintf(from, sizeof from, "/var/log/%s.log.%d", a->name, n);
        else
            snprintf(from, sizeof from, "/var/log/%s.log", a->name);
        snprintf(to, sizeof to, "/var/log/%s.log.%d", a->name, n + 1);
        rename(from, to);
    }
}

static void
to_file(struct app *a, const char *line, size_t n)
{
    struct log *l = &a->log;
    char path[128];
    struct stat st;

    if (l->fd >= 0 && l->size + n > LOG_BYTES) {
        close(l->fd);
        l->fd = -1;
        rotate(a);
    }
    if (l->fd < 0) {
        snprintf(path, sizeof path, "/var/log/%s.log", a->name);
        l->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
        l->size = l->fd >= 0 && fstat(l->fd, &st) == 0 ? (size_t)st.st_size : 0;
    }
    if (l->fd >= 0 && write(l->fd, line, n) == (ssize_t)n)
        l->size += n;
    if (policy.count > OPEN_LOGS && l->fd >= 0) {
        close(l->fd);
        l->fd = -1;
    }
}

static void
keep(int i, const char *line, size_t n)
{
    struct log *l = &apps[i]->log;

    if (n > RING_BYTES)
        n = RING_BYTES;
    if (l->ring.used + n > RING_BYTES) {
        size_t drop = l->ring.used + n - RING_BYTES;
        const char *nl = memchr(l->ring.bytes + drop, '\n',
                                l->ring.used - drop);

        buffer_drop(&l->ring, nl ? (size_t)(nl - l->ring.bytes) + 1
                                 : l->ring.used);
    }
    buffer_add(&l->ring, line, n, RING_BYTES);
    to_file(apps[i], line, n);
    for (int k = 0; k < CLIENTS_MAX; k++)
        if (clients[k].fd >= 0 && clients[k].follow == i)
            buffer_add(&clients[k].out, line, n, 4 * QUEUE_MAX);
}

/* Within what is allowed a second? */
static bool
allowed(struct log *l, size_t n)
{
    uint64_t second = now_ms() / 1000;

    if (second != l->second) {
        l->second = second;
        l->this_second = 0;
    }
    if (l->this_second + n > LOG_RATE) {
        l->dropped += n;
        l->lost += n + 1;
        return false;
    }
    l->this_second += n;
    return true;
}

/* false: it was too much. */
static bool
add(int i, const char *mark, const char *line, size_t n)
{
    struct log *l = &apps[i]->log;
    char text[LINE_ROOM + 64];
    time_t t = time(NULL);
    struct tm tm;
    size_t at;

    bool fits = allowed(l, n);

    if (!fits && l->dropped > n)
        return false;
    gmtime_r(&t, &tm);
    at = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ ", &tm);
    if (!fits) { /* said at once: what comes next may push it out of the ring */
        at += (size_t)snprintf(text + at, sizeof text - at,
                               "* too much in a second: cut here\n");
        keep(i, text, at);
        event(i, "supervisor", "warning", "too much in a second: cut here", 30);
        return false;
    }
    if (l->dropped) {
        char note[128];
        int len = snprintf(note, sizeof note, "%s* %zu bytes were too much and "
                                              "are not here\n",
                           text, l->dropped);

        l->dropped = 0;
        keep(i, note, (size_t)len);
    }
    at += (size_t)snprintf(text + at, sizeof text - at, "%s%.*s\n", mark,
                           (int)(n < LINE_ROOM ? n : LINE_ROOM), line);
    keep(i, text, at < sizeof text ? at : sizeof text - 1);
    return true;
}

void
log_line(int i, bool errors, const char *line, size_t n)
{
    apps[i]->log.bytes += n + 1;
    if (add(i, "", line, n))
        event(i, errors ? "err" : "out", errors ? "warning" : "info", line, n);
}

void
log_note(void *ctx, int i, const char *what)
{
    (void)ctx;
    add(i, "* ", what, strlen(what));
    event(i, "supervisor", "warning", what, strlen(what));
}
