/* SPDX-License-Identifier: Apache-2.0 */
/* Names of everything, from the name section; see names.h. */
#include "debug/names.h"

#include <stdlib.h>

static void
add(struct name_list *l, uint32_t index, const uint8_t *p, size_t len)
{
    if (l->n && l->v[l->n - 1].index >= index)
        return;
    if (l->n == l->cap) {
        uint32_t cap = l->cap ? l->cap * 2 : 64;
        struct name_entry *v = realloc(l->v, cap * sizeof *v);

        if (!v)
            return;
        l->v = v;
        l->cap = cap;
    }
    l->v[l->n++] = (struct name_entry){index, (uint32_t)len, p};
}

static void
name_map(struct name_list *l, struct reader *r)
{
    for (uint32_t n = read_u32(r); n && !reader_failed(r); n--) {
        uint32_t index = read_u32(r);
        size_t len;
        const uint8_t *p = reader_name(r, &len);

        if (!reader_failed(r))
            add(l, index, p, len);
    }
}

/* A name map for each function: where it is, to be read when it is wanted. */
static void
indirect_map(struct name_list *l, struct reader *r)
{
    for (uint32_t n = read_u32(r); n && !reader_failed(r); n--) {
        uint32_t func = read_u32(r);
        const uint8_t *start = r->p;
        size_t len;

        for (uint32_t k = read_u32(r); k && !reader_failed(r); k--) {
            read_u32(r);
            reader_name(r, &len);
        }
        if (!reader_failed(r))
            add(l, func, start, (size_t)(r->p - start));
    }
}

void
names_init(struct names *n, struct engine_module *m)
{
    size_t size;
    const uint8_t *p = engine_module_custom(m, "name", &size);
    struct reader r = {p, p ? p + size : p, p, NULL, 0};

    *n = (struct names){.m = m};
    while (p && reader_left(&r) && !reader_failed(&r)) {
        uint8_t id = read_u8(&r);
        uint32_t len = read_u32(&r);
        struct reader sub = reader_sub(&r, len);

        if (reader_failed(&r) || id >= NAME_KINDS || n->lists[id].n)
            continue;
        if (id == NAME_LOCAL)
            indirect_map(&n->lists[id], &sub);
        else if (id >= NAME_TYPE && id != 10) /* functions: the module knows */
            name_map(&n->lists[id], &sub);
    }
}

void
names_finish(struct names *n)
{
    for (int i = 0; i < NAME_KINDS; i++)
        free(n->lists[i].v);
    free(n->locals.v);
}

static const struct name_entry *
find(const struct name_list *l, uint32_t index)
{
    uint32_t lo = 0, hi = l->n;

    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;

        if (l->v[mid].index < index)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < l->n && l->v[lo].index == index ? &l->v[lo] : NULL;
}

void
names_function(struct names *n, uint32_t func)
{
    const struct name_entry *e = find(&n->lists[NAME_LOCAL], func);
    struct reader r;

    n->locals.n = 0;
    if (!e)
        return;
    r = (struct reader){e->p, e->p + e->len, e->p, NULL, 0};
    name_map(&n->locals, &r);
}

/* Characters of identifiers in the text format (6.3.5). */
static bool
is_idchar(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
           (c >= 'a' && c <= 'z') ||
           (c && strchr("!#$%&'*+-./:<=>?@\\^_`|~", c));
}

static void
write_id(const uint8_t *p, size_t len, struct engine_sink *to)
{
    size_t plain = 0;

    while (plain < len && is_idchar(p[plain]))
        plain++;
    engine_sink_write(to, "$", 1);
    if (plain == len && len) {
        engine_sink_write(to, p, len);
        return;
    }
    engine_sink_write(to, "\"", 1);
    for (size_t i = 0; i < len; i++) {
        if (p[i] < 0x20 || p[i] == 0x7f || p[i] == '"' || p[i] == '\\')
            engine_sink_text(to, "\\%02x", p[i]);
        else
            engine_sink_write(to, p + i, 1);
    }
    engine_sink_write(to, "\"", 1);
}

void
names_write(struct names *n, enum name_kind kind, uint32_t index,
            struct engine_sink *to)
{
    const struct name_entry *e = NULL;

    if (kind == NAME_FUNC) {
        const char *name = module_func_name(n->m, index);

        if (name) {
            write_id((const uint8_t *)name, strlen(name), to);
            return;
        }
    } else {
        e = find(kind == NAME_LOCAL ? &n->locals : &n->lists[kind], index);
    }
    if (e)
        write_id(e->p, e->len, to);
    else
        engine_sink_text(to, "%u", index);
}
