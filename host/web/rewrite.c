/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A module as the browser gets it; see module.h. Sections are copied but for
 * those that get more entries, always at their end, so that no index shifts:
 *
 *     type, function, table, global      what polls need (poll.c)
 *     import   + memory 0, so that a Worker's memory serves one program after
 *                the other (browsers have few to give); + the kernel's, to poll
 *     memory   - memory 0
 *     export   + the start function, table 0, mutable globals of programs that
 *                fork, and what polls need
 *     start    - (called when memory is known to the kernel)
 *     code     polls in loops, a limit for memory.grow
 */
#include <string.h>

#include "leb.h"
#include "lib.h"
#include "module.h"
#include "pith_errno.h"

/* ---- bytes ------------------------------------------------------------------ */

void
put(struct writer *w, const void *p, size_t n)
{
    if (w->n + n > w->room && !w->failed) {
        size_t room = 2 * w->room + n + 4096;
        uint8_t *more = host_realloc(w->out, room);

        if (more) {
            w->out = more;
            w->room = room;
        } else {
            w->failed = true;
        }
    }
    if (!w->failed)
        memcpy(w->out + w->n, p, n);
    w->n += n;
}

void
put_byte(struct writer *w, uint8_t b)
{
    put(w, &b, 1);
}

void
put_u64(struct writer *w, uint64_t v)
{
    uint8_t leb[LEB_MAX];

    put(w, leb, leb_put_u(leb, v));
}

size_t
put_size_later(struct writer *w)
{
    put(w, "\0\0\0\0\0", 5);
    return w->n;
}

void
put_size(struct writer *w, size_t at)
{
    size_t v = w->n - at;

    for (int k = 0; k < 5 && !w->failed; k++, v >>= 7)
        w->out[at - 5 + (size_t)k] = (uint8_t)((v & 0x7f) | (k < 4 ? 0x80 : 0));
}

static void
put_name(struct writer *w, const char *name)
{
    put_u64(w, strlen(name));
    put(w, name, strlen(name));
}

/* ---- sections ------------------------------------------------------------------ */

struct rewriting {
    struct writer w;
    const struct engine_module *m;
    bool polls;
    struct poll_indices poll;
};

/* The count of a section and `more`, then its entries from the file. */
static void
put_old(struct rewriting *x, uint8_t id, uint32_t more)
{
    const struct engine_module *m = x->m;
    struct reader r = reader_at(m->bytes, m->section[id].at,
                                m->section[id].end, false);
    uint32_t n;

    if (!m->section[id].at) {
        put_u64(&x->w, more);
        return;
    }
    read_byte(&r);
    read_u32(&r);
    n = read_u32(&r);
    put_u64(&x->w, (uint64_t)n + more);
    put(&x->w, m->bytes + r.at, m->section[id].end - r.at);
}

/* Who has no memory gets one all the same, so that the kernel's is number 1. */
static bool
adds_memory(const struct rewriting *x)
{
    return x->m->memories || (x->polls && !x->m->imported_memories);
}

static void
import_section(struct rewriting *x)
{
    uint64_t most = x->m->is64 ? PAGES_MAX_64 : PAGES_MAX;

    put_old(x, 2, (adds_memory(x) ? 1 : 0) + (x->polls ? 1 : 0));
    if (adds_memory(x)) {
        put_name(&x->w, MEMORY_MODULE);
        put_name(&x->w, "memory");
        put(&x->w, x->m->is64 ? "\2\5" : "\2\1", 2);
        put_u64(&x->w, x->m->min);
        put_u64(&x->w, x->m->min > most ? x->m->min : most);
    }
    if (x->polls) {
        put_name(&x->w, MEMORY_MODULE);
        put_name(&x->w, "kernel");
        put(&x->w, "\2\3\1", 3);
        put_u64(&x->w, 65536);
    }
}

static void
memory_section(struct rewriting *x)
{
    const struct engine_module *m = x->m;

    put_u64(&x->w, m->memories - 1);
    put(&x->w, m->bytes + m->first_memory_end,
        m->section[5].end - m->first_memory_end);
}

static void
put_export(struct rewriting *x, const char *name, uint8_t kind, uint32_t index)
{
    put_name(&x->w, name);
    put_byte(&x->w, kind);
    put_u64(&x->w, index);
}

static bool
has_table(const struct engine_module *m)
{
    return m->imported_tables + m->tables > 0;
}

static void
export_section(struct rewriting *x)
{
    const struct engine_module *m = x->m;
    uint32_t globals = m->forks ? m->nglobals : 0, i;
    char name[32];

    put_old(x, 7, globals + (m->has_start ? 1 : 0) + (has_table(m) ? 1 : 0) +
                      (x->polls ? 3 : 0));
    for (i = 0; i < globals; i++) {
        text_format(name, sizeof name, GLOBAL_EXPORT "%u", i);
        put_export(x, name, 3, m->globals[i].index);
    }
    if (m->has_start)
        put_export(x, START_EXPORT, 0, m->start);
    if (has_table(m))
        put_export(x, TABLE_EXPORT, 1, 0);
    if (x->polls) {
        put_export(x, POLL_EXPORT, 3, x->poll.global);
        put_export(x, LIMIT_EXPORT, 3, x->poll.global + 1);
        put_export(x, POLL_TABLE_EXPORT, 1, m->imported_tables + m->tables);
    }
}

