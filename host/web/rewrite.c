/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A module as the browser gets it; see module.h. Sections are copied but for
 * four, none of which shifts an index:
 *
 *     import   + memory 0, so that a Worker's memory serves one program after
 *                the other (browsers have few to give)
 *     memory   - memory 0
 *     export   + the start function and, to be able to fork, mutable globals
 *     start    - (called when memory is known to the kernel)
 */
#include <string.h>

#include "lib.h"
#include "module.h"
#include "pith_errno.h"

struct writer {
    uint8_t *out; /* NULL: only count */
    size_t n;
};

static void
put(struct writer *w, const void *p, size_t n)
{
    if (w->out)
        memcpy(w->out + w->n, p, n);
    w->n += n;
}

static void
put_byte(struct writer *w, uint8_t b)
{
    put(w, &b, 1);
}

static void
put_u64(struct writer *w, uint64_t v)
{
    do {
        uint8_t b = v & 0x7f;

        v >>= 7;
        put_byte(w, v ? b | 0x80 : b);
    } while (v);
}

static void
put_name(struct writer *w, const char *name)
{
    put_u64(w, strlen(name));
    put(w, name, strlen(name));
}

typedef void section_body(struct writer *w, const struct engine_module *m,
                          bool fork);

static void
put_section(struct writer *w, uint8_t id, section_body *body,
            const struct engine_module *m, bool fork)
{
    struct writer count = {NULL, 0};

    body(&count, m, fork);
    put_byte(w, id);
    put_u64(w, count.n);
    body(w, m, fork);
}

/* What follows the count in section s of the file. */
static void
put_old_entries(struct writer *w, const struct engine_module *m, struct span s)
{
    struct reader r = {m->bytes, s.at, s.end, false};

    if (s.at == s.end)
        return;
    read_byte(&r);
    read_u32(&r);
    read_u32(&r);
    put(w, m->bytes + r.at, s.end - r.at);
}

static void
import_body(struct writer *w, const struct engine_module *m, bool fork)
{
    (void)fork;
    put_u64(w, (uint64_t)m->nimports + 1);
    put_old_entries(w, m, m->import_section);
    put_name(w, MEMORY_MODULE);
    put_name(w, "memory");
    put_byte(w, 2);
    put_byte(w, 1);
    put_u64(w, m->min);
    put_u64(w, 65536); /* as many as a Worker's memory may have */
}

static void
memory_body(struct writer *w, const struct engine_module *m, bool fork)
{
    (void)fork;
    put_u64(w, m->memories - 1);
    put(w, m->bytes + m->first_memory_end,
        m->memory_section.end - m->first_memory_end);
}

static void
put_export(struct writer *w, const char *name, uint32_t n, uint8_t kind,
           uint32_t index)
{
    char full[32];
    size_t len = text_format(full, sizeof full, "%s%u", name, n);

    put_u64(w, len);
    put(w, full, len);
    put_byte(w, kind);
    put_u64(w, index);
}

static void
export_body(struct writer *w, const struct engine_module *m, bool fork)
{
    uint32_t globals = fork ? m->nglobals : 0, i;

    put_u64(w, (uint64_t)m->exports + globals + (m->has_start ? 1 : 0));
    put_old_entries(w, m, m->export_section);
    for (i = 0; i < globals; i++)
        put_export(w, GLOBAL_EXPORT, i, 3, m->globals[i].index);
    if (m->has_start) {
        put_name(w, START_EXPORT);
        put_byte(w, 0);
        put_u64(w, m->start);
    }
}

static void
copy(struct writer *w, const struct engine_module *m, uint32_t *from,
     uint32_t to)
{
    put(w, m->bytes + *from, to - *from);
    *from = to;
}

static void
rewrite(struct writer *w, const struct engine_module *m, bool fork)
{
    uint32_t at = 0;

    copy(w, m, &at, m->import_section.at);
    if (m->memories) {
        put_section(w, 2, import_body, m, fork);
        at = m->import_section.end;
        copy(w, m, &at, m->memory_section.at);
        if (m->memories > 1)
            put_section(w, 5, memory_body, m, fork);
        at = m->memory_section.end;
    }
    copy(w, m, &at, m->export_section.at);
    if (fork || m->has_start) {
        put_section(w, 7, export_body, m, fork);
        at = m->export_section.end;
    }
    copy(w, m, &at, m->start_section.at);
    at = m->start_section.end;
    copy(w, m, &at, m->size);
}

int
module_rewrite(const struct engine_module *m, bool fork, uint8_t **out,
               size_t *size)
{
    struct writer w = {NULL, 0};

    rewrite(&w, m, fork);
    *size = w.n;
    w = (struct writer){host_alloc(w.n), 0};
    if (!w.out)
        return -E_NOMEM;
    rewrite(&w, m, fork);
    *out = w.out;
    return 0;
}
