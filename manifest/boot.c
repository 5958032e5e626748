/* SPDX-License-Identifier: Apache-2.0 */
/* boot.toml: which apps init starts, in which order; and, for `pith serve FILE`,
 * where things are on the host. */
#include <stdlib.h>
#include <string.h>

#include "pith_errno.h"
#include "read.h"

#define BROKER_SECS 60
#define BROKER_SECS_MAX 86400
#define AFTER_DEPTH 200u

static int
read_app(struct boot_app *a, const struct doc_node *table, struct report *r)
{
    uint32_t restart;
    int e = read_kind(table, DOC_TABLE, r);

    a->restart = -1;
    for (const struct doc_node *n = e < 0 ? NULL : table->first; n && e == 0;
         n = n->next) {
        if (strcmp(n->key, "name") == 0) {
            e = read_name(n, a->name, r);
        } else if (strcmp(n->key, "args") == 0) {
            e = read_strings(n, false, &a->args, r);
        } else if (strcmp(n->key, "after") == 0) {
            e = read_strings(n, true, &a->after, r);
        } else if (strcmp(n->key, "restart") == 0) {
            e = read_restart(n, &restart, r);
            a->restart = e < 0 ? -1 : (int)restart;
        } else {
            e = doc_error(n, r, "[[app]] has name, args, after and restart, "
                                "no %.40s",
                          n->key);
        }
    }
    if (e == 0 && !a->name[0])
        e = doc_error(table, r, "[[app]] without a name");
    return e;
}

static const struct boot_config *sorted; /* qsort has no context */

static int
order(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;
    int c = strcmp(sorted->apps[*x].name, sorted->apps[*y].name);

    return c ? c : *x < *y ? -1 : 1;
}

/* The first of that name, or -1. */
static int
index_of(const struct boot_config *c, const char *name)
{
    uint32_t from = 0, to = c->napps;

    while (from < to) {
        uint32_t mid = from + (to - from) / 2;

        if (strcmp(c->apps[c->by_name[mid]].name, name) < 0)
            from = mid + 1;
        else
            to = mid;
    }
    return from < c->napps &&
                   strcmp(c->apps[c->by_name[from]].name, name) == 0
               ? (int)c->by_name[from]
               : -1;
}

static const struct doc_node *
nth(const struct doc_node *list, uint32_t i)
{
    const struct doc_node *n = list->first;

    while (i--)
        n = n->next;
    return n;
}

/* state: 0 not seen, 1 on the way down, 2 done. */
static int
visit(const struct boot_config *c, uint32_t i, uint32_t depth, uint8_t *state,
      const struct doc_node *list, struct report *r)
{
    const struct boot_app *a = &c->apps[i];

    if (state[i] == 2)
        return 0;
    if (depth > AFTER_DEPTH)
        return doc_error(nth(list, i), r, "more than %u apps, each after the "
                                          "next",
                         AFTER_DEPTH);
    if (state[i] == 1)
        return doc_error(nth(list, i), r, "%s would be started after itself",
                         a->name);
    state[i] = 1;
    for (char **s = a->after; s && *s; s++) {
        int k = index_of(c, *s), e;

        if (k < 0)
            return doc_error(nth(list, i), r, "%s is to be after %s, which is "
                                              "not here",
                             a->name, *s);
        e = visit(c, (uint32_t)k, depth + 1, state, list, r);
        if (e < 0)
            return e;
    }
    state[i] = 2;
    return 0;
}

static int
check_order(struct boot_config *c, const struct doc_node *list,
            struct report *r)
{
    uint8_t *state = calloc(c->napps + 1, 1);
    int e;

    c->by_name = calloc(c->napps + 1, sizeof *c->by_name);
    e = state && c->by_name ? 0 : -E_NOMEM;
    for (uint32_t i = 0; i < c->napps && e == 0; i++)
        c->by_name[i] = i;
    sorted = c;
    if (e == 0)
        qsort(c->by_name, c->napps, sizeof *c->by_name, order);
    for (uint32_t i = 0; i < c->napps && e == 0; i++) {
        if (index_of(c, c->apps[i].name) != (int)i)
            e = doc_error(nth(list, i), r, "%s is there twice",
                          c->apps[i].name);
        else
            e = visit(c, i, 0, state, list, r);
    }
    free(state);
    return e;
}