/* The new contents of section id; false: it is copied as it is. */
static bool
new_contents(struct rewriting *x, uint8_t id)
{
    const struct engine_module *m = x->m;

    switch (id) {
    case 1: /* (i32) -> (), and memory.grow's, (i32) -> (i32) */
        put_old(x, 1, 2);
        put(&x->w, "\x60\1\x7f\0", 4);
        put(&x->w, m->is64 ? "\x60\1\x7e\1\x7e" : "\x60\1\x7f\1\x7f", 5);
        break;
    case 2:
        import_section(x);
        break;
    case 3:
        put_old(x, 3, 2);
        put_u64(&x->w, m->ntypes);
        put_u64(&x->w, m->ntypes + 1);
        break;
    case 4: /* funcref, one element and no more */
        put_old(x, 4, 1);
        put(&x->w, "\x70\1\1\1", 4);
        break;
    case 5:
        memory_section(x);
        break;
    case 6: /* twice (mut i32) (i32.const 0) */
        put_old(x, 6, 2);
        put(&x->w, "\x7f\1\x41\0\x0b\x7f\1\x41\0\x0b", 10);
        break;
    case 7:
        export_section(x);
        break;
    case 10:
        return poll_code(&x->w, m, &x->poll, 0, NULL);
    default:
        break;
    }
    return true;
}

static bool
changes(const struct rewriting *x, uint8_t id)
{
    const struct engine_module *m = x->m;

    switch (id) {
    case 1:
    case 3:
    case 4:
    case 6:
    case 10:
        return x->polls;
    case 2:
        return m->memories > 0 || x->polls;
    case 5:
        return m->memories > 1;
    case 7:
        return m->forks || m->has_start || has_table(m) || x->polls;
    default:
        return false;
    }
}

/* Sections that change and come before `rank`, from *next on. */
static bool
put_changed(struct rewriting *x, uint32_t *next, uint32_t rank)
{
    static const uint8_t order[] = {1, 2, 3, 4, 5, 6, 7, 10};
    bool ok = true;

    for (; ok && *next < sizeof order && section_rank(order[*next]) < rank;
         (*next)++) {
        size_t size;

        if (!changes(x, order[*next]))
            continue;
        put_byte(&x->w, order[*next]);
        size = put_size_later(&x->w);
        ok = new_contents(x, order[*next]);
        put_size(&x->w, size);
    }
    return ok;
}

static bool
rewrite(struct rewriting *x)
{
    const struct engine_module *m = x->m;
    struct reader r = reader_at(m->bytes, 8, m->size, false);
    uint32_t next = 0;
    bool ok = true;

    put(&x->w, m->bytes, 8);
    while (ok && r.at < r.end) {
        uint32_t from = r.at;
        uint8_t id = read_byte(&r);

        read_name(&r);
        if (id)
            ok = put_changed(x, &next, section_rank(id) + 1);
        if (changes(x, id) || id == 8 || (id == 5 && m->memories))
            continue;
        put(&x->w, m->bytes + from, r.at - from);
    }
    return ok && put_changed(x, &next, UINT32_MAX);
}

static struct poll_indices
indices(const struct engine_module *m)
{
    return (struct poll_indices){m->globals_all, m->nfuncs};
}

int
module_rewrite(struct engine_module *m)
{
    struct rewriting x = {.m = m, .poll = indices(m)};

    x.polls = m->memories + m->imported_memories <= 1 &&
              m->section[10].at && poll_data_fits(m);
    if (!rewrite(&x) && !x.w.failed) {
        x.polls = false;
        x.w.n = 0;
        rewrite(&x);
    }
    if (x.w.failed) {
        host_free(x.w.out);
        return -E_NOMEM;
    }
    m->polls = x.polls;
    m->compiled = x.w.out;
    m->compiled_size = x.w.n;
    return 0;
}

/* Where the contents of the code section begin. */
static uint32_t
code_contents(const uint8_t *bytes, size_t size)
{
    struct reader r = reader_at(bytes, 8, (uint32_t)size, false);

    while (!r.bad && r.at < r.end) {
        uint8_t id = read_byte(&r);
        struct span body = read_name(&r);

        if (id == 10)
            return body.at;
    }
    return 0;
}

uint32_t
module_old_offset(const struct engine_module *m, uint32_t offset)
{
    uint32_t new = code_contents(m->compiled, m->compiled_size);
    uint32_t old = code_contents(m->bytes, m->size), at = 0;
    struct poll_indices x = indices(m);
    struct writer w = {0};

    if (!m->polls)
        return offset + old - new;
    if (offset <= new || !poll_code(&w, m, &x, offset - new, &at))
        at = 0;
    host_free(w.out);
    return at;
}
