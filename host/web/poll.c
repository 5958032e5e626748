/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Polls in loops. A browser does not let anybody interrupt a program, so at the
 * head of each loop there is put
 *
 *     global.get $poll            the address of the store's mark ...
 *     i32.atomic.load (kernel)    ... in the kernel's memory
 *     if
 *       i32.const may_throw
 *       call $polled              a new function, which calls the kernel's
 *     end                         poll() through a new table
 *
 * And memory.grow, which nobody here could refuse, becomes a call of a function
 * that looks at a limit first.
 *
 * may_throw: would an exception be seen by the nearest function that handles
 * any? Not when that is this function and the loop is outside its handlers
 * (engine.h, engine_poll_may_throw).
 *
 * Only instructions' lengths matter here: the browser validates the result. But
 * it does so with the memory and the globals that are added, which the program
 * must not name: code that names more than it has itself is not given any, and
 * is then refused by the browser.
 */
#include <string.h>

#include "module.h"

enum block { PLAIN, TRYING, CATCHING };

struct function {
    struct reader r;
    struct writer *w;
    uint32_t copied; /* of the old, up to here */
    uint8_t *blocks; /* enum block of each that is open */
    uint32_t depth, room;
    uint32_t trying;  /* how many TRYING are open */
    bool handles;     /* there is a handler somewhere in it */
    size_t outside[64]; /* places of may_throw outside handlers */
    uint32_t noutside;
};

/* ---- blocks -------------------------------------------------------------------- */

static void
open_block(struct function *f, enum block kind)
{
    if (f->depth == f->room) {
        uint32_t room = f->room ? 2 * f->room : 64;
        uint8_t *more = host_realloc(f->blocks, room);

        if (!more) {
            f->r.bad = true;
            return;
        }
        f->blocks = more;
        f->room = room;
    }
    f->blocks[f->depth++] = (uint8_t)kind;
    if (kind == TRYING) {
        f->trying++;
        f->handles = true;
    }
}

static void
close_block(struct function *f)
{
    if (!f->depth) {
        f->r.bad = true;
        return;
    }
    if (f->blocks[--f->depth] == TRYING)
        f->trying--;
}

static void
catch_block(struct function *f)
{
    if (f->depth && f->blocks[f->depth - 1] == TRYING) {
        f->blocks[f->depth - 1] = CATCHING;
        f->trying--;
    }
}

/* ---- immediates ------------------------------------------------------------------ */

static void
skip(struct reader *r, uint32_t n)
{
    if (n > r->end - r->at)
        r->bad = true;
    else
        r->at += n;
}

static void
skip_lebs(struct reader *r, uint32_t n)
{
    while (n--)
        read_u64(r);
}

static void
skip_type(struct reader *r)
{
    uint64_t t = read_u64(r);

    if (t == 0x63 || t == 0x64)
        read_u64(r);
}

static void
skip_memory(struct reader *r)
{
    if (read_u32(r) >= r->memories)
        r->bad = true;
}

static void
skip_global(struct reader *r)
{
    if (read_u32(r) >= r->globals)
        r->bad = true;
}

static void
skip_memarg(struct reader *r)
{
    if (read_u32(r) & 0x40)
        skip_memory(r);
    else if (!r->memories)
        r->bad = true;
    read_u64(r);
}

static void
skip_gc(struct reader *r)
{
    /* how many numbers follow each operation */
    static const char lebs[] = "1122221122211110122211114400000";
    uint32_t op = read_u32(r);

    if (op >= sizeof lebs - 1)
        r->bad = true;
    else
        skip_lebs(r, (uint32_t)(lebs[op] - '0'));
}

static void
skip_misc(struct reader *r)
{
    static const uint8_t lebs[18] = {[8] = 2,  [9] = 1,  [10] = 2, [11] = 1,
                                     [12] = 2, [13] = 1, [14] = 2, [15] = 1,
                                     [16] = 1, [17] = 1};
    uint32_t op = read_u32(r);

    if (op >= 18)
        r->bad = true;
    else if (op == 8) { /* memory.init, copy, fill */
        read_u32(r);
        skip_memory(r);
    } else if (op == 10) {
        skip_memory(r);
        skip_memory(r);
    } else if (op == 11) {
        skip_memory(r);
    } else {
        skip_lebs(r, lebs[op]);
    }
}

static void
skip_simd(struct reader *r)
{
    uint32_t op = read_u32(r);

    if (op <= 11 || op == 92 || op == 93) {
        skip_memarg(r);
    } else if (op == 12 || op == 13) {
        skip(r, 16);
    } else if (op >= 21 && op <= 34) {
        skip(r, 1);
    } else if (op >= 84 && op <= 91) {
        skip_memarg(r);
        skip(r, 1);
    } else if (op > 275) {
        r->bad = true;
    }
}

