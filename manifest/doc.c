/* SPDX-License-Identifier: Apache-2.0 */
/* The tree, and what TOML and JSON have in common: see doc.h. */
#include "doc.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pith_errno.h"

/* ---- the tree -------------------------------------------------------- */

static void
free_node(struct doc_node *n)
{
    while (n->first) {
        struct doc_node *c = n->first;

        n->first = c->next;
        free_node(c);
    }
    free(n->key);
    free(n->string);
    free(n);
}

void
doc_finish(struct doc *d)
{
    if (d->root)
        free_node(d->root);
    d->root = NULL;
}

struct doc_node *
doc_get(const struct doc_node *table, const char *key)
{
    struct doc_node *n = table->first;

    while (n && (!n->key || strcmp(n->key, key) != 0))
        n = n->next;
    return n;
}

const char *
doc_kind_name(enum doc_kind k)
{
    static const char *const names[] = {
        "a table", "an array", "a string", "an integer", "true or false",
        "neither text nor an integer"};

    return names[k];
}

struct doc_node *
doc_add(struct doc_text *t, struct doc_node *parent, enum doc_kind kind,
        char *key)
{
    struct doc_node *n;

    if (t->doc->nodes >= DOC_NODES_MAX) {
        doc_fail(t, "it holds more than %u values", DOC_NODES_MAX);
        free(key);
        return NULL;
    }
    n = calloc(1, sizeof *n);
    if (!n) {
        report_set(t->report, 0, "out of memory");
        free(key);
        return NULL;
    }
    t->doc->nodes++;
    n->kind = kind;
    n->key = key;
    n->line = t->line;
    n->column = (uint32_t)(t->at - t->line_start) + 1;
    if (!parent)
        return t->doc->root = n;
    if (parent->last)
        parent->last->next = n;
    else
        parent->first = n;
    parent->last = n;
    parent->count++;
    return n;
}

/* ---- errors ---------------------------------------------------------- */

static void
set(struct report *report, uint32_t line, uint32_t column, const char *format,
    va_list ap)
{
    char text[200];

    vsnprintf(text, sizeof text, format, ap);
    report_set(report, 0, "line %u, column %u: %s", (unsigned)line,
               (unsigned)column, text);
}

int
doc_fail(struct doc_text *t, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    set(t->report, t->line, (uint32_t)(t->at - t->line_start) + 1, format, ap);
    va_end(ap);
    return -E_INVAL;
}

int
doc_error(const struct doc_node *at, struct report *report, const char *format,
          ...)
{
    va_list ap;

    va_start(ap, format);
    set(report, at->line, at->column, format, ap);
    va_end(ap);
    return -E_INVAL;
}

/* ---- text ------------------------------------------------------------ */

void
doc_text_init(struct doc_text *t, struct doc *d, const char *text, size_t len,
              struct report *report)
{
    *d = (struct doc){0};
    *t = (struct doc_text){text, text + len, text, 1, d, report};
}

void
doc_newline(struct doc_text *t)
{
    t->at++;
    t->line++;
    t->line_start = t->at;
}

/* The length of the character at s, or 0 when it is malformed. */
static size_t
utf8_char(const unsigned char *s, size_t left)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t n = s[0] < 0x80 ? 1 : s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2, i;
    uint32_t c;

    if (n == 1)
        return 1;
    if (s[0] < 0xc2 || s[0] > 0xf4 || n > left)
        return 0;
    c = s[0] & (0x7fu >> n);
    for (i = 1; i < n; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (s[i] & 0x3f);
    }
    return c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000) ? 0 : n;
}

bool
doc_utf8(const char *s, size_t n)
{
    size_t at = 0, k;

    for (; at < n; at += k) {
        k = utf8_char((const unsigned char *)s + at, n - at);
        if (!k)
            return false;
    }
    return true;
}

static size_t
put_utf8(char *out, uint32_t c)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xc0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xe0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3f));
        out[2] = (char)(0x80 | (c & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3f));
    out[2] = (char)(0x80 | (c >> 6 & 0x3f));
    out[3] = (char)(0x80 | (c & 0x3f));
    return 4;
}

/* n hexadecimal digits; -1 when they are none. */
static int64_t
hex(struct doc_text *t, int n)
{
    int64_t v = 0;

    for (; n; n--, t->at++) {
        int c = doc_peek(t) | 0x20;

        if (c >= '0' && c <= '9')
            v = v << 4 | (c - '0');
        else if (c >= 'a' && c <= 'f')
            v = v << 4 | (c - 'a' + 10);
        else
            return -1;
    }
    return v;
}

/* \uXXXX or \UXXXXXXXX behind its letter; JSON has surrogate pairs. */
static int64_t
escaped_char(struct doc_text *t, bool json, int digits)
{
    int64_t c = hex(t, digits), low;

    if (json && c >= 0xd800 && c < 0xdc00 && t->end - t->at > 2 &&
        t->at[0] == '\\' && t->at[1] == 'u') {
        t->at += 2;
        low = hex(t, 4);
        if (low < 0xdc00 || low >= 0xe000)
            return -1;
        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
    }
    return c <= 0 || c > 0x10ffff || (c >= 0xd800 && c < 0xe000) ? -1 : c;
}

/* Past the backslash: bytes put into out, or -1. */
static int
escape(struct doc_text *t, bool json, char *out)
{
    static const char from[] = "\"\\bfnrt/", to[] = "\"\\\b\f\n\r\t/";
    int c = doc_peek(t);
    const char *at = c > 0 ? strchr(from, c) : NULL;
    int64_t v;

    t->at += c >= 0;
    if (at && (json || c != '/')) {
        *out = to[at - from];
        return 1;
    }
    if (c != 'u' && (c != 'U' || json))
        return -1;
    v = escaped_char(t, json, c == 'u' ? 4 : 8);
    return v < 0 ? -1 : (int)put_utf8(out, (uint32_t)v);
}

char *
doc_quoted(struct doc_text *t, bool json, size_t *len)
{
    const char *open = t->at++;
    /* an escape is never longer than what it stands for */
    size_t room = 1, used = 0;
    const char *s = t->at;
    char *out;

    while (s < t->end && *s != '"' && *s != '\n')
        s += s[0] == '\\' && s + 1 < t->end ? 2 : 1;
    room += (size_t)(s - t->at);
    out = malloc(room);
    if (!out) {
        report_set(t->report, 0, "out of memory");
        return NULL;
    }
    for (;;) {
        int c = doc_peek(t), n = 1;

        if (c == '"')
            break;
        if (c < 0 || c == '\n') {
            t->at = open;
            doc_fail(t, "the string that begins here has no end on its line");
            goto fail;
        }
        if (c < 0x20 && (json || c != '\t')) {
            doc_fail(t, "a control character in a string");
            goto fail;
        }
        if (c == '\\') {
            const char *back = t->at++;

            n = escape(t, json, out + used);
            if (n < 0) {
                t->at = back;
                doc_fail(t, "this is no escape; a backslash itself is \\\\");
                goto fail;
            }
        } else {
            out[used] = (char)c;
            t->at++;
        }
        used += (size_t)n;
    }
    out[used] = 0;
    *len = used;
    t->at++;
    return out;
fail:
    free(out);
    return NULL;
}
