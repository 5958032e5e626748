/* SPDX-License-Identifier: Apache-2.0 */
/* Programs known beforehand; see ready.h. */
#include "ready.h"

#include <stdlib.h>

#include "engine_version.h" /* generated: ENGINE_VERSION, of the sources */
#include "options.h"
#include "runtime.h"

const char ready_engine[] = ENGINE_VERSION; /* and the variant's name */

static struct {
    const uint8_t *file, *image;
    uint64_t image_size;
    _Atomic uint32_t modules, asked, found;
} ready;

uint32_t
ready_form(void)
{
    return (uint32_t)OP_COUNT << 16 | (uint32_t)sizeof(struct func_code) << 3 |
           ENGINE_PLAIN << 2 | ENGINE_GUARD << 1 |
           (engine_options()->tier != ENGINE_TIER_INTERP);
}

bool
ready_has_type(unsigned op)
{
    return op == OP_call_indirect || op == OP_call_table ||
           op == OP_func_table || op == OP_call_ref ||
           op == OP_ret_call_table || op == OP_ret_call_ref;
}

/* Eight bytes at once: multiply and rotate. */
uint32_t
ready_check(const uint8_t *p, size_t n)
{
    uint64_t sum = n, v;

    for (; n >= sizeof v; p += sizeof v, n -= sizeof v) {
        memcpy(&v, p, sizeof v);
        sum = (sum ^ v) * 0x9e3779b97f4a7c15u;
        sum = sum << 29 | sum >> 35;
    }
    for (; n; n--)
        sum = (sum ^ *p++) * 0x9e3779b97f4a7c15u;
    return (uint32_t)(sum ^ sum >> 32);
}

static const struct ready_header *
header(void)
{
    return (const void *)ready.file;
}

/* n things of so many bytes at `at`, before `end`? */
static bool
lies_within(uint32_t at, uint64_t n, uint64_t each, uint32_t end)
{
    return at % 4 == 0 && at <= end && n * each <= end - at;
}

/* ---- the index ----------------------------------------------------------- */

static bool
module_is_sound(const struct ready_module *k)
{
    const struct ready_header *h = header();
    const struct ready_extent *e = (const void *)(ready.file + k->extents);
    const struct ready_func *f = (const void *)(ready.file + k->funcs);
    uint64_t sum = 0;

    if (!lies_within(k->extents, k->nextents, sizeof *e, h->index) ||
        !lies_within(k->funcs, k->nfuncs, sizeof *f, h->index))
        return false;
    for (uint32_t i = 0; i < k->nextents; i++) {
        if (e[i].at > ready.image_size ||
            e[i].length > ready.image_size - e[i].at)
            return false;
        sum += e[i].length;
    }
    for (uint32_t i = 0; i < k->nfuncs; i++)
        if (f[i].size < sizeof(struct ready_code) || f[i].at < h->index ||
            !lies_within(f[i].at, f[i].size, 1, h->size))
            return false;
    return sum == k->size;
}

static bool
is_sound(const struct ready_header *h, size_t size)
{
    const struct ready_module *k = (const void *)(h + 1);

    if (size < sizeof *h || memcmp(h->magic, READY_MAGIC, 8) != 0 ||
        memcmp(h->engine, ready_engine, READY_ENGINE) != 0 ||
        h->form != ready_form() || h->size != size || h->index > size ||
        h->index < sizeof *h ||
        ready_check((const uint8_t *)k, h->index - sizeof *h) != h->check ||
        !lies_within(sizeof *h, h->nmodules, sizeof *k, h->index))
        return false;
    for (uint32_t i = 0; i < h->nmodules; i++)
        if (!module_is_sound(&k[i]))
            return false;
    return true;
}

bool
engine_ready(const void *file, size_t size, const void *image,
             uint64_t image_size)
{
    ready.file = file;
    ready.image = image;
    ready.image_size = image_size;
    if (file && is_sound(file, size))
        return true;
    ready.file = NULL;
    return false;
}

