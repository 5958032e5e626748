/* SPDX-License-Identifier: Apache-2.0 */
/* What apps use, as the kernel counts it, and added up over their runs. */
#include "super.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EVERY_MS 250u

/* The line of kernel_list for an app, behind its name. */
static void
parse(struct usage *u, const char *s)
{
    *u = (struct usage){0};
    sscanf(s, " %*u %u %llu %llu %lld %llu %llu %llu %u", &u->procs,
           &u->cpu_ns, &u->bytes, &u->disk, &u->sent, &u->received,
           &u->denied, &u->pending);
}

/* malloc'ed lines; NULL. */
static char *
kernel_list(const char *name, size_t room)
{
    char *text = malloc(room);
    int n = text ? pith_app_control(PITH_APP_LIST, name, text, (int)room - 1, 0)
                 : -1;

    if (n >= 0 && (size_t)n >= room) { /* more apps than thought */
        free(text);
        return kernel_list(name, (size_t)n + 4096);
    }
    if (n < 0) {
        free(text);
        return NULL;
    }
    text[n] = 0;
    return text;
}

void
usage_refresh(void)
{
    static uint64_t last;
    char *list, *at, *next;

    if (now_ms() - last < EVERY_MS)
        return;
    last = now_ms();
    list = kernel_list("", 4096 + (size_t)policy.count * 128);
    for (at = list; at && *at; at = next) {
        size_t n = strcspn(at, " ");
        int i;

        next = at + strcspn(at, "\n");
        if (*next)
            *next++ = 0;
        if (!at[n])
            continue;
        at[n] = 0;
        i = app_index(at);
        if (i >= 0 && apps[i]->pid) {
            unsigned long long sent = apps[i]->now.sent;

            parse(&apps[i]->now, at + n + 1);
            /* one that talks by typed messages only is not silent either */
            if (apps[i]->now.sent != sent)
                policy_spoke(&policy, i, now_ms());
        }
    }
    free(list);
}

void
usage_ended(int i)
{
    struct app *a = apps[i];
    char *line = kernel_list(a->name, 512);

    if (line)
        parse(&a->now, line + strcspn(line, " "));
    free(line);
    a->before.cpu_ns += a->now.cpu_ns;
    a->before.sent += a->now.sent;
    a->before.received += a->now.received;
    a->before.denied += a->now.denied;
    a->now = (struct usage){0};
}
