/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Function bodies as text. The module is valid, but nothing here relies on it:
 * every body is read within its bounds, and the first thing that makes no sense
 * ends it with a note.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "debug/names.h"
#include "opcodes.h"
#include "debug/values.h"
#include "pith_errno.h"

#define MAX_INDENT 40u /* levels shown; deeper ones are not further right */

struct disasm {
    struct engine_module *m;
    struct engine_sink *to;
    struct names names;
    struct type_names types;
    struct reader r;
    uint32_t depth;
};

static void
put(struct disasm *d, const char *s)
{
    engine_sink_write(d->to, s, strlen(s));
}

static void
put_name(struct disasm *d, enum name_kind kind, uint32_t i)
{
    put(d, " ");
    names_write(&d->names, kind, i, d->to);
}

static void
line_start(struct disasm *d)
{
    uint32_t n = d->depth < MAX_INDENT ? d->depth : MAX_INDENT;

    engine_sink_text(d->to, "%08zx  %*s", reader_offset(&d->r), (int)n * 2, "");
}

/* ---- immediates ---- */

static void
block_type(struct disasm *d)
{
    struct reader *r = &d->r;

    if (reader_left(r) && (*r->p & 0xc0) == 0x40) {
        if (*r->p == 0x40) {
            r->p++;
            return;
        }
        put(d, " (result");
        value_type_write(r, &d->names, d->to);
        put(d, ")");
        return;
    }
    put(d, " (type");
    put_name(d, NAME_TYPE, (uint32_t)reader_leb_s(r, 33));
    put(d, ")");
}

static void
labels(struct disasm *d)
{
    uint32_t n = read_u32(&d->r);

    for (uint64_t i = 0; i <= n && !reader_failed(&d->r); i++)
        engine_sink_text(d->to, " %u", read_u32(&d->r));
}

static void
catches(struct disasm *d)
{
    static const char *const kinds[] = {"catch", "catch_ref", "catch_all",
                                        "catch_all_ref"};

    for (uint32_t n = read_u32(&d->r); n && !reader_failed(&d->r); n--) {
        uint8_t kind = read_u8(&d->r);

        if (kind > 3) {
            reader_fail(&d->r, -E_INVAL, "catch");
            break;
        }
        engine_sink_text(d->to, " (%s", kinds[kind]);
        if (kind < 2)
            put_name(d, NAME_TAG, read_u32(&d->r));
        engine_sink_text(d->to, " %u)", read_u32(&d->r));
    }
}

static void
handlers(struct disasm *d)
{
    for (uint32_t n = read_u32(&d->r); n && !reader_failed(&d->r); n--) {
        uint8_t kind = read_u8(&d->r);

        if (kind > 1) {
            reader_fail(&d->r, -E_INVAL, "handler");
            break;
        }
        put(d, " (on");
        put_name(d, NAME_TAG, read_u32(&d->r));
        if (kind)
            put(d, " switch)");
        else
            engine_sink_text(d->to, " %u)", read_u32(&d->r));
    }
}

static void
select_types(struct disasm *d)
{
    put(d, " (result");
    for (uint32_t n = read_u32(&d->r); n && !reader_failed(&d->r); n--)
        value_type_write(&d->r, &d->names, d->to);
    put(d, ")");
}

static void
memory_argument(struct disasm *d, uint8_t natural)
{
    uint32_t align = read_u32(&d->r), memory = 0;
    uint64_t offset;

    if (align & 0x40)
        memory = read_u32(&d->r);
    align &= ~0x40u;
    offset = read_u64(&d->r);
    if (memory)
        put_name(d, NAME_MEMORY, memory);
    if (offset)
        engine_sink_text(d->to, " offset=%" PRIu64, offset);
    if (align != natural && align < 32)
        engine_sink_text(d->to, " align=%" PRIu64, (uint64_t)1 << align);
}

static void
reference(struct disasm *d, bool nullable)
{
    put(d, nullable ? " (ref null" : " (ref");
    heap_type_write(&d->r, &d->names, d->to);
    put(d, ")");
}

static void
cast_branch(struct disasm *d)
{
    uint8_t flags = read_u8(&d->r);

    engine_sink_text(d->to, " %u", read_u32(&d->r));
    reference(d, flags & 1);
    reference(d, flags & 2);
}

