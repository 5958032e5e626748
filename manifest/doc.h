/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A document: what a TOML or JSON text says, as a tree that remembers where
 * each thing stands, so that whoever reads it can name the line.
 *
 *     text --doc_parse_toml--+--> root table --> nodes in order of appearance
 *          --doc_parse_json--'
 *
 * The text is hostile: nodes, depth and length are bounded, strings hold no
 * NUL, a key is there once. Only what manifests need is understood; of TOML
 * that leaves out dates, floats, multi-line strings (said so when met).
 */
#ifndef MANIFEST_DOC_H
#define MANIFEST_DOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report.h"

#define DOC_TEXT_MAX ((size_t)4 << 20) /* an icon may be in it */
#define DOC_NODES_MAX (1u << 17) /* boot.toml may name ten thousand apps */
#define DOC_DEPTH_MAX 16u

enum doc_kind {
    DOC_TABLE,
    DOC_ARRAY,
    DOC_STRING,
    DOC_INTEGER,
    DOC_BOOL,
    DOC_OTHER, /* JSON's null and numbers that are no 64-bit integer */
};

struct doc_node {
    enum doc_kind kind;
    bool boolean;
    bool fixed;     /* TOML: complete; neither header nor key may add to it */
    bool named;     /* TOML: a header named this table */
    bool tables;    /* TOML: an array of [[tables]] */
    uint32_t line, column; /* of the key, if it has one; from 1 */
    int64_t integer;
    char *key;      /* in a table; NULL in an array */
    char *string;
    size_t length;  /* of the string */
    uint32_t count; /* children of a table or array */
    struct doc_node *first, *last, *next;
};

struct doc {
    struct doc_node *root;
    uint32_t nodes;
};

/* 0; -E_INVAL: "line 3, column 9: ..." in *report; -E_2BIG; -E_NOMEM. In each
 * case doc_finish() is due. */
int doc_parse_toml(struct doc *d, const char *text, size_t len,
                   struct report *report);
int doc_parse_json(struct doc *d, const char *text, size_t len,
                   struct report *report);
void doc_finish(struct doc *d);

/* NULL: no such key. */
struct doc_node *doc_get(const struct doc_node *table, const char *key);
/* "a table", "a string" ... */
const char *doc_kind_name(enum doc_kind k);
/* report_set with "line N, column M: " of the node in front. -E_INVAL. */
int doc_error(const struct doc_node *at, struct report *report,
              const char *format, ...) __attribute__((format(printf, 3, 4)));

/* ---- for the two parsers -------------------------------------------- */

struct doc_text {
    const char *at, *end, *line_start;
    uint32_t line;
    struct doc *doc;
    struct report *report;
};
void doc_text_init(struct doc_text *t, struct doc *d, const char *text,
                   size_t len, struct report *report);
/* A sentence about the place where t is; -E_INVAL. */
int doc_fail(struct doc_text *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* A new last child of parent; key is taken over (may be NULL). NULL: said. */
struct doc_node *doc_add(struct doc_text *t, struct doc_node *parent,
                         enum doc_kind kind, char *key);
/* The byte there, or -1 at the end. */
static inline int
doc_peek(const struct doc_text *t)
{
    return t->at < t->end ? (unsigned char)*t->at : -1;
}
void doc_newline(struct doc_text *t); /* past a '\n' */
/* A quoted string with backslash escapes (both languages' basic string), the
 * opening quote being next. malloc'ed, or NULL: said. */
char *doc_quoted(struct doc_text *t, bool json, size_t *len);
/* Is it UTF-8, shortest form, no surrogates? */
bool doc_utf8(const char *s, size_t n);

#endif
