/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between the kernel's questions (kernel/broker.h) and the app that asks a
 * person, which boot.toml names. It needs no grants but stdio:
 *
 *     kernel  "7 41 web httpd net connect h:443"
 *     to it   supervisor: ask 7 {"app":"web","pid":41,"program":"httpd",
 *                                "capability":"net","detail":"connect h:443"}
 *     from it @supervisor: once 7        or always 7, deny 7
 *
 * It can be any program; apps/ask puts the question to whoever is attached to it.
 * "always" is remembered in /var/lib/pith/always/APP and granted at each start.
 */
#include "super.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ALWAYS "/var/lib/pith/always"
#define WAITING 64

static int broker_fd = -1;
static char broker[MANIFEST_NAME_MAX + 1];
static struct {
    unsigned long long id;
    char app[MANIFEST_NAME_MAX + 1];
    char *line;
} waiting[WAITING];

void
broker_config(const struct boot_config *c)
{
    if (strcmp(broker, c->broker) == 0)
        return;
    snprintf(broker, sizeof broker, "%s", c->broker);
    if (broker_fd >= 0)
        close(broker_fd);
    broker_fd = -1;
    if (!*broker)
        return;
    broker_fd = pith_broker((int)c->broker_secs * 1000);
    if (broker_fd >= 0)
        fcntl(broker_fd, F_SETFL, O_NONBLOCK);
    else
        broker_fd = -1;
}

int
broker_poll_fd(void)
{
    return broker_fd;
}

static void
reply(unsigned long long id, const char *how)
{
    char text[48];

    snprintf(text, sizeof text, "%llu %s", id, how);
    write(broker_fd, text, strlen(text));
}

static void
forget(int k)
{
    free(waiting[k].line);
    waiting[k].line = NULL;
}

static void
json_text(struct buffer *b, const char *s, size_t n)
{
    for (; n; s++, n--)
        if (*s == '"' || *s == '\\')
            buffer_print(b, "\\%c", *s);
        else
            buffer_print(b, "%c", *s); /* the kernel lets no others through */
}

/* "ID PID APP PROGRAM LINE" */
static void
pass_on(char *text)
{
    static int next;
    struct buffer b = {0};
    char *word[5];
    int to = app_index(broker), k = next++ % WAITING;
    size_t n;

    for (int i = 0; i < 4; i++) {
        word[i] = text;
        text += strcspn(text, " ");
        if (*text)
            *text++ = 0;
    }
    word[4] = text;
    forget(k); /* of 64 before: answered, or out of time by now */
    waiting[k].id = strtoull(word[0], NULL, 10);
    snprintf(waiting[k].app, sizeof waiting[k].app, "%s", word[2]);
    waiting[k].line = strdup(word[4]);
    n = strcspn(word[4], " ");
    buffer_print(&b, "ask %s {\"app\":\"%s\",\"pid\":%s,\"program\":\"", word[0],
                 word[2], word[1]);
    json_text(&b, word[3], strlen(word[3]));
    buffer_print(&b, "\",\"capability\":\"%.*s\",\"detail\":\"", (int)n, word[4]);
    json_text(&b, word[4] + n + (word[4][n] != 0),
              strlen(word[4] + n + (word[4][n] != 0)));
    buffer_print(&b, "\"}");
    if (to < 0 || b.used > LINE_ROOM || !buffer_add(&b, "", 1, 2 * LINE_ROOM) ||
        strcmp(broker, word[2]) == 0 || /* it cannot allow itself */
        !text_deliver(apps[to], "supervisor", b.bytes)) {
        reply(waiting[k].id, "deny");
        forget(k);
    }
    free(b.bytes);
}

void
broker_read(void)
{
    char text[4600];
    ssize_t n;

    while ((n = read(broker_fd, text, sizeof text - 1)) > 0) {
        text[n - 1] = 0; /* the newline */
        pass_on(text);
    }
}

static void
remember(const char *app, const char *line)
{
    char path[sizeof ALWAYS + MANIFEST_NAME_MAX + 2];
    FILE *f;

    mkdir("/var/lib", 0755);
    mkdir("/var/lib/pith", 0755);
    mkdir(ALWAYS, 0700);
    snprintf(path, sizeof path, ALWAYS "/%s", app);
    f = fopen(path, "ae");
    if (f) {
        fprintf(f, "%s\n", line);
        fclose(f);
    }
}

bool
broker_answer(const struct app *from, const char *line)
{
    unsigned long long id;
    char how[8];
    int k = 0;

    if (!*broker || strcmp(from->name, broker) != 0 ||
        sscanf(line, "%7s %llu", how, &id) != 2 ||
        (strcmp(how, "once") != 0 && strcmp(how, "always") != 0 &&
         strcmp(how, "deny") != 0))
        return false;
    while (k < WAITING && (!waiting[k].line || waiting[k].id != id))
        k++;
    if (k == WAITING)
        return true; /* too late */
    if (strcmp(how, "always") == 0)
        remember(waiting[k].app, waiting[k].line);
    reply(id, how);
    forget(k);
    return true;
}

char *
broker_always(const char *app, char *grants)
{
    char path[sizeof ALWAYS + MANIFEST_NAME_MAX + 2], more[8192];
    size_t used = strlen(grants);
    ssize_t n;
    char *all;
    int fd;

    snprintf(path, sizeof path, ALWAYS "/%s", app);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    n = fd < 0 ? 0 : read(fd, more, sizeof more);
    if (fd >= 0)
        close(fd);
    while (n > 0 && more[n - 1] != '\n')
        n--; /* whole lines */
    all = n > 0 ? realloc(grants, used + (size_t)n + 1) : NULL;
    if (!all)
        return grants;
    memcpy(all + used, more, (size_t)n);
    all[used + (size_t)n] = 0;
    return all;
}
