/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The other two manifests: a .wpm package's manifest.json, a .trymon package's
 * metadata. Packages were written for earlier systems, so members that mean
 * nothing here are counted and let be; wrong types are errors.
 */
#include <string.h>

#include "pith_errno.h"
#include "read.h"

static int
read_permissions(struct manifest *m, const struct doc_node *n,
                 struct report *r)
{
    int e = read_kind(n, DOC_ARRAY, r);

    for (const struct doc_node *c = n->first; c && e == 0; c = c->next) {
        const struct cap_row *row = cap_rows, *end = row + cap_row_count;

        e = read_kind(c, DOC_STRING, r);
        if (e < 0)
            return e;
        while (row < end && strcmp(row->permission, c->string) != 0 &&
               strcmp(row->key, c->string) != 0)
            row++;
        if (row == end)
            return doc_error(c, r, "there is no permission \"%.40s\"",
                             c->string);
        m->caps |= 1u << row->cap;
        m->own_data |= row->cap == CAP_FS;
    }
    return e;
}

/* Names of packages may have capitals, blanks, dots, _ and +: ours do not. */
static int
read_package_name(const struct doc_node *n, char *out, struct report *r)
{
    size_t used = 0;

    if (read_kind(n, DOC_STRING, r) < 0)
        return -E_INVAL;
    for (const char *s = n->string; *s && used < MANIFEST_NAME_MAX; s++) {
        char c = *s >= 'A' && *s <= 'Z' ? (char)(*s + 32) : *s;

        out[used++] = strchr(" ._+", c) ? '-' : c;
    }
    out[used] = 0;
    if (!manifest_name_ok(out, used) || n->length > MANIFEST_NAME_MAX)
        return doc_error(n, r, "\"%.64s\" is no name for a package",
                         n->string);
    return 0;
}

static void
note_unknown(struct manifest *m, const char *key)
{
    size_t len = strlen(key);

    if (m->unknown++)
        return;
    if (len >= sizeof m->unknown_name)
        len = sizeof m->unknown_name - 1;
    memcpy(m->unknown_name, key, len);
    m->unknown_name[len] = 0;
}

static int
read_member(struct manifest *m, const struct doc_node *n, struct report *r)
{
    char ignored[MANIFEST_TEXT_MAX + 1];
    char **list = NULL;
    int e;

    if (strcmp(n->key, "name") == 0)
        return read_package_name(n, m->name, r);
    if (strcmp(n->key, "version") == 0)
        return read_text(n, m->version, r);
    if (strcmp(n->key, "entry") == 0)
        return read_text(n, m->wasm, r);
    if (strcmp(n->key, "description") == 0)
        return read_text(n, m->description, r);
    if (strcmp(n->key, "permissions") == 0)
        return read_permissions(m, n, r);
    if (m->format == MANIFEST_WPM && strcmp(n->key, "arch") == 0)
        return read_text(n, ignored, r);
    if (m->format == MANIFEST_TRYMON && strcmp(n->key, "author") == 0)
        return read_text(n, m->author, r);
    if (m->format == MANIFEST_TRYMON && strcmp(n->key, "icon") == 0)
        return n->kind == DOC_OTHER ? 0 : read_kind(n, DOC_STRING, r);
    if (m->format == MANIFEST_TRYMON && strcmp(n->key, "dependencies") == 0) {
        e = read_strings(n, false, &list, r);
        free_strings(list);
        return e;
    }
    note_unknown(m, n->key);
    return 0;
}

static int
read_json(struct manifest *m, const char *text, size_t len, struct report *r)
{
    struct doc d;
    int e = doc_parse_json(&d, text, len, r);

    m->caps = 1u << CAP_STDIO; /* there is no permission for it */
    for (const struct doc_node *n = e < 0 ? NULL : d.root->first; n && e == 0;
         n = n->next)
        e = read_member(m, n, r);
    if (e == 0 && !m->name[0])
        e = doc_error(d.root, r, "\"name\" is missing");
    doc_finish(&d);
    return e;
}

int
manifest_read_wpm(struct manifest *m, const char *text, size_t len,
                  struct report *r)
{
    memset(m, 0, sizeof *m);
    m->format = MANIFEST_WPM;
    return read_json(m, text, len, r);
}

/* ---- .trymon --------------------------------------------------------- */

static uint32_t
u32(const uint8_t *b)
{
    return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 |
           (uint32_t)b[3] << 24;
}

/* Metadata and code with lengths in front, from `at` on, to the file's end. */
static bool
layout(const uint8_t *b, size_t len, size_t at, struct trymon *out)
{
    uint32_t meta, code;

    if (len < at + 8)
        return false;
    meta = u32(b + at);
    if (meta > len - at - 8)
        return false;
    code = u32(b + at + 4 + meta);
    if (code > len - at - 8 - meta)
        return false;
    out->metadata = (const char *)b + at + 4;
    out->metadata_len = meta;
    out->code = b + at + 8 + meta;
    out->code_len = code;
    return meta > 0;
}

int
trymon_open(const void *bytes, size_t len, struct trymon *out,
            struct report *r)
{
    const uint8_t *b = bytes;

    memset(out, 0, sizeof *out);
    if (len < 5 || memcmp(b, "TRYM", 4) != 0) {
        report_set(r, 0, "it does not begin with TRYM: no .trymon package");
        return -E_INVAL;
    }
    out->version = b[4];
    if (b[4] == 1 && layout(b, len, 5, out))
        return 0;
    if (b[4] == 2 && len >= 7 && layout(b, len, 7, out)) {
        out->flags = (uint16_t)(b[5] | b[6] << 8);
        return 0;
    }
    if (b[4] == 2 && layout(b, len, 5, out)) /* an older writer's */
        return 0;
    if (b[4] != 1 && b[4] != 2)
        report_set(r, 4, "it is version %u of the .trymon format; 1 and 2 are "
                         "known",
                   b[4]);
    else
        report_set(r, 5, "its lengths do not fit the file: cut off?");
    return -E_INVAL;
}

int
manifest_read_trymon(struct manifest *m, const void *bytes, size_t len,
                     struct report *r)
{
    struct trymon t;
    int e;

    memset(m, 0, sizeof *m);
    m->format = MANIFEST_TRYMON;
    e = trymon_open(bytes, len, &t, r);
    if (e == 0)
        e = read_json(m, t.metadata, t.metadata_len, r);
    if (e == 0 && (t.flags & 8)) /* the header's word for it */
        m->caps |= 1u << CAP_NET;
    return e;
}

int
manifest_read(struct manifest *m, const void *bytes, size_t len,
              struct report *r)
{
    const char *s = bytes;
    size_t at = 0;

    if (len >= 4 && memcmp(s, "TRYM", 4) == 0)
        return manifest_read_trymon(m, bytes, len, r);
    while (at < len && memchr(" \t\r\n", s[at], 4))
        at++;
    if (at < len && s[at] == '{')
        return manifest_read_wpm(m, s, len, r);
    return manifest_read_vyoma(m, s, len, r);
}