static void
bytes(struct disasm *d, bool lanes)
{
    const uint8_t *p = read_bytes(&d->r, 16);

    if (!p)
        return;
    put(d, lanes ? "" : " i32x4");
    for (int i = 0; lanes && i < 16; i++)
        engine_sink_text(d->to, " %u", p[i]);
    for (int i = 0; !lanes && i < 4; i++)
        engine_sink_text(d->to, " 0x%08x", load_le32(p + 4 * i));
}

/* Index immediates: which name space, and whether the number 0 goes without
 * saying. */
static bool
index_immediate(struct disasm *d, char letter, bool only)
{
    static const struct {
        char letter;
        bool optional;
        enum name_kind kind;
    } spaces[] = {
        {'f', false, NAME_FUNC},   {'t', false, NAME_TYPE},
        {'x', true, NAME_TABLE},   {'m', true, NAME_MEMORY},
        {'g', false, NAME_GLOBAL}, {'v', false, NAME_LOCAL},
        {'d', false, NAME_DATA},   {'e', false, NAME_ELEM},
        {'T', false, NAME_TAG},
    };

    for (size_t k = 0; k < sizeof spaces / sizeof *spaces; k++)
        if (spaces[k].letter == letter) {
            uint32_t i = read_u32(&d->r);

            if (i || !only || !spaces[k].optional)
                put_name(d, spaces[k].kind, i);
            return true;
        }
    return false;
}

static void
immediate(struct disasm *d, const struct opcode *o, char letter)
{
    const uint8_t *p;

    switch (letter) {
    case 'b':
        block_type(d);
        break;
    case 'l':
    case 'k':
        engine_sink_text(d->to, " %u", read_u32(&d->r));
        break;
    case 'L':
        labels(d);
        break;
    case 'c':
        catches(d);
        break;
    case 'R':
        handlers(d);
        break;
    case 'i':
        engine_sink_text(d->to, " %" PRId32, read_s32(&d->r));
        break;
    case 'j':
        engine_sink_text(d->to, " %" PRId64, read_s64(&d->r));
        break;
    case 's':
        put(d, " ");
        if ((p = read_bytes(&d->r, 4)))
            float_write(load_le32(p), 23, 8, d->to);
        break;
    case 'r':
        put(d, " ");
        if ((p = read_bytes(&d->r, 8)))
            float_write(load_le64(p), 52, 11, d->to);
        break;
    case 'S':
        select_types(d);
        break;
    case 'h':
        heap_type_write(&d->r, &d->names, d->to);
        break;
    case 'H':
    case 'N':
        reference(d, letter == 'N');
        break;
    case 'n':
        cast_branch(d);
        break;
    case 'a':
        memory_argument(d, o->align);
        break;
    case 'q':
    case 'Q':
        bytes(d, letter == 'Q');
        break;
    case '1':
        engine_sink_text(d->to, " %u", read_u8(&d->r));
        break;
    case 'z':
        read_u8(&d->r);
        break;
    default:
        break;
    }
}

/* Two whose text order is not the binary's: the table comes first, and so does
 * the memory. */
static bool
turned_round(struct disasm *d, const char *letters)
{
    bool call = !strcmp(letters, "tx");
    uint32_t first, second;

    if (!call && strcmp(letters, "ex") != 0 && strcmp(letters, "dm") != 0)
        return false;
    first = read_u32(&d->r);
    second = read_u32(&d->r);
    if (second)
        put_name(d, letters[1] == 'm' ? NAME_MEMORY : NAME_TABLE, second);
    put(d, call ? " (type" : "");
    put_name(d,
             call                ? NAME_TYPE
             : letters[0] == 'e' ? NAME_ELEM
                                 : NAME_DATA,
             first);
    put(d, call ? ")" : "");
    return true;
}

/* memory.copy and table.copy say both or nothing. */
static bool
both_or_none(struct disasm *d, const char *letters)
{
    enum name_kind kind = *letters == 'm' ? NAME_MEMORY : NAME_TABLE;
    uint32_t to, from;

    if (strcmp(letters, "mm") != 0 && strcmp(letters, "xx") != 0)
        return false;
    to = read_u32(&d->r);
    from = read_u32(&d->r);
    if (to || from) {
        put_name(d, kind, to);
        put_name(d, kind, from);
    }
    return true;
}

/* ---- instructions ---- */

