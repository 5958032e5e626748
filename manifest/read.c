/* SPDX-License-Identifier: Apache-2.0 */
/* Pieces of manifests: names, sizes, rules; see read.h. */
#include "read.h"

#include <stdlib.h>
#include <string.h>

#include "pith_errno.h"

const char *const manifest_restart_names[3] = {"never", "always",
                                               "on-failure"};

const struct cap_row cap_rows[] = {
#define CAPABILITY(cap, key, permission, value)                                \
    {CAP_##cap, key, permission, VALUE_##value},
#include "capability.def"
#undef CAPABILITY
};
const uint32_t cap_row_count = sizeof cap_rows / sizeof *cap_rows;

const char *
manifest_cap_key(enum cap c)
{
    for (uint32_t i = 0; i < cap_row_count; i++)
        if (cap_rows[i].cap == c)
            return cap_rows[i].key;
    return "base";
}

int
read_kind(const struct doc_node *n, enum doc_kind k, struct report *r)
{
    if (n->kind == k)
        return 0;
    return doc_error(n, r, "%.40s is %s; it should be %s",
                     n->key ? n->key : "this", doc_kind_name(n->kind),
                     doc_kind_name(k));
}

int
read_text(const struct doc_node *n, char *out, struct report *r)
{
    if (read_kind(n, DOC_STRING, r) < 0)
        return -E_INVAL;
    if (n->length > MANIFEST_TEXT_MAX)
        return doc_error(n, r, "%.40s is longer than %u bytes",
                         n->key ? n->key : "this", MANIFEST_TEXT_MAX);
    for (size_t i = 0; i < n->length; i++)
        if ((unsigned char)n->string[i] < 0x20 || n->string[i] == 0x7f)
            return doc_error(n, r, "%.40s is not one line of text",
                             n->key ? n->key : "this");
    memcpy(out, n->string, n->length + 1);
    return 0;
}

bool
manifest_name_ok(const char *s, size_t len)
{
    if (!len || len > MANIFEST_NAME_MAX)
        return false;
    for (size_t i = 0; i < len; i++)
        if (!((s[i] >= 'a' && s[i] <= 'z') || (s[i] >= '0' && s[i] <= '9') ||
              s[i] == '-'))
            return false;
    return true;
}

int
read_name(const struct doc_node *n, char *out, struct report *r)
{
    if (read_kind(n, DOC_STRING, r) < 0)
        return -E_INVAL;
    if (!manifest_name_ok(n->string, n->length))
        return doc_error(n, r,
                         "\"%.64s\" is no name: a to z, 0 to 9 and -, at most "
                         "%u of them",
                         n->string, MANIFEST_NAME_MAX);
    memcpy(out, n->string, n->length + 1);
    return 0;
}

int
read_restart(const struct doc_node *n, uint32_t *out, struct report *r)
{
    if (read_kind(n, DOC_STRING, r) < 0)
        return -E_INVAL;
    for (uint32_t i = 0; i < 3; i++)
        if (strcmp(n->string, manifest_restart_names[i]) == 0) {
            *out = i;
            return 0;
        }
    return doc_error(n, r, "restart is \"%.40s\"; it should be never, always "
                           "or on-failure",
                     n->string);
}

void
free_strings(char **s)
{
    for (size_t i = 0; s && s[i]; i++)
        free(s[i]);
    free(s);
}

int
read_strings(const struct doc_node *n, bool names, char ***out,
             struct report *r)
{
    char text[MANIFEST_TEXT_MAX + 1];
    size_t i = 0;

    if (read_kind(n, DOC_ARRAY, r) < 0)
        return -E_INVAL;
    *out = calloc(n->count + 1, sizeof **out);
    if (!*out)
        return report_set(r, 0, "out of memory"), -E_NOMEM;
    for (const struct doc_node *c = n->first; c; c = c->next) {
        int e = names ? read_name(c, text, r) : read_text(c, text, r);

        if (e < 0)
            return e;
        (*out)[i] = strdup(text);
        if (!(*out)[i++])
            return report_set(r, 0, "out of memory"), -E_NOMEM;
    }
    return 0;
}

bool
manifest_size(const char *s, uint64_t *out)
{
    static const char units[] = "KMGT";
    uint64_t n = 0;
    const char *u;
    unsigned shift = 0;

    if (*s < '0' || *s > '9')
        return false;
    for (; *s >= '0' && *s <= '9'; s++) {
        if (n > (UINT64_MAX - 9) / 10)
            return false;
        n = n * 10 + (uint64_t)(*s - '0');
    }
    while (*s == ' ')
        s++;
    if (*s && (u = strchr(units, *s & ~0x20)) && *u) {
        shift = 10 * (unsigned)(u - units + 1);
        s++;
        if (*s == 'i')
            s++;
    }
    if (*s == 'B' || *s == 'b')
        s++;
    if (*s || n > (uint64_t)INT64_MAX >> shift)
        return false;
    *out = n << shift;
    return true;
}

/* ---- rules ----------------------------------------------------------- */

/* Absolute, no . or .., no control characters. */
static bool
path_ok(const char *s)
{
    if (*s != '/')
        return false;
    for (size_t n; *s; s += n) {
        s++;
        n = strcspn(s, "/");
        if ((n == 1 && s[0] == '.') || (n == 2 && s[0] == '.' && s[1] == '.'))
            return false;
        for (size_t i = 0; i < n; i++)
            if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
                return false;
        if (!s[n])
            break;
    }
    return true;
}

/* HOST:PORT, [V6]:PORT, :PORT; either may be *. */
static bool
address_ok(const char *s)
{
    const char *port = strrchr(s, ':');
    size_t host = port ? (size_t)(port - s) : 0;
    uint32_t n = 0;
    bool v6 = host >= 2 && s[0] == '[' && s[host - 1] == ']';

    if (!port || host > 253)
        return false;
    for (size_t i = v6 ? 1 : 0; i < host - v6; i++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                    "0123456789.-_*",
                    s[i]) &&
            !(v6 && s[i] == ':'))
            return false;
    if (strcmp(port, ":*") == 0)
        return true;
    for (port++; *port >= '0' && *port <= '9' && n <= 65535; port++)
        n = n * 10 + (uint32_t)(*port - '0');
    return !*port && port[-1] != ':' && n > 0 && n <= 65535;
}

