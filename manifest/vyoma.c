/* SPDX-License-Identifier: Apache-2.0 */
/* vyoma.toml into a struct manifest, by the rows of field.def. */
#include <stdio.h>
#include <string.h>

#include "pith_errno.h"
#include "read.h"

enum type {
    TYPE_NAME,
    TYPE_TEXT,
    TYPE_RESTART,
    TYPE_STUB,
    TYPE_BOOL,
    TYPE_COUNT,
    TYPE_SIZE,
    TYPE_PERCENT,
    TYPE_PLACE,
};

static const struct field {
    const char *section, *key, *text;
    enum type type;
    size_t at;
} fields[] = {
#define FIELD(section, key, type, member, text)                                \
    {#section, #key, text, TYPE_##type, offsetof(struct manifest, member)},
#include "field.def"
#undef FIELD
};
#define FIELDS (sizeof fields / sizeof *fields)

static const struct field *
find(const char *section, const char *key)
{
    for (size_t i = 0; i < FIELDS; i++)
        if (strcmp(fields[i].section, section) == 0 &&
            strcmp(fields[i].key, key) == 0)
            return &fields[i];
    return NULL;
}

static int
read_number(const struct doc_node *n, int64_t min, int64_t max, void *out,
            struct report *r)
{
    if (read_kind(n, DOC_INTEGER, r) < 0)
        return -E_INVAL;
    if (n->integer < min || n->integer > max)
        return doc_error(n, r, "%.40s is %lld; it should be %lld to %lld",
                         n->key, (long long)n->integer, (long long)min,
                         (long long)max);
    memcpy(out, &n->integer, sizeof n->integer);
    return 0;
}

static int
read_size(const struct doc_node *n, void *out, struct report *r)
{
    uint64_t v;

    if (n->kind == DOC_INTEGER)
        return read_number(n, 1, INT64_MAX, out, r);
    if (n->kind != DOC_STRING || !manifest_size(n->string, &v) || !v)
        return doc_error(n, r, "%.40s should be a size, as \"64MB\"", n->key);
    memcpy(out, &v, sizeof v);
    return 0;
}

static int
read_stub(const struct doc_node *n, bool *out, struct report *r)
{
    if (read_kind(n, DOC_STRING, r) < 0)
        return -E_INVAL;
    *out = strcmp(n->string, "trap") == 0;
    if (!*out && strcmp(n->string, "refuse") != 0)
        return doc_error(n, r, "stub should be \"trap\" or \"refuse\"");
    return 0;
}

static int
read_field(struct manifest *m, const struct field *f, const struct doc_node *n,
           struct report *r)
{
    void *out = (char *)m + f->at;

    switch (f->type) {
    case TYPE_NAME:
        return read_name(n, out, r);
    case TYPE_TEXT:
        return read_text(n, out, r);
    case TYPE_RESTART:
        return read_restart(n, out, r);
    case TYPE_STUB:
        return read_stub(n, out, r);
    case TYPE_BOOL:
        if (read_kind(n, DOC_BOOL, r) < 0)
            return -E_INVAL;
        *(bool *)out = n->boolean;
        return 0;
    case TYPE_COUNT:
        return read_number(n, 0, INT64_MAX, out, r);
    case TYPE_SIZE:
        return read_size(n, out, r);
    case TYPE_PERCENT:
        return read_number(n, 1, 6400, out, r);
    default:
        return read_number(n, INT32_MIN, INT32_MAX, out, r);
    }
}

/* ---- capabilities ---------------------------------------------------- */

static int
read_paths(struct manifest *m, const struct doc_node *n, struct report *r)
{
    int e = read_kind(n, DOC_TABLE, r);

    for (const struct doc_node *c = n->first; c && e == 0; c = c->next) {
        bool rw = c->kind == DOC_STRING && strcmp(c->string, "rw") == 0;

        if (!rw && (c->kind != DOC_STRING || strcmp(c->string, "ro") != 0))
            return doc_error(c, r, "%.60s should be \"ro\" or \"rw\"", c->key);
        e = manifest_add_rule(m, CAP_FS, rw ? MANIFEST_WRITE : 0, c->key, c, r);
    }
    return e;
}

/* connect = ["host:port"], listen = [8080]: ports may stand alone. */
static int
read_addresses(struct manifest *m, const struct doc_node *n, uint32_t how,
               struct report *r)
{
    int e = read_kind(n, DOC_ARRAY, r);

    for (const struct doc_node *c = n->first; c && e == 0; c = c->next) {
        char port[32];

        if (c->kind == DOC_INTEGER && how == MANIFEST_LISTEN) {
            snprintf(port, sizeof port, ":%lld", (long long)c->integer);
            e = manifest_add_rule(m, CAP_NET, how, port, c, r);
        } else {
            e = read_kind(c, DOC_STRING, r);
            if (e == 0)
                e = manifest_add_rule(m, CAP_NET, how, c->string, c, r);
        }
    }
    return e;
}

static int
read_network(struct manifest *m, const struct doc_node *n, struct report *r)
{
    int e = read_kind(n, DOC_TABLE, r);

    for (const struct doc_node *c = n->first; c && e == 0; c = c->next) {
        if (strcmp(c->key, "connect") == 0)
            e = read_addresses(m, c, MANIFEST_CONNECT, r);
        else if (strcmp(c->key, "listen") == 0)
            e = read_addresses(m, c, MANIFEST_LISTEN, r);
        else
            e = doc_error(c, r, "network has connect and listen, no %.40s",
                          c->key);
    }
    return e;
}

static int
read_partners(struct manifest *m, const struct doc_node *n, struct report *r)
{
    int e = read_kind(n, DOC_ARRAY, r);

    for (const struct doc_node *c = n->first; c && e == 0; c = c->next) {
        e = read_kind(c, DOC_STRING, r);
        if (e == 0)
            e = manifest_add_rule(m, CAP_IPC, 0, c->string, c, r);
    }
    return e;
}

static int
read_capability(struct manifest *m, const struct cap_row *row,
                const struct doc_node *n, struct report *r)
{
    if (n->kind == DOC_BOOL) {
        if (n->boolean && row->value == VALUE_PATHS)
            m->own_data = true;
        if (n->boolean)
            m->caps |= 1u << row->cap;
        return 0;
    }
    switch (row->value) {
    case VALUE_PATHS:
        return read_paths(m, n, r);
    case VALUE_NET:
        return read_network(m, n, r);
    case VALUE_NAMES:
        return read_partners(m, n, r);
    default:
        return read_kind(n, DOC_BOOL, r);
    }
}

static int
read_capabilities(struct manifest *m, const struct doc_node *table,
                  struct report *r)
{
    for (const struct doc_node *n = table->first; n; n = n->next) {
        const struct cap_row *row = cap_rows, *end = row + cap_row_count;
        int e;

        while (row < end && strcmp(row->key, n->key) != 0)
            row++;
        if (row == end)
            return doc_error(n, r, "there is no capability %.40s; try: pith "
                                   "help manifest",
                             n->key);
        e = read_capability(m, row, n, r);
        if (e < 0)
            return e;
    }
    return 0;
}

/* ---- the file -------------------------------------------------------- */

static int
read_section(struct manifest *m, const struct doc_node *s, struct report *r)
{
    int e = read_kind(s, DOC_TABLE, r);

    if (e < 0)
        return e;
    if (strcmp(s->key, "capabilities") == 0)
        return read_capabilities(m, s, r);
    if (strcmp(s->key, "app") != 0 && strcmp(s->key, "limits") != 0 &&
        strcmp(s->key, "window") != 0)
        return doc_error(s, r, "there is no section [%.40s]; there are app, "
                               "capabilities, limits, window",
                         s->key);
    m->has_window |= strcmp(s->key, "window") == 0;
    for (const struct doc_node *n = s->first; n && e == 0; n = n->next) {
        const struct field *f = find(s->key, n->key);

        e = f ? read_field(m, f, n, r)
              : doc_error(n, r, "[%s] has no field %.40s; try: pith help "
                                "manifest",
                          s->key, n->key);
    }
    return e;
}

int
manifest_read_vyoma(struct manifest *m, const char *text, size_t len,
                    struct report *r)
{
    struct doc d;
    const struct doc_node *app;
    int e;

    memset(m, 0, sizeof *m);
    m->format = MANIFEST_VYOMA;
    e = doc_parse_toml(&d, text, len, r);
    for (const struct doc_node *s = e < 0 ? NULL : d.root->first; s && e == 0;
         s = s->next)
        e = read_section(m, s, r);
    if (e == 0) {
        app = doc_get(d.root, "app");
        if (!app || !m->name[0])
            e = doc_error(app ? app : d.root, r, "[app] with a name is "
                                                 "missing");
    }
    doc_finish(&d);
    return e;
}

/* ---- the schema ------------------------------------------------------ */

static const char *
schema_of(enum type t)
{
    switch (t) {
    case TYPE_NAME:
        return "\"type\": \"string\", \"pattern\": \"^[a-z0-9-]{1,63}$\"";
    case TYPE_TEXT:
        return "\"type\": \"string\", \"maxLength\": 255";
    case TYPE_RESTART:
        return "\"enum\": [\"never\", \"always\", \"on-failure\"]";
    case TYPE_STUB:
        return "\"enum\": [\"trap\", \"refuse\"]";
    case TYPE_BOOL:
        return "\"type\": \"boolean\"";
    case TYPE_COUNT:
        return "\"type\": \"integer\", \"minimum\": 0";
    case TYPE_SIZE:
        return "\"anyOf\": [{\"type\": \"integer\", \"minimum\": 1}, "
               "{\"type\": \"string\", "
               "\"pattern\": \"^[0-9]+ ?([KkMmGgTt]i?)?[Bb]?$\"}]";
    case TYPE_PERCENT:
        return "\"type\": \"integer\", \"minimum\": 1, \"maximum\": 6400";
    default:
        return "\"type\": \"integer\"";
    }
}

static const char *
schema_of_cap(enum cap_value v)
{
    switch (v) {
    case VALUE_PATHS:
        return "\"anyOf\": [{\"type\": \"boolean\"}, {\"type\": \"object\", "
               "\"propertyNames\": {\"pattern\": \"^/\"}, "
               "\"additionalProperties\": {\"enum\": [\"ro\", \"rw\"]}}]";
    case VALUE_NET:
        return "\"anyOf\": [{\"type\": \"boolean\"}, {\"type\": \"object\", "
               "\"properties\": {\"connect\": {\"type\": \"array\", \"items\": "
               "{\"type\": \"string\"}}, \"listen\": {\"type\": \"array\", "
               "\"items\": {\"type\": [\"string\", \"integer\"]}}}, "
               "\"additionalProperties\": false}]";
    case VALUE_NAMES:
        return "\"anyOf\": [{\"type\": \"boolean\"}, {\"type\": \"array\", "
               "\"items\": {\"type\": \"string\"}}]";
    default:
        return "\"type\": \"boolean\"";
    }
}

static void
put_quoted(void (*put)(void *ctx, const char *text), void *ctx, const char *s)
{
    char one[2] = "";

    put(ctx, "\"");
    for (; *s; s++) {
        if (*s == '"' || *s == '\\')
            put(ctx, "\\");
        one[0] = *s;
        put(ctx, one);
    }
    put(ctx, "\"");
}

void
manifest_schema(void (*put)(void *ctx, const char *text), void *ctx)
{
    static const char *const sections[] = {"app", "limits", "window"};
    const char *comma;

    put(ctx, "{\n  \"$schema\": \"https://json-schema.org/draft/2020-12/schema"
             "\",\n  \"title\": \"vyoma.toml\",\n  \"type\": \"object\",\n"
             "  \"required\": [\"app\"],\n  \"additionalProperties\": false,\n"
             "  \"properties\": {\n");
    for (size_t s = 0; s < 3; s++) {
        put(ctx, "    \"");
        put(ctx, sections[s]);
        put(ctx, "\": {\n      \"type\": \"object\",\n      "
                 "\"additionalProperties\": false,\n");
        if (s == 0)
            put(ctx, "      \"required\": [\"name\"],\n");
        put(ctx, "      \"properties\": {");
        comma = "\n";
        for (size_t i = 0; i < FIELDS; i++) {
            if (strcmp(fields[i].section, sections[s]) != 0)
                continue;
            put(ctx, comma);
            comma = ",\n";
            put(ctx, "        \"");
            put(ctx, fields[i].key);
            put(ctx, "\": {");
            put(ctx, schema_of(fields[i].type));
            put(ctx, ", \"description\": ");
            put_quoted(put, ctx, fields[i].text);
            put(ctx, "}");
        }
        put(ctx, "\n      }\n    },\n");
    }
    put(ctx, "    \"capabilities\": {\n      \"type\": \"object\",\n      "
             "\"additionalProperties\": false,\n      \"properties\": {");
    comma = "\n";
    for (uint32_t i = 0; i < cap_row_count; i++) {
        put(ctx, comma);
        comma = ",\n";
        put(ctx, "        \"");
        put(ctx, cap_rows[i].key);
        put(ctx, "\": {");
        put(ctx, schema_of_cap(cap_rows[i].value));
        put(ctx, "}");
    }
    put(ctx, "\n      }\n    }\n  }\n}\n");
}
