/* SPDX-License-Identifier: Apache-2.0 */
/* The loader of compiled objects; see object.h. */
#define _GNU_SOURCE
#include "object.h"

#include <elf.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "llvm/unit.h"
#include "native.h"
#include "object_reloc.h"
#include "pith_errno.h"

#define PAGE ((size_t)64 << 10) /* as large as any host's */
#define MOST_BYTES ((size_t)1 << 30)
#define MOST_SECTIONS 1024u

enum part { PART_CODE, PART_CONST, PART_DATA, PARTS };

/* A set that is loaded. */
struct object_set {
    struct object_set *next;
    uint8_t *mem;
    size_t size, code;
    struct object_step **steps;
    uint32_t *nsteps, nobjects;
    struct span *spans; /* by address */
    size_t nspans;
};

/* The code of one function, and its first site. */
struct span {
    uintptr_t start, end;
    const struct insn *site;
};

/* One object while it is being loaded. */
struct object {
    const uint8_t *bytes;
    size_t size;
    const Elf64_Shdr *sections;
    uint32_t nsections;
    const Elf64_Sym *symbols;
    size_t nsymbols;
    const char *strings;
    size_t nstrings;
    uint8_t **at; /* where sections went; NULL: nowhere */
    const struct object_func *funcs;
    size_t nfuncs, nsites;
    const struct insn *sites;
    struct object_step *steps;
    uint32_t nsteps;
    uint8_t *osr, *body; /* on-stack replacement: the way in, and the code */
    size_t body_size;
};

struct loader {
    struct engine_module *m;
    struct object *objects;
    uint32_t n, nfuncs;
    uint8_t **fast, **entry, **jit; /* by function */
    size_t *bytes;                  /* of fast */
    size_t sizes[PARTS];
    struct object_set *set;
    size_t used[PARTS];
};

/* ---- reading ---- */

static bool
inside(const struct object *o, uint64_t at, uint64_t size)
{
    return at <= o->size && size <= o->size - at;
}

static bool
read_symbols(struct object *o, const Elf64_Shdr *s)
{
    const Elf64_Shdr *strings;

    if (s->sh_link >= o->nsections || s->sh_offset % 8)
        return false;
    strings = &o->sections[s->sh_link];
    if (strings->sh_type != SHT_STRTAB || !strings->sh_size ||
        o->bytes[strings->sh_offset + strings->sh_size - 1])
        return false;
    o->symbols = (const Elf64_Sym *)(const void *)(o->bytes + s->sh_offset);
    o->nsymbols = (size_t)s->sh_size / sizeof *o->symbols;
    o->strings = (const char *)o->bytes + strings->sh_offset;
    o->nstrings = (size_t)strings->sh_size;
    return true;
}

static bool
read_object(struct object *o, const struct object_blob *blob)
{
    const Elf64_Ehdr *h = (const Elf64_Ehdr *)(const void *)blob->bytes;

    o->bytes = blob->bytes;
    o->size = blob->size;
    if (o->size < sizeof *h || (uintptr_t)h % 8 ||
        memcmp(h->e_ident, ELFMAG, SELFMAG) != 0 ||
        h->e_ident[EI_CLASS] != ELFCLASS64 || h->e_type != ET_REL ||
        h->e_machine != RELOC_MACHINE || h->e_shentsize != sizeof(Elf64_Shdr) ||
        h->e_shoff % 8 || h->e_shnum > MOST_SECTIONS ||
        !inside(o, h->e_shoff, (uint64_t)h->e_shnum * sizeof(Elf64_Shdr)))
        return false;
    o->sections = (const Elf64_Shdr *)(const void *)(o->bytes + h->e_shoff);
    o->nsections = h->e_shnum;
    for (uint32_t i = 0; i < o->nsections; i++)
        if (o->sections[i].sh_type != SHT_NOBITS &&
            !inside(o, o->sections[i].sh_offset, o->sections[i].sh_size))
            return false;
    for (uint32_t i = 0; i < o->nsections; i++)
        if (o->sections[i].sh_type == SHT_SYMTAB &&
            !read_symbols(o, &o->sections[i]))
            return false;
    return o->symbols;
}