static bool
object_ok(enum cap cap, const char *s)
{
    switch (cap) {
    case CAP_FS:
        return path_ok(s);
    case CAP_NET:
        return address_ok(s);
    default:
        return strcmp(s, "*") == 0 || manifest_name_ok(s, strlen(s));
    }
}

int
manifest_add_rule(struct manifest *m, enum cap cap, uint32_t how,
                  const char *object, const struct doc_node *n,
                  struct report *r)
{
    static const struct doc_node nowhere = {.line = 1, .column = 1};
    struct manifest_rule *rules;
    size_t len = strlen(object);

    if (!n)
        n = &nowhere;
    if (!object_ok(cap, object) || len > 4000)
        return doc_error(n, r, "\"%.60s\" is no %s", object,
                         cap == CAP_FS    ? "absolute path without . and .."
                         : cap == CAP_NET ? "address; as \"example.org:443\""
                                          : "name of an app");
    if (m->nrules >= MANIFEST_RULES_MAX)
        return doc_error(n, r, "more than %u paths, addresses and names",
                         MANIFEST_RULES_MAX);
    rules = realloc(m->rules, (m->nrules + 1) * sizeof *rules);
    if (rules)
        m->rules = rules;
    if (!rules || !(rules[m->nrules].object = strdup(object)))
        return report_set(r, 0, "out of memory"), -E_NOMEM;
    while (cap == CAP_FS && len > 1 && object[len - 1] == '/')
        rules[m->nrules].object[--len] = 0;
    rules[m->nrules].cap = cap;
    rules[m->nrules++].how = how;
    m->caps |= 1u << cap;
    return 0;
}

void
manifest_finish(struct manifest *m)
{
    for (uint32_t i = 0; i < m->nrules; i++)
        free(m->rules[i].object);
    free(m->rules);
    m->rules = NULL;
    m->nrules = 0;
}