struct engine_ready_stats
engine_ready_stats(void)
{
    return (struct engine_ready_stats){ready.modules, ready.asked,
                                       ready.found};
}

/* ---- modules ------------------------------------------------------------- */

/* memcmp, whose loop in a small libc goes by bytes. */
static bool
are_same(const uint8_t *a, const uint8_t *b, size_t n)
{
    uint64_t v[4], w[4];

    for (; n >= sizeof v; a += sizeof v, b += sizeof v, n -= sizeof v) {
        memcpy(v, a, sizeof v);
        memcpy(w, b, sizeof w);
        if ((v[0] ^ w[0]) | (v[1] ^ w[1]) | (v[2] ^ w[2]) | (v[3] ^ w[3]))
            return false;
    }
    return memcmp(a, b, n) == 0;
}

static bool
is_of(const struct ready_module *k, const uint8_t *bytes)
{
    const struct ready_extent *e = (const void *)(ready.file + k->extents);

    for (uint32_t i = 0; i < k->nextents; bytes += e[i++].length)
        if (!are_same(bytes, ready.image + e[i].at, e[i].length))
            return false;
    return true;
}

const struct ready_module *
ready_find(const struct engine_module *m)
{
    const struct ready_module *k;

    if (!ready.file || m->passing || engine_options()->canonical_nan)
        return NULL;
    k = (const void *)(header() + 1);
    for (uint32_t i = 0; i < header()->nmodules; i++)
        if (k[i].size == m->size && is_of(&k[i], m->bytes)) {
            ready.modules++;
            return &k[i];
        }
    return NULL;
}

/* ---- functions ----------------------------------------------------------- */

const struct ready_code *
ready_func(const struct engine_module *m, uint32_t func)
{
    const struct ready_func *f;
    const struct ready_code *c;
    uint32_t lo = 0, hi;

    ready.asked += ready.file != NULL;
    if (!m->ready)
        return NULL;
    f = (const void *)(ready.file + m->ready->funcs);
    for (hi = m->ready->nfuncs; lo < hi;) {
        uint32_t mid = (lo + hi) / 2;

        if (f[mid].func < func)
            lo = mid + 1;
        else
            hi = mid;
    }
    f += lo;
    if (lo == m->ready->nfuncs || f->func != func)
        return NULL;
    c = (const void *)(ready.file + f->at);
    if (ready_check((const uint8_t *)c, f->size) != f->check || !c->n ||
        c->n > f->size || (uint64_t)sizeof *c + c->bytes +
                (uint64_t)c->nhandlers * sizeof(struct eh_entry) != f->size)
        return NULL;
    return c;
}

bool
ready_unpack(const struct engine_module *m, const struct ready_code *c,
             struct insn *to)
{
    const uint8_t *p = (const uint8_t *)(c + 1) +
                       c->nhandlers * sizeof(struct eh_entry);
    const uint8_t *end = p + c->bytes;

    for (uint32_t i = 0; i < c->n; i++) {
        uint32_t raw;
        uint16_t op;

        _Static_assert(OP_COUNT <= 1u << READY_RAW, "operations and raw words");

        if ((size_t)(end - p) < READY_INSN)
            return false;
        memcpy(&op, p, 2);
        memcpy(&to[i].a, p + 2, 8); /* a, b, imm */
        p += READY_INSN;
        raw = op >> READY_RAW;
        op &= (1u << READY_RAW) - 1;
        if (op >= OP_COUNT)
            return false;
        to[i].code = interp_code(op);
        if (ready_has_type(op)) {
            if (to[i].uimm >= m->ntypes)
                return false;
            to[i].uimm = m->types[to[i].uimm];
        }
        if (!raw)
            continue;
        if (raw >= c->n - i || (size_t)(end - p) < raw * sizeof *to)
            return false;
        memcpy(&to[i + 1], p, raw * sizeof *to);
        p += raw * sizeof *to;
        i += raw;
    }
    ready.found++;
    return true;
}
