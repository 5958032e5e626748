/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TOML 1.0 into a tree, without dates, floats and multi-line strings; see doc.h.
 * Why not a library: docs/RATIONALE.md.
 */
#include <stdlib.h>
#include <string.h>

#include "doc.h"
#include "pith_errno.h"

static int value(struct doc_text *t, struct doc_node *n, unsigned depth);

static void
blanks(struct doc_text *t)
{
    while (doc_peek(t) == ' ' || doc_peek(t) == '\t')
        t->at++;
}

/* To the end of the line, which may hold a comment. 0, -E_INVAL. */
static int
end_of_line(struct doc_text *t)
{
    blanks(t);
    if (doc_peek(t) == '#') {
        while (doc_peek(t) >= 0 && doc_peek(t) != '\n')
            t->at++;
    }
    if (doc_peek(t) == '\r' && t->end - t->at > 1 && t->at[1] == '\n')
        t->at++;
    if (doc_peek(t) < 0)
        return 0;
    if (doc_peek(t) != '\n')
        return doc_fail(t, "the line should end here; one key = value a line");
    doc_newline(t);
    return 0;
}

/* Blanks, comments and line ends: between a file's lines and an array's
 * elements. */
static int
space(struct doc_text *t)
{
    for (;;) {
        int c;

        blanks(t);
        c = doc_peek(t);
        if (c != '\n' && c != '\r' && c != '#')
            return 0;
        if (end_of_line(t) < 0)
            return -E_INVAL;
    }
}

/* ---- keys ------------------------------------------------------------ */

static bool
bare(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || c == '_' || c == '-';
}

static char *
copy(struct doc_text *t, const char *s, size_t n)
{
    char *out = malloc(n + 1);

    if (!out) {
        report_set(t->report, 0, "out of memory");
        return NULL;
    }
    memcpy(out, s, n);
    out[n] = 0;
    return out;
}

static bool
tripled(const struct doc_text *t, char quote)
{
    return t->end - t->at >= 3 && t->at[1] == quote && t->at[2] == quote;
}

static char *
string(struct doc_text *t, size_t *len)
{
    const char *open = t->at;
    char *out;

    if (tripled(t, *open)) {
        doc_fail(t, "strings over several lines are not understood");
        return NULL;
    }
    if (*open == '"')
        return doc_quoted(t, false, len);
    for (t->at++; doc_peek(t) >= 0 && doc_peek(t) != '\''; t->at++) {
        int c = doc_peek(t);

        if (c == '\n' || (c < 0x20 && c != '\t'))
            break;
    }
    if (doc_peek(t) != '\'') {
        t->at = open;
        doc_fail(t, "the string that begins here has no end on its line");
        return NULL;
    }
    *len = (size_t)(t->at - open) - 1;
    out = copy(t, open + 1, *len);
    t->at++;
    return out;
}

/* One part of a key. malloc'ed; NULL: said. */
static char *
key_part(struct doc_text *t)
{
    const char *from = t->at;
    size_t len;

    if (doc_peek(t) == '"' || doc_peek(t) == '\'')
        return string(t, &len);
    while (bare(doc_peek(t)))
        t->at++;
    if (t->at == from) {
        doc_fail(t, "a key is missing here");
        return NULL;
    }
    return copy(t, from, (size_t)(t->at - from));
}

/* Where a [header] or a.b.c leads: the table, made if need be. */
static struct doc_node *
descend(struct doc_text *t, struct doc_node *table, char *key, bool header)
{
    struct doc_node *n = doc_get(table, key);

    if (!n)
        return doc_add(t, table, DOC_TABLE, key);
    if (n->kind == DOC_ARRAY && n->tables && header)
        n = n->last;
    if (!n || n->kind != DOC_TABLE || n->fixed || (!header && n->named)) {
        doc_fail(t, "%.40s is already something else", key);
        n = NULL;
    }
    free(key);
    return n;
}

/*
 * Part after part of a dotted key: every one but the last is a table on the
 * way. The table that holds the last goes to *table, the last is returned.
 */