/* ---- placing ---- */

static enum part
part_of(const Elf64_Shdr *s)
{
    return s->sh_flags & SHF_EXECINSTR ? PART_CODE
           : s->sh_flags & SHF_WRITE   ? PART_DATA
                                       : PART_CONST;
}

static bool
place_section(struct loader *l, struct object *o, uint32_t i)
{
    const Elf64_Shdr *s = &o->sections[i];
    enum part part = part_of(s);
    size_t align = s->sh_addralign ? (size_t)s->sh_addralign : 1, at;

    if (!(s->sh_flags & SHF_ALLOC) || !s->sh_size)
        return true;
    if (align > 4096 || (align & (align - 1)) || s->sh_size > MOST_BYTES)
        return false;
    at = (l->used[part] + align - 1) & ~(align - 1);
    l->used[part] = at + (size_t)s->sh_size;
    if (l->used[part] > MOST_BYTES)
        return false;
    if (!l->set->mem) /* first round: only sizes */
        return true;
    for (unsigned p = 0; p < part; p++)
        at += l->sizes[p];
    o->at[i] = l->set->mem + at;
    if (s->sh_type != SHT_NOBITS)
        memcpy(o->at[i], o->bytes + s->sh_offset, (size_t)s->sh_size);
    return true;
}

static bool
place_all(struct loader *l)
{
    memset(l->used, 0, sizeof l->used);
    for (uint32_t k = 0; k < l->n; k++)
        for (uint32_t i = 0; i < l->objects[k].nsections; i++)
            if (!place_section(l, &l->objects[k], i))
                return false;
    return true;
}

static bool
map(struct loader *l)
{
    size_t size = 0;
    void *p;

    if (!place_all(l))
        return false;
    for (unsigned p_ = 0; p_ < PARTS; p_++) {
        l->sizes[p_] = (l->used[p_] + PAGE - 1) & ~(PAGE - 1);
        size += l->sizes[p_];
    }
    if (!size || size > MOST_BYTES)
        return false;
    p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
             -1, 0);
    if (p == MAP_FAILED)
        return false;
    l->set->mem = p;
    l->set->size = size;
    l->set->code = l->sizes[PART_CODE];
    return place_all(l);
}

/* ---- symbols ---- */

/* Number N of "fN" or "eN"; UINT32_MAX: it is not one. */
static uint32_t
numbered(const struct loader *l, const char *name, char letter)
{
    uint64_t n = 0;

    if (name[0] != letter || !name[1])
        return UINT32_MAX;
    for (const char *p = name + 1; *p; p++) {
        if (*p < '0' || *p > '9' || n > UINT32_MAX)
            return UINT32_MAX;
        n = n * 10 + (uint64_t)(*p - '0');
    }
    return n < l->nfuncs ? (uint32_t)n : UINT32_MAX;
}

static uint8_t *
symbol_address(const struct object *o, const Elf64_Sym *s, uint64_t *room)
{
    uint64_t size;

    if (s->st_shndx == SHN_UNDEF || s->st_shndx >= o->nsections ||
        !o->at[s->st_shndx])
        return NULL;
    size = o->sections[s->st_shndx].sh_size;
    if (s->st_value > size)
        return NULL;
    *room = size - s->st_value;
    return o->at[s->st_shndx] + s->st_value;
}

/* Tables that do not lie as their entries want are not there. */
static bool
is_table(const char *symbol, const char *name, const void *at, size_t alignment)
{
    return !strcmp(symbol, name) && (uintptr_t)at % alignment == 0;
}