static void
skip_atomic(struct reader *r)
{
    uint32_t op = read_u32(r);

    if (op == 3)
        skip(r, 1);
    else if (op <= 2 || (op >= 0x10 && op <= 0x4e))
        skip_memarg(r);
    else
        r->bad = true;
}

static void
skip_try_table(struct reader *r)
{
    uint32_t n;

    skip_type(r);
    for (n = read_u32(r); n && !r->bad; n--)
        skip_lebs(r, read_byte(r) < 2 ? 2 : 1);
}

static void
skip_many(struct reader *r, uint32_t extra, void (*one)(struct reader *))
{
    uint64_t n = (uint64_t)read_u32(r) + extra;

    for (; n && !r->bad; n--)
        one(r);
}

static void
skip_leb(struct reader *r)
{
    read_u64(r);
}

static void
skip_handler(struct reader *r)
{
    skip_lebs(r, read_byte(r) == 0 ? 2 : 1);
}

/* 0xe0 cont.new to 0xe6 switch: numbers, and those that resume have handlers */
static void
skip_cont(struct reader *r, uint8_t op)
{
    static const char lebs[] = "1211212";

    skip_lebs(r, (uint32_t)(lebs[op - 0xe0] - '0'));
    if (op >= 0xe3 && op <= 0xe5)
        skip_many(r, 0, skip_handler);
}

/* The immediates of an instruction that opens or closes no block. */
static void
skip_immediates(struct reader *r, uint8_t op)
{
    if (op >= 0x28 && op <= 0x3e) {
        skip_memarg(r);
    } else if (op >= 0x45 && op <= 0xc4) {
        return;
    } else if (op >= 0xe0 && op <= 0xe6) {
        skip_cont(r, op);
    } else {
        switch (op) {
        case 0x00: case 0x01: case 0x05: case 0x0a: case 0x0f:
        case 0x1a: case 0x1b: case 0xd1: case 0xd3: case 0xd4:
            break;
        case 0x11: case 0x13:
            skip_lebs(r, 2);
            break;
        case 0x08: case 0x09: case 0x0c: case 0x0d: case 0x10: case 0x12:
        case 0x14: case 0x15: case 0x20: case 0x21: case 0x22: case 0x25:
        case 0x26: case 0x41:
        case 0x42: case 0xd0: case 0xd2: case 0xd5: case 0xd6:
            read_u64(r);
            break;
        case 0x23: case 0x24:
            skip_global(r);
            break;
        case 0x3f:
            skip_memory(r);
            break;
        case 0x0e:
            skip_many(r, 1, skip_leb);
            break;
        case 0x1c:
            skip_many(r, 0, skip_type);
            break;
        case 0x43:
            skip(r, 4);
            break;
        case 0x44:
            skip(r, 8);
            break;
        case 0xfb:
            skip_gc(r);
            break;
        case 0xfc:
            skip_misc(r);
            break;
        case 0xfd:
            skip_simd(r);
            break;
        case 0xfe:
            skip_atomic(r);
            break;
        default:
            r->bad = true;
        }
    }
}

/* ---- functions ------------------------------------------------------------------- */

static void
copy_so_far(struct function *f)
{
    put(f->w, f->r.bytes + f->copied, f->r.at - f->copied);
    f->copied = f->r.at;
}

static void
put_poll(struct function *f, const struct poll_indices *x)
{
    copy_so_far(f);
    put_byte(f->w, 0x23);
    put_u64(f->w, x->global);
    put(f->w, "\xfe\x10\x42\1\0", 5); /* align 4, memory 1, offset 0 */
    put(f->w, "\x04\x40\x41", 3);
    if (!f->trying && f->noutside < 64)
        f->outside[f->noutside++] = f->w->n;
    put_byte(f->w, f->trying ? 1 : 0);
    put_byte(f->w, 0x10);
    put_u64(f->w, x->function);
    put_byte(f->w, 0x0b);
}

/* memory.grow was just read: a call instead. */
static void
put_grow(struct function *f, const struct poll_indices *x, uint32_t at)
{
    uint32_t end = f->r.at;

    f->r.at = at;
    copy_so_far(f);
    f->r.at = f->copied = end;
    put_byte(f->w, 0x10);
    put_u64(f->w, (uint64_t)x->function + 1);
}