static char *
dotted(struct doc_text *t, struct doc_node **table, bool header)
{
    unsigned depth = 0;
    char *key;

    for (;;) {
        blanks(t);
        key = key_part(t);
        if (!key)
            return NULL;
        blanks(t);
        if (doc_peek(t) != '.')
            return key;
        if (++depth == DOC_DEPTH_MAX) {
            doc_fail(t, "it is nested too deeply");
            free(key);
            return NULL;
        }
        *table = descend(t, *table, key, header);
        if (!*table)
            return NULL;
        t->at++;
    }
}

/* key = value in table. */
static int
pair(struct doc_text *t, struct doc_node *table, unsigned depth)
{
    const char *from;
    struct doc_node *n;
    char *key;

    blanks(t);
    from = t->at;
    key = dotted(t, &table, false);
    if (!key)
        return -E_INVAL;
    if (doc_get(table, key)) {
        t->at = from;
        doc_fail(t, "%.40s is there twice", key);
        free(key);
        return -E_INVAL;
    }
    if (doc_peek(t) != '=') {
        doc_fail(t, "= is missing behind %.40s", key);
        free(key);
        return -E_INVAL;
    }
    n = doc_add(t, table, DOC_OTHER, key);
    if (!n)
        return -E_2BIG;
    n->column = (uint32_t)(from - t->line_start) + 1;
    t->at++;
    blanks(t);
    return value(t, n, depth);
}

/* ---- values ---------------------------------------------------------- */

static int
array(struct doc_text *t, struct doc_node *n, unsigned depth)
{
    t->at++;
    for (;;) {
        struct doc_node *element;
        int r = space(t);

        if (r < 0)
            return r;
        if (doc_peek(t) == ']')
            break;
        element = doc_add(t, n, DOC_OTHER, NULL);
        if (!element)
            return -E_2BIG;
        r = value(t, element, depth + 1);
        if (r == 0)
            r = space(t);
        if (r < 0)
            return r;
        if (doc_peek(t) == ',')
            t->at++;
        else if (doc_peek(t) != ']')
            return doc_fail(t, "a comma or ] is missing");
    }
    t->at++;
    return 0;
}

static void
fix(struct doc_node *n)
{
    struct doc_node *c;

    n->fixed = true;
    for (c = n->first; c; c = c->next)
        fix(c);
}

static int
inline_table(struct doc_text *t, struct doc_node *n, unsigned depth)
{
    int r;

    t->at++;
    blanks(t);
    while (doc_peek(t) != '}') {
        r = pair(t, n, depth + 1);
        if (r < 0)
            return r;
        blanks(t);
        if (doc_peek(t) == '}')
            break;
        if (doc_peek(t) != ',')
            return doc_fail(t, "a comma or } is missing");
        t->at++;
        blanks(t);
        if (doc_peek(t) == '}')
            return doc_fail(t, "no comma before }");
    }
    t->at++;
    fix(n);
    return 0;
}

static int
digit_value(int c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
}

static int
integer(struct doc_text *t, struct doc_node *n)
{
    const char *from = t->at;
    bool minus = doc_peek(t) == '-';
    uint64_t v = 0;
    int base = 10;

    if (minus || doc_peek(t) == '+')
        t->at++;
    if (t->end - t->at > 2 && t->at[0] == '0' && !minus && *from != '+' &&
        strchr("xob", t->at[1])) {
        base = t->at[1] == 'x' ? 16 : t->at[1] == 'o' ? 8 : 2;
        t->at += 2;
    }
    const char *digits = t->at;
    for (; digit_value(doc_peek(t)) < base || doc_peek(t) == '_'; t->at++) {
        int c = doc_peek(t);

        if (c == '_') {
            if (t->at == digits || t->at[-1] == '_')
                goto bad;
            continue;
        }
        if (v > ((uint64_t)INT64_MAX - 15) / (uint64_t)base)
            return doc_fail(t, "the number is too large");
        v = v * (uint64_t)base + (uint64_t)digit_value(c);
    }
    if (t->at == digits || t->at[-1] == '_' || bare(doc_peek(t)) ||
        (base == 10 && *digits == '0' && t->at - digits > 1) ||
        doc_peek(t) == '.' || doc_peek(t) == ':')
        goto bad;
    n->kind = DOC_INTEGER;
    n->integer = minus ? -(int64_t)v : (int64_t)v;
    return 0;
bad:
    t->at = from;
    return doc_fail(t, "this is no whole number; text stands in quotes");
}

