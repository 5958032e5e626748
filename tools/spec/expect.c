/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Expected failures: lines of `path[:line] reason`, '#' starts a comment. A
 * path is a run of whole components anywhere in a test's path: a file
 * (wasm-core/core/table), or a directory with all that is under it. The list
 * must shrink: an entry whose tests ran without any failure it stands for is
 * itself an error.
 */
#include "spec.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct entry {
    struct entry *next;
    char *path;
    int line; /* 0: any */
    bool ran, used;
};

struct expect {
    struct entry *first;
};

static bool
add(struct expect *e, char *text, const char *file, int number)
{
    char *end, *colon;
    struct entry *entry;

    while (isspace((unsigned char)*text))
        text++;
    if (!*text || *text == '#')
        return true;
    end = text + strcspn(text, " \t\n");
    if (!*end || !end[strspn(end, " \t\n")]) {
        fprintf(stderr, "%s:%d: no reason given\n", file, number);
        return false;
    }
    *end = 0;
    entry = calloc(1, sizeof *entry);
    if (!entry)
        return false;
    entry->next = e->first;
    e->first = entry;
    colon = strchr(text, ':');
    if (colon) {
        *colon = 0;
        entry->line = atoi(colon + 1);
    }
    end = text + strlen(text);
    while (end > text && end[-1] == '/')
        *--end = 0;
    entry->path = strdup(text);
    return entry->path != NULL;
}

struct expect *
expect_load(const char *file)
{
    struct expect *e = calloc(1, sizeof *e);
    char text[1024];
    FILE *f;
    int number = 0;

    if (!e || !file)
        return e;
    f = fopen(file, "r");
    if (!f) {
        fprintf(stderr, "%s: %s\n", file, strerror(errno));
        free(e);
        return NULL;
    }
    while (fgets(text, sizeof text, f))
        if (!add(e, text, file, ++number)) {
            expect_free(e);
            e = NULL;
            break;
        }
    fclose(f);
    return e;
}

void
expect_free(struct expect *e)
{
    struct entry *entry;

    if (!e)
        return;
    while ((entry = e->first)) {
        e->first = entry->next;
        free(entry->path);
        free(entry);
    }
    free(e);
}

/* Is part a run of whole components of path? */
static bool
within(const char *path, const char *part)
{
    size_t n = strlen(part);

    for (const char *p = path; (p = strstr(p, part)); p++)
        if ((p == path || p[-1] == '/') && (!p[n] || p[n] == '/'))
            return true;
    return false;
}

bool
expect_failure(struct expect *e, const char *path, int line)
{
    bool found = false;

    for (struct entry *entry = e->first; entry; entry = entry->next)
        if ((!entry->line || entry->line == line) &&
            within(path, entry->path)) {
            entry->used = true;
            found = true;
        }
    return found;
}

void
expect_ran(struct expect *e, const char *path)
{
    for (struct entry *entry = e->first; entry; entry = entry->next)
        if (within(path, entry->path))
            entry->ran = true;
}

unsigned
expect_stale(const struct expect *e)
{
    unsigned n = 0;

    for (struct entry *entry = e->first; entry; entry = entry->next)
        if (entry->ran && !entry->used) {
            n++;
            printf("%s", entry->path);
            if (entry->line)
                printf(":%d", entry->line);
            puts(": was expected to fail and passes: remove it from the list");
        }
    return n;
}