static void
note_symbol(struct loader *l, struct object *o, const char *name,
            const Elf64_Sym *s)
{
    uint64_t room = 0, n = s->st_size;
    uint8_t *at = symbol_address(o, s, &room);
    uint32_t func;

    if (!at || n > room)
        return;
    if ((func = numbered(l, name, 'f')) != UINT32_MAX)
        l->fast[func] = at, l->bytes[func] = (size_t)n;
    else if ((func = numbered(l, name, 'e')) != UINT32_MAX)
        l->entry[func] = at;
    else if ((func = numbered(l, name, 'j')) != UINT32_MAX)
        l->jit[func] = at;
    else if (!strcmp(name, "osr"))
        o->osr = at;
    else if (!strcmp(name, "body"))
        o->body = at, o->body_size = (size_t)n;
    else if (is_table(name, "sites", at, _Alignof(struct insn))) {
        o->sites = (const struct insn *)(void *)at;
        o->nsites = (size_t)n / sizeof *o->sites;
    } else if (is_table(name, "funcs", at, _Alignof(struct object_func))) {
        o->funcs = (const struct object_func *)(void *)at;
        o->nfuncs = (size_t)n / sizeof *o->funcs;
    } else if (is_table(name, "steps", at, _Alignof(struct object_step))) {
        o->steps = (struct object_step *)(void *)at;
        o->nsteps = (uint32_t)(n / sizeof *o->steps);
    } else if (is_table(name, "types", at, _Alignof(uint32_t))) {
        uint32_t *types = (uint32_t *)(void *)at;

        for (size_t i = 0; i < n / sizeof *types; i++)
            types[i] =
                types[i] < l->m->ntypes ? l->m->types[types[i]] : UINT32_MAX;
    }
}

static bool
note_symbols(struct loader *l)
{
    for (uint32_t k = 0; k < l->n; k++) {
        struct object *o = &l->objects[k];

        for (size_t i = 0; i < o->nsymbols; i++) {
            if (o->symbols[i].st_name >= o->nstrings)
                return false;
            note_symbol(l, o, o->strings + o->symbols[i].st_name,
                        &o->symbols[i]);
        }
    }
    return true;
}

/* ---- relocations ---- */

static bool
relocate_one(struct loader *l, struct object *o, uint32_t section,
             const Elf64_Rela *r)
{
    uint64_t n = ELF64_R_SYM(r->r_info), room, width;
    const Elf64_Sym *s;
    uint8_t *to = NULL;
    uint32_t func;

    if (n >= o->nsymbols)
        return false;
    s = &o->symbols[n];
    if (s->st_shndx == SHN_UNDEF) {
        func = numbered(l, o->strings + s->st_name, 'f');
        if (func != UINT32_MAX)
            to = l->fast[func];
    } else {
        to = symbol_address(o, s, &room);
    }
    width = reloc_width((uint32_t)ELF64_R_TYPE(r->r_info));
    if (!to || !width || r->r_offset > o->sections[section].sh_size ||
        width > o->sections[section].sh_size - r->r_offset)
        return false;
    return reloc_apply((uint32_t)ELF64_R_TYPE(r->r_info),
                       o->at[section] + r->r_offset,
                       (uintptr_t)to + (uint64_t)r->r_addend);
}

static bool
relocate(struct loader *l)
{
    for (uint32_t k = 0; k < l->n; k++) {
        struct object *o = &l->objects[k];

        for (uint32_t i = 0; i < o->nsections; i++) {
            const Elf64_Shdr *s = &o->sections[i];
            const Elf64_Rela *r;

            if (s->sh_type == SHT_REL)
                return false;
            if (s->sh_type != SHT_RELA)
                continue;
            if (s->sh_info >= o->nsections || s->sh_offset % 8)
                return false;
            if (!o->at[s->sh_info])
                continue; /* of what is not loaded */
            r = (const Elf64_Rela *)(const void *)(o->bytes + s->sh_offset);
            for (size_t j = 0; j < s->sh_size / sizeof *r; j++)
                if (!relocate_one(l, o, s->sh_info, &r[j]))
                    return false;
        }
    }
    return true;
}

/* Nothing is made yet: said when nothing else is written into the tables any
 * more, since tables and relocations may overlap in an object that was forged. */
static void
note_steps(struct loader *l)
{
    for (uint32_t k = 0; k < l->n; k++) {
        struct object *o = &l->objects[k];

        for (uint32_t i = 0; i < o->nsteps; i++)
            o->steps[i].made = NULL;
        l->set->steps[k] = o->steps;
        l->set->nsteps[k] = o->nsteps;
    }
}

/* ---- making it known ---- */

