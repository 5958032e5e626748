/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happens, for a log collector: JSON objects, a line each.
 *
 *     {"time":"2026-01-31T12:00:00.123Z","level":"info","app":"web","pid":7,
 *      "source":"out","message":"listening"}
 *
 * They are collected and written when standard output takes them. When it does
 * not for long, new ones are dropped, and how many is said once there is room.
 */
#include "super.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define WAITING_MAX (1u << 20)
#define END_MS 1000

static bool on;
static struct buffer waiting;
static unsigned long long dropped;

void
events_begin(void)
{
    const char *log = getenv("PITH_LOG");

    on = log && strcmp(log, "json") == 0;
    if (on)
        fcntl(1, F_SETFL, O_NONBLOCK);
}

/* The length of the UTF-8 sequence there; 0: it is none. */
static size_t
sequence(const unsigned char *s, size_t n)
{
    size_t len = *s < 0x80 ? 1 : *s < 0xc2 ? 0 : *s < 0xe0 ? 2 : *s < 0xf0 ? 3
               : *s < 0xf5 ? 4 : 0;

    if (!len || len > n)
        return 0;
    for (size_t i = 1; i < len; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    if ((*s == 0xe0 && s[1] < 0xa0) || (*s == 0xed && s[1] > 0x9f) ||
        (*s == 0xf0 && s[1] < 0x90) || (*s == 0xf4 && s[1] > 0x8f))
        return 0;
    return len;
}

/* As the inside of a JSON string; what is no UTF-8 becomes U+FFFD. */
static size_t
escape(char *out, size_t room, const char *text, size_t n)
{
    const unsigned char *s = (const unsigned char *)text;
    size_t at = 0;

    for (size_t i = 0; i < n && at + 8 < room;) {
        size_t len = sequence(s + i, n - i);

        if (len == 0) {
            memcpy(out + at, "\xef\xbf\xbd", 3);
            at += 3;
            i++;
        } else if (s[i] == '"' || s[i] == '\\') {
            out[at++] = '\\';
            out[at++] = (char)s[i++];
        } else if (s[i] < 0x20 || s[i] == 0x7f) {
            at += (size_t)snprintf(out + at, room - at, "\\u%04x", s[i++]);
        } else {
            memcpy(out + at, s + i, len);
            at += len;
            i += len;
        }
    }
    out[at] = 0;
    return at;
}

static bool
put(int i, const char *source, const char *level, const char *text, size_t n)
{
    static char line[LINE_ROOM * 6 + 512];
    struct timespec t;
    struct tm tm;
    size_t at;

    clock_gettime(CLOCK_REALTIME, &t);
    gmtime_r(&t.tv_sec, &tm);
    at = strftime(line, sizeof line, "{\"time\":\"%Y-%m-%dT%H:%M:%S", &tm);
    at += (size_t)snprintf(line + at, sizeof line - at,
                           ".%03ldZ\",\"level\":\"%s\",",
                           t.tv_nsec / 1000000, level);
    if (i >= 0)
        at += (size_t)snprintf(line + at, sizeof line - at,
                               "\"app\":\"%s\",\"pid\":%d,", apps[i]->name,
                               apps[i]->pid);
    at += (size_t)snprintf(line + at, sizeof line - at,
                           "\"source\":\"%s\",\"message\":\"", source);
    at += escape(line + at, sizeof line - at - 8, text, n);
    memcpy(line + at, "\"}\n", 3);
    return buffer_add(&waiting, line, at + 3, WAITING_MAX);
}

void
event(int i, const char *source, const char *level, const char *text, size_t n)
{
    char note[80];
    int len;

    if (!on)
        return;
    if (dropped && waiting.used < WAITING_MAX / 2) {
        len = snprintf(note, sizeof note,
                       "%llu events are missing here: nobody read them",
                       dropped);
        if (put(-1, "supervisor", "warning", note, (size_t)len))
            dropped = 0;
    }
    if (dropped || !put(i, source, level, text, n < LINE_ROOM ? n : LINE_ROOM))
        dropped++;
}

void
event_say(const char *level, const char *format, ...)
{
    char text[600];
    va_list ap;
    int n;

    va_start(ap, format);
    n = vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    if (n >= (int)sizeof text)
        n = (int)sizeof text - 1;
    if (n > 0)
        event(-1, "supervisor", level, text, (size_t)n);
}

bool
events_waiting(void)
{
    return waiting.used > 0;
}

void
events_write(void)
{
    ssize_t n = waiting.used ? write(1, waiting.bytes, waiting.used) : 0;

    if (n > 0) {
        buffer_drop(&waiting, (size_t)n);
    } else if (n < 0 && errno != EAGAIN && errno != EINTR) {
        on = false; /* nobody is there any more */
        waiting.used = 0;
    }
}

void
events_end(void)
{
    uint64_t end = now_ms() + END_MS;
    struct pollfd p = {.fd = 1, .events = POLLOUT};

    while (waiting.used && now_ms() < end)
        if (poll(&p, 1, 100) > 0)
            events_write();
}