static int
read_apps(struct boot_config *c, const struct doc_node *list, struct report *r)
{
    int e = read_kind(list, DOC_ARRAY, r);

    if (e < 0)
        return e;
    if (list->count > MANIFEST_APPS_MAX)
        return doc_error(list, r, "more than %u apps", MANIFEST_APPS_MAX);
    c->apps = calloc(list->count + 1, sizeof *c->apps);
    if (!c->apps)
        return report_set(r, 0, "out of memory"), -E_NOMEM;
    for (const struct doc_node *n = list->first; n && e == 0; n = n->next)
        e = read_app(&c->apps[c->napps++], n, r);
    return e < 0 ? e : check_order(c, list, r);
}

static int
read_setting(struct boot_config *c, const struct doc_node *n, struct report *r)
{
    if (strcmp(n->key, "signatures") == 0) {
        if (read_kind(n, DOC_STRING, r) < 0)
            return -E_INVAL;
        if (strcmp(n->string, "required") == 0)
            c->signatures = SIGNATURES_REQUIRED;
        else if (strcmp(n->string, "off") == 0)
            c->signatures = SIGNATURES_OFF;
        else
            return doc_error(n, r, "signatures should be \"required\" or "
                                   "\"off\" (development)");
        return 0;
    }
    if (strcmp(n->key, "broker") == 0)
        return read_name(n, c->broker, r);
    if (strcmp(n->key, "broker_secs") == 0) {
        if (read_kind(n, DOC_INTEGER, r) < 0)
            return -E_INVAL;
        if (n->integer < 1 || n->integer > BROKER_SECS_MAX)
            return doc_error(n, r, "broker_secs is %lld; it should be 1 to %d",
                             (long long)n->integer, BROKER_SECS_MAX);
        c->broker_secs = (uint32_t)n->integer;
        return 0;
    }
    return doc_error(n, r, "boot.toml has [[app]], signatures, broker, "
                           "broker_secs and [serve], no %.40s",
                     n->key);
}

/* ---- [serve] --------------------------------------------------------- */

static int
read_copy(const struct doc_node *n, char **out, struct report *r)
{
    char text[MANIFEST_TEXT_MAX + 1];
    int e = read_text(n, text, r);

    if (e < 0)
        return e;
    if (!text[0])
        return doc_error(n, r, "%s is empty", n->key);
    *out = strdup(text);
    return *out ? 0 : (report_set(r, 0, "out of memory"), -E_NOMEM);
}

static int
read_serve(struct serve_config *s, const struct doc_node *table,
           struct report *r)
{
    const struct {
        const char *key;
        char **to;
    } texts[] = {{"root", &s->root},       {"image", &s->image},
                 {"control", &s->control}, {"metrics", &s->metrics},
                 {"log", &s->log},         {"apps", &s->apps}};
    int e = read_kind(table, DOC_TABLE, r);

    for (const struct doc_node *n = e < 0 ? NULL : table->first; n && e == 0;
         n = n->next) {
        size_t i = 0;

        while (i < sizeof texts / sizeof *texts &&
               strcmp(n->key, texts[i].key) != 0)
            i++;
        if (i < sizeof texts / sizeof *texts) {
            e = read_copy(n, texts[i].to, r);
        } else if (strcmp(n->key, "mounts") == 0) {
            e = read_strings(n, false, &s->mounts, r);
        } else if (strcmp(n->key, "ephemeral") == 0) {
            e = read_kind(n, DOC_BOOL, r);
            s->ephemeral = n->boolean;
        } else {
            e = doc_error(n, r, "[serve] has root, image, ephemeral, control, "
                                "metrics, log, apps and mounts, no %.40s",
                          n->key);
        }
    }
    return e;
}

int
boot_config_read(struct boot_config *c, const char *text, size_t len,
                 struct report *r)
{
    struct doc d;
    int e;

    memset(c, 0, sizeof *c);
    c->broker_secs = BROKER_SECS;
    e = doc_parse_toml(&d, text, len, r);
    for (const struct doc_node *n = e < 0 ? NULL : d.root->first; n && e == 0;
         n = n->next) {
        if (strcmp(n->key, "app") == 0)
            e = read_apps(c, n, r);
        else if (strcmp(n->key, "serve") == 0)
            e = read_serve(&c->serve, n, r);
        else
            e = read_setting(c, n, r);
    }
    doc_finish(&d);
    return e;
}

void
boot_config_finish(struct boot_config *c)
{
    for (uint32_t i = 0; i < c->napps; i++) {
        free_strings(c->apps[i].args);
        free_strings(c->apps[i].after);
    }
    free(c->apps);
    free(c->by_name);
    free(c->serve.root);
    free(c->serve.image);
    free(c->serve.control);
    free(c->serve.metrics);
    free(c->serve.log);
    free(c->serve.apps);
    free_strings(c->serve.mounts);
    *c = (struct boot_config){0};
}