static bool
is_code(const struct loader *l, const uint8_t *p)
{
    return p && p >= l->set->mem && p < l->set->mem + l->set->code;
}

/* The functions' tables agree with the symbols, which are of code. */
static bool
check_funcs(struct loader *l)
{
    size_t total = 0;

    for (uint32_t k = 0; k < l->n; k++) {
        struct object *o = &l->objects[k];

        if (!o->sites || !o->funcs)
            return false;
        for (size_t i = 0; i < o->nfuncs; i++) {
            const struct object_func *f = &o->funcs[i];

            if (f->func >= l->nfuncs || !f->nsites || f->site > o->nsites ||
                f->nsites > o->nsites - f->site)
                return false;
            if (f->osr ? !is_code(l, o->osr) || !is_code(l, o->body) ||
                             o->nfuncs != 1
                       : !is_code(l, l->fast[f->func]) ||
                             !is_code(l, l->entry[f->func]))
                return false;
        }
        total += o->nfuncs;
    }
    return total;
}

static int
add_ranges(struct loader *l, const struct object *o)
{
    struct code_range *ranges = calloc(o->nfuncs, sizeof *ranges);
    int r;

    if (!ranges)
        return -E_NOMEM;
    for (size_t i = 0; i < o->nfuncs; i++)
        ranges[i] = (struct code_range){.start = o->sites + o->funcs[i].site,
                                        .end = o->sites + o->funcs[i].site +
                                               o->funcs[i].nsites,
                                        .func = o->funcs[i].func,
                                        .link = o->funcs[i].link,
                                        .frame = o->funcs[i].frame,
                                        .sites = true};
    r = code_add_sites(l->m, ranges, (uint32_t)o->nfuncs);
    if (r < 0)
        free(ranges);
    return r;
}

static void
publish_func(struct loader *l, uint32_t func)
{
    native_fn *fn;

    memcpy(&fn, &l->entry[func], sizeof fn);
    atomic_store_explicit(&l->m->code[func].fast, l->fast[func],
                          memory_order_release);
    native_publish(l->m, func, fn, (uintptr_t)l->jit[func]);
    native_tell_perf(l->m, func, l->fast[func], l->bytes[func]);
}

static void
publish(struct loader *l)
{
    pthread_mutex_lock(&l->m->lock);
    for (uint32_t k = 0; k < l->n && !atomic_load(&l->m->exact); k++)
        for (size_t i = 0; i < l->objects[k].nfuncs; i++) {
            const struct object_func *f = &l->objects[k].funcs[i];

            if (!f->osr)
                publish_func(l, f->func);
            else /* or not: then the loop goes on as it is */
                object_osr_add(l->m, f->func, f->osr, f->frame,
                               (uintptr_t)l->objects[k].osr);
        }
    pthread_mutex_unlock(&l->m->lock);
}

static int
by_start(const void *a, const void *b)
{
    const struct span *x = a, *y = b;

    return x->start < y->start ? -1 : x->start > y->start;
}

static bool
note_spans(struct loader *l)
{
    struct object_set *s = l->set;

    for (uint32_t k = 0; k < l->n; k++)
        s->nspans += l->objects[k].nfuncs;
    s->spans = calloc(s->nspans, sizeof *s->spans);
    s->nspans = 0;
    for (uint32_t k = 0; s->spans && k < l->n; k++) {
        const struct object *o = &l->objects[k];

        for (size_t i = 0; i < o->nfuncs; i++) {
            const struct object_func *f = &o->funcs[i];
            uintptr_t at = (uintptr_t)(f->osr ? o->body : l->fast[f->func]);

            s->spans[s->nspans++] = (struct span){
                at, at + (f->osr ? o->body_size : l->bytes[f->func]),
                o->sites + f->site};
        }
    }
    if (s->spans)
        qsort(s->spans, s->nspans, sizeof *s->spans, by_start);
    return s->spans;
}