static void
instruction(struct function *f, const struct poll_indices *x)
{
    struct reader *r = &f->r;
    uint32_t at = r->at;
    uint8_t op = read_byte(r);

    switch (op) {
    case 0x02:
    case 0x04:
        skip_type(r);
        open_block(f, PLAIN);
        break;
    case 0x03:
        skip_type(r);
        open_block(f, PLAIN);
        put_poll(f, x);
        break;
    case 0x06:
        skip_type(r);
        open_block(f, TRYING);
        break;
    case 0x1f:
        skip_try_table(r);
        open_block(f, TRYING);
        break;
    case 0x07:
        read_u32(r);
        catch_block(f);
        break;
    case 0x19:
        catch_block(f);
        break;
    case 0x18:
        read_u32(r);
        close_block(f);
        break;
    case 0x0b:
        close_block(f);
        break;
    case 0x40:
        skip_memory(r);
        put_grow(f, x, at);
        break;
    default:
        skip_immediates(r, op);
    }
}

static void
skip_locals(struct reader *r)
{
    uint32_t n;

    for (n = read_u32(r); n && !r->bad; n--) {
        read_u32(r);
        skip_type(r);
    }
}

/* One function; true: its end was reached, or the offset was found. */
static bool
function(struct function *f, const struct poll_indices *x, size_t begin,
         uint32_t find, uint32_t *found)
{
    f->depth = f->trying = f->noutside = 0;
    f->handles = false;
    skip_locals(&f->r);
    open_block(f, PLAIN);
    while (!f->r.bad && f->depth) {
        uint32_t at = f->r.at;

        if (find && f->w->n - begin + (at - f->copied) >= find) {
            *found = at;
            return true;
        }
        instruction(f, x);
    }
    copy_so_far(f);
    for (uint32_t i = 0; !f->handles && !f->w->failed && i < f->noutside; i++)
        f->w->out[f->outside[i]] = 1;
    return !f->r.bad && f->r.at == f->r.end;
}

static void
put_polled(struct writer *w, const struct engine_module *m)
{
    size_t size = put_size_later(w);

    put_byte(w, 0); /* no locals */
    put(w, "\x20\0\x41\0\x11", 5);
    put_u64(w, m->ntypes);
    put_u64(w, m->imported_tables + m->tables);
    put_byte(w, 0x0b);
    put_size(w, size);
}

/* -1, or memory.grow: delta > limit - memory.size? */
static void
put_grower(struct writer *w, const struct poll_indices *x, bool is64)
{
    size_t size = put_size_later(w);

    put(w, "\0\x20\0\x23", 4);
    put_u64(w, (uint64_t)x->global + 1);
    if (is64)
        put(w, "\xad\x3f\0\x7d\x56\x04\x7e\x42", 8);
    else
        put(w, "\x3f\0\x6b\x4b\x04\x7f\x41", 7);
    put(w, "\x7f\x05\x20\0\x40\0\x0b\x0b", 8);
    put_size(w, size);
}

bool
poll_code(struct writer *w, const struct engine_module *m,
          const struct poll_indices *x, uint32_t find, uint32_t *found)
{
    struct reader r = reader_at(m->bytes, m->section[10].at,
                                m->section[10].end, false);
    struct function f = {.w = w};
    size_t begin = w->n;
    bool ok = true, done = false;
    uint32_t n;

    read_byte(&r);
    read_u32(&r);
    n = read_u32(&r);
    put_u64(w, (uint64_t)n + 2);
    for (; n && ok && !done && !w->failed; n--) {
        struct span body = read_name(&r);
        size_t size = put_size_later(w);

        f.r = reader_at(m->bytes, body.at, body.end, r.bad);
        f.r.memories = m->memories + m->imported_memories;
        f.r.globals = m->globals_all;
        f.copied = body.at;
        ok = function(&f, x, begin, find, found);
        put_size(w, size);
        done = find && *found;
    }
    host_free(f.blocks);
    if (ok && !find) {
        put_polled(w, m);
        put_grower(w, x, m->is64);
    }
    return ok && !r.bad;
}

/* Active segments that name a memory. */
bool
poll_data_fits(const struct engine_module *m)
{
    struct reader r = reader_at(m->bytes, m->section[11].at,
                                m->section[11].end, false);
    uint32_t n, flags;

    if (!r.at)
        return true;
    read_byte(&r);
    read_u32(&r);
    for (n = read_count(&r); n && !r.bad; n--) {
        flags = read_u32(&r);
        if (flags > 2 || (flags == 2 && read_u32(&r)))
            return false;
        if (flags != 1 && !(m->memories + m->imported_memories))
            return false;
        if (flags != 1)
            skip_constant(&r);
        read_name(&r);
    }
    return !r.bad;
}