static int
word(struct doc_text *t, struct doc_node *n)
{
    const char *from = t->at;
    size_t len;

    while (bare(doc_peek(t)))
        t->at++;
    len = (size_t)(t->at - from);
    n->kind = DOC_BOOL;
    n->boolean = len == 4 && !memcmp(from, "true", 4);
    if (n->boolean || (len == 5 && !memcmp(from, "false", 5)))
        return 0;
    t->at = from;
    return doc_fail(t, len ? "%.*s is no value; text stands in quotes"
                           : "a value is missing here%.*s",
                    (int)(len < 40 ? len : 40), from);
}

static int
value(struct doc_text *t, struct doc_node *n, unsigned depth)
{
    int c = doc_peek(t);

    if (depth == DOC_DEPTH_MAX)
        return doc_fail(t, "it is nested too deeply");
    if (c == '"' || c == '\'') {
        n->kind = DOC_STRING;
        n->string = string(t, &n->length);
        return n->string ? 0 : -E_INVAL;
    }
    if (c == '[' || c == '{') {
        n->kind = c == '[' ? DOC_ARRAY : DOC_TABLE;
        return c == '[' ? array(t, n, depth) : inline_table(t, n, depth);
    }
    return (c >= '0' && c <= '9') || c == '-' || c == '+' ? integer(t, n)
                                                          : word(t, n);
}

/* ---- headers --------------------------------------------------------- */

/* [[a.b]]: one more table at the end of that array. */
static struct doc_node *
array_header(struct doc_text *t, struct doc_node *in, char *key)
{
    struct doc_node *n = doc_get(in, key);

    if (n) {
        if (n->kind != DOC_ARRAY || !n->tables) {
            doc_fail(t, "%.40s is already something else", key);
            n = NULL;
        }
        free(key);
    } else {
        n = doc_add(t, in, DOC_ARRAY, key);
        if (n)
            n->tables = true;
    }
    return n ? doc_add(t, n, DOC_TABLE, NULL) : NULL;
}

static struct doc_node *
table_header(struct doc_text *t, struct doc_node *in, char *key)
{
    struct doc_node *n = doc_get(in, key);

    if (!n) {
        n = doc_add(t, in, DOC_TABLE, key);
    } else {
        if (n->kind != DOC_TABLE || n->fixed || n->named) {
            doc_fail(t, "%.40s is there twice", key);
            n = NULL;
        }
        free(key);
    }
    if (n)
        n->named = true;
    return n;
}

/* The table that the keys after [header] are for, or NULL. */
static struct doc_node *
header(struct doc_text *t)
{
    struct doc_node *in = t->doc->root, *n;
    const char *from = t->at++;
    bool list = doc_peek(t) == '[';
    uint32_t column = (uint32_t)(from - t->line_start) + 1;
    char *key;

    t->at += list;
    key = dotted(t, &in, true);
    if (!key)
        return NULL;
    if (doc_peek(t) != ']' || (list && (t->end - t->at < 2 || t->at[1] != ']'))) {
        doc_fail(t, list ? "]] is missing" : "] is missing");
        free(key);
        return NULL;
    }
    n = list ? array_header(t, in, key) : table_header(t, in, key);
    if (!n)
        return NULL;
    n->column = column;
    t->at += list ? 2 : 1;
    return n;
}

int
doc_parse_toml(struct doc *d, const char *text, size_t len,
               struct report *report)
{
    struct doc_node *table;
    struct doc_text t;
    int r = 0;

    doc_text_init(&t, d, text, len, report);
    if (len > DOC_TEXT_MAX)
        return report_set(report, 0, "it is longer than 4 MB"), -E_2BIG;
    if (!doc_utf8(text, len) || memchr(text, 0, len))
        return report_set(report, 0, "it is not UTF-8 text"), -E_INVAL;
    table = doc_add(&t, NULL, DOC_TABLE, NULL);
    if (!table)
        return -E_NOMEM;
    for (;;) {
        r = space(&t);
        if (r < 0 || t.at == t.end)
            return r;
        if (doc_peek(&t) == '[') {
            table = header(&t);
            r = table ? 0 : -E_INVAL;
        } else {
            r = pair(&t, table, 0);
        }
        if (r == 0)
            r = end_of_line(&t);
        if (r < 0)
            return r;
    }
}