/* Of a fault in compiled code: its function's first site. */
static const struct insn *
place(struct engine_module *m, uint32_t func, uintptr_t at)
{
    (void)func;
    for (const struct object_set *s = atomic_load(&m->objects); s;
         s = s->next) {
        size_t lo = 0, hi = s->nspans;

        while (lo < hi) {
            size_t mid = (lo + hi) / 2;

            if (s->spans[mid].end <= at)
                lo = mid + 1;
            else
                hi = mid;
        }
        if (lo < s->nspans && at >= s->spans[lo].start)
            return s->spans[lo].site;
    }
    return NULL;
}

static int
install(struct loader *l)
{
    struct object_set *s = l->set;
    int r;

    if (!check_funcs(l))
        return -E_INVAL;
    if (!note_spans(l))
        return -E_NOMEM;
    if (mprotect(s->mem, s->code, PROT_READ | PROT_EXEC) < 0 ||
        (l->sizes[PART_CONST] &&
         mprotect(s->mem + s->code, l->sizes[PART_CONST], PROT_READ) < 0))
        return -E_NOMEM;
    __builtin___clear_cache((char *)s->mem, (char *)s->mem + s->code);
    if ((r = native_code_add(s->mem, s->code, l->m, NATIVE_SITES, place)) < 0)
        return r;
    for (uint32_t k = 0; k < l->n; k++)
        if ((r = add_ranges(l, &l->objects[k])) < 0) {
            native_code_remove(s->mem);
            return r; /* ranges of what is gone are never asked for */
        }
    s->next = atomic_load(&l->m->objects);
    while (!atomic_compare_exchange_weak(&l->m->objects, &s->next, s))
        continue;
    publish(l);
    return 0;
}

/* ---- the whole ---- */

static void
set_free(struct object_set *s)
{
    for (uint32_t k = 0; s->steps && k < s->nobjects; k++)
        for (uint32_t i = 0; i < s->nsteps[k]; i++)
            free(s->steps[k][i].made);
    if (s->mem)
        munmap(s->mem, s->size);
    free(s->steps);
    free(s->nsteps);
    free(s->spans);
    free(s);
}

static int
load(struct loader *l, const struct object_blob *blobs)
{
    l->nfuncs = l->m->nfuncs - l->m->nfuncs_imported;
    l->objects = calloc(l->n, sizeof *l->objects);
    l->fast = calloc(l->nfuncs, sizeof *l->fast);
    l->entry = calloc(l->nfuncs, sizeof *l->entry);
    l->jit = calloc(l->nfuncs, sizeof *l->jit);
    l->bytes = calloc(l->nfuncs, sizeof *l->bytes);
    l->set->steps = calloc(l->n, sizeof *l->set->steps);
    l->set->nsteps = calloc(l->n, sizeof *l->set->nsteps);
    l->set->nobjects = l->n;
    if (!l->objects || !l->fast || !l->entry || !l->jit || !l->bytes ||
        !l->set->steps || !l->set->nsteps)
        return -E_NOMEM;
    for (uint32_t k = 0; k < l->n; k++) {
        struct object *o = &l->objects[k];

        if (!read_object(o, &blobs[k]))
            return -E_INVAL;
        o->at = calloc(o->nsections, sizeof *o->at);
        if (!o->at)
            return -E_NOMEM;
    }
    if (!map(l) || !note_symbols(l) || !relocate(l))
        return -E_INVAL;
    note_steps(l);
    return install(l);
}

int
object_load(struct engine_module *m, const struct object_blob *blobs,
            uint32_t n)
{
    struct loader l = {.m = m, .n = n, .set = calloc(1, sizeof *l.set)};
    int r = -E_NOMEM;

    if (l.set)
        r = load(&l, blobs);
    if (r < 0 && l.set)
        set_free(l.set);
    for (uint32_t k = 0; l.objects && k < n; k++)
        free(l.objects[k].at);
    free(l.objects);
    free(l.fast);
    free(l.bytes);
    free(l.entry);
    free(l.jit);
    return r;
}

void
object_free_all(struct engine_module *m)
{
    struct object_set *s;

    object_osr_free(m);
    while ((s = atomic_load(&m->objects))) {
        atomic_store(&m->objects, s->next);
        native_code_remove(s->mem);
        set_free(s);
    }
}
