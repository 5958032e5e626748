/* SPDX-License-Identifier: Apache-2.0 */
/* JSON (RFC 8259) into a tree; see doc.h. */
#include <stdlib.h>
#include <string.h>

#include "doc.h"
#include "pith_errno.h"

static int value(struct doc_text *t, struct doc_node *parent, char *key,
                 unsigned depth);

static void
blanks(struct doc_text *t)
{
    for (;;) {
        int c = doc_peek(t);

        if (c == '\n')
            doc_newline(t);
        else if (c == ' ' || c == '\t' || c == '\r')
            t->at++;
        else
            return;
    }
}

static bool
take(struct doc_text *t, int c)
{
    blanks(t);
    if (doc_peek(t) != c)
        return false;
    t->at++;
    return true;
}

static int
member(struct doc_text *t, struct doc_node *table, unsigned depth)
{
    const char *from, *line_start;
    size_t len;
    char *key;

    blanks(t);
    if (doc_peek(t) != '"')
        return doc_fail(t, "a member's name in double quotes is missing");
    from = t->at;
    line_start = t->line_start;
    key = doc_quoted(t, true, &len);
    if (!key)
        return -E_INVAL;
    if (doc_get(table, key)) {
        t->at = from;
        t->line_start = line_start;
        doc_fail(t, "\"%.40s\" is there twice", key);
        free(key);
        return -E_INVAL;
    }
    if (!take(t, ':')) {
        doc_fail(t, "a colon is missing behind \"%.40s\"", key);
        free(key);
        return -E_INVAL;
    }
    return value(t, table, key, depth);
}

static int
container(struct doc_text *t, struct doc_node *n, char close, unsigned depth)
{
    int r;

    if (depth == DOC_DEPTH_MAX)
        return doc_fail(t, "it is nested too deeply");
    t->at++;
    if (take(t, close))
        return 0;
    do {
        r = n->kind == DOC_TABLE ? member(t, n, depth + 1)
                                 : value(t, n, NULL, depth + 1);
        if (r < 0)
            return r;
    } while (take(t, ','));
    if (!take(t, close))
        return doc_fail(t, "a comma or %c is missing", close);
    return 0;
}

static bool
digits(struct doc_text *t)
{
    const char *from = t->at;

    while (doc_peek(t) >= '0' && doc_peek(t) <= '9')
        t->at++;
    return t->at > from;
}

static int
number(struct doc_text *t, struct doc_node *n)
{
    const char *from = t->at, *s;
    bool minus = doc_peek(t) == '-', whole = true;
    uint64_t v = 0;

    t->at += minus;
    s = t->at;
    if (!digits(t) || (*s == '0' && t->at - s > 1))
        goto bad;
    for (; s < t->at; s++) {
        if (v > (INT64_MAX - 9) / 10)
            whole = false;
        else
            v = v * 10 + (uint64_t)(*s - '0');
    }
    if (doc_peek(t) == '.') {
        t->at++;
        whole = false;
        if (!digits(t))
            goto bad;
    }
    if (doc_peek(t) == 'e' || doc_peek(t) == 'E') {
        t->at++;
        whole = false;
        if (doc_peek(t) == '+' || doc_peek(t) == '-')
            t->at++;
        if (!digits(t))
            goto bad;
    }
    n->kind = whole ? DOC_INTEGER : DOC_OTHER;
    n->integer = minus ? -(int64_t)v : (int64_t)v;
    return 0;
bad:
    t->at = from;
    return doc_fail(t, "this is no number");
}

static int
word(struct doc_text *t, struct doc_node *n)
{
    static const char *const words[] = {"true", "false", "null"};

    for (int i = 0; i < 3; i++) {
        size_t len = strlen(words[i]);

        if ((size_t)(t->end - t->at) >= len && !memcmp(t->at, words[i], len)) {
            n->kind = i < 2 ? DOC_BOOL : DOC_OTHER;
            n->boolean = i == 0;
            t->at += len;
            return 0;
        }
    }
    return doc_fail(t, "a value is missing here");
}

/* The value at t becomes parent's last child (or the root). */
static int
value(struct doc_text *t, struct doc_node *parent, char *key, unsigned depth)
{
    struct doc_node *n;
    int c;

    blanks(t);
    c = doc_peek(t);
    n = doc_add(t, parent, DOC_OTHER, key);
    if (!n)
        return -E_2BIG;
    switch (c) {
    case '{':
        n->kind = DOC_TABLE;
        return container(t, n, '}', depth);
    case '[':
        n->kind = DOC_ARRAY;
        return container(t, n, ']', depth);
    case '"':
        n->kind = DOC_STRING;
        n->string = doc_quoted(t, true, &n->length);
        return n->string ? 0 : -E_INVAL;
    default:
        return c == '-' || (c >= '0' && c <= '9') ? number(t, n) : word(t, n);
    }
}

int
doc_parse_json(struct doc *d, const char *text, size_t len,
               struct report *report)
{
    struct doc_text t;
    int r;

    doc_text_init(&t, d, text, len, report);
    if (len > DOC_TEXT_MAX)
        return report_set(report, 0, "it is longer than 4 MB"), -E_2BIG;
    if (!doc_utf8(text, len) || memchr(text, 0, len))
        return report_set(report, 0, "it is not UTF-8 text"), -E_INVAL;
    r = value(&t, NULL, NULL, 0);
    if (r < 0)
        return r;
    blanks(&t);
    if (t.at < t.end)
        return doc_fail(&t, "there is more behind the end");
    if (d->root->kind != DOC_TABLE)
        return doc_error(d->root, report, "an object was expected: { ... }");
    return 0;
}