/* False at what is none. */
static bool
instruction(struct disasm *d)
{
    struct reader at = d->r;
    uint8_t op = read_u8(&at), prefix = op >= 0xfb && op <= 0xfe ? op : 0;
    uint32_t sub = prefix ? read_u32(&at) : op;
    struct opcode o = opcode_get(prefix, sub);
    const char *letters = opcode_immediates(prefix, sub);
    bool middle = !prefix && (op == 0x05 || op == 0x07 || op == 0x19);
    char name[48];

    if (reader_failed(&at) || !o.name)
        return false;
    if ((middle || (!prefix && (op == 0x0b || op == 0x18))) && d->depth > 1)
        d->depth--;
    line_start(d);
    d->r = at;
    opcode_name(prefix, &o, name, sizeof name);
    put(d, name);
    if (!turned_round(d, letters) && !both_or_none(d, letters))
        for (const char *l = letters; *l; l++)
            if (!index_immediate(d, *l, l == letters && !l[1]))
                immediate(d, &o, *l);
    put(d, "\n");
    if (middle || *letters == 'b')
        d->depth++;
    return !reader_failed(&d->r);
}

#define FEW_LOCALS 12u /* more of a type are counted, not repeated */

static void
locals(struct disasm *d)
{
    uint32_t groups = read_u32(&d->r);

    if (!groups)
        return;
    line_start(d);
    put(d, "(local");
    while (groups-- && !reader_failed(&d->r)) {
        uint32_t n = read_u32(&d->r);
        struct reader at = d->r;

        for (uint32_t i = 0; i < n && n <= FEW_LOCALS; i++) {
            d->r = at;
            value_type_write(&d->r, &d->names, d->to);
        }
        if (!n || n > FEW_LOCALS) {
            engine_sink_text(d->to, " (;%u times;)", n);
            value_type_write(&d->r, &d->names, d->to);
        }
    }
    put(d, ")\n");
}

static void
body(struct disasm *d, const struct func_code *f)
{
    const uint8_t *p = d->m->bytes;

    d->r = (struct reader){p + f->body, p + f->body + f->length, p, NULL, 0};
    d->depth = 1;
    locals(d);
    while (reader_left(&d->r) && !d->to->failed)
        if (!instruction(d)) {
            engine_sink_text(d->to, "  ... not an instruction\n");
            break;
        }
}

static void
function(struct disasm *d, uint32_t i)
{
    const struct type_def *t = module_func_type(d->m, i);

    engine_sink_text(d->to, "func %u", i);
    if (module_func_name(d->m, i))
        put_name(d, NAME_FUNC, i);
    for (uint32_t k = 0; k < t->nparams + t->nresults; k++) {
        bool first = k == 0 || k == t->nparams;

        if (first)
            put(d, k < t->nparams ? " (param" : " (result");
        type_write(&d->types, t->vt[k], &d->names, d->to);
        if (k + 1 == t->nparams || k + 1 == t->nparams + t->nresults)
            put(d, ")");
    }
    if (i < d->m->nfuncs_imported) {
        put(d, " imported\n");
        return;
    }
    put(d, "\n");
    names_function(&d->names, i);
    body(d, &d->m->code[i - d->m->nfuncs_imported]);
}

int
engine_disasm(struct engine_module *m, uint32_t func, struct engine_sink *to)
{
    struct disasm d = {.m = m, .to = to};

    if (!type_names_init(&d.types, m))
        return -E_NOMEM;
    names_init(&d.names, m);
    if (func < m->nfuncs)
        function(&d, func);
    for (uint32_t i = 0; func == UINT32_MAX && i < m->nfuncs && !to->failed;
         i++) {
        if (i)
            put(&d, "\n");
        function(&d, i);
    }
    names_finish(&d.names);
    type_names_finish(&d.types);
    return to->failed ? -E_IO : 0;
}

uint32_t
engine_module_funcs(const struct engine_module *m)
{
    return m->nfuncs;
}

uint32_t
engine_module_find_func(struct engine_module *m, const char *name)
{
    char *end;
    unsigned long i;

    for (uint32_t k = 0; k < m->nfuncs; k++) {
        const char *have = module_func_name(m, k);

        if (have && strcmp(have, name) == 0)
            return k;
    }
    if (*name < '0' || *name > '9')
        return UINT32_MAX;
    i = strtoul(name, &end, 10);
    return *end || i >= m->nfuncs ? UINT32_MAX : (uint32_t)i;
}
