/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cuts the stencils (engine/jit/stencil) out of ELF object files and prints
 * them as a C header: bytes, holes, and an enum with each family's first index.
 *
 *   stencils FILE.o... > stencils.h
 *
 * A stencil's last jump to `next` goes: the next one is copied behind it.
 * Immediates are constants to look for (K32, K64, K8) in stencils whose name
 * starts with k_ or whose last number is 9. The compiler may have added or
 * subtracted 1 or negated them: then the difference is the addend. A stencil in
 * which it did anything else does not exist (size 0).
 *
 * What is the machine's own is in a file of its own: stencils.h.
 */
#include "stencils.h"

#include "pack.h"

#include <stdarg.h>

static const struct machine *const machines[] = {&machine_x86_64,
                                                 &machine_aarch64};
static const struct machine *machine;
static struct stencil **all;
static size_t nall, cap;
static uint8_t pool[65536];
static size_t npool;

void
die(const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    fputs("stencils: ", stderr);
    vfprintf(stderr, format, ap);
    fputc('\n', stderr);
    va_end(ap);
    exit(1);
}

uint32_t
pool_add(const struct object *o, const Elf64_Sym *sym, uint64_t offset)
{
    const Elf64_Shdr *c = &o->sections[sym->st_shndx];
    const uint8_t *p = o->data + c->sh_offset + sym->st_value + offset;
    size_t size = c->sh_entsize;

    if (!size)
        die("a constant of unknown size");
    for (size_t at = 0; at + size <= npool; at += size)
        if (memcmp(pool + at, p, size) == 0)
            return (uint32_t)at;
    npool = (npool + size - 1) / size * size;
    if (npool + size > sizeof pool)
        die("too many constants");
    memcpy(pool + npool, p, size);
    npool += size;
    return (uint32_t)(npool - size);
}

void
add_hole(struct stencil *s, unsigned at, unsigned kind)
{
    if (s->nholes == MAX_HOLES)
        die("%s: too many holes", s->family);
    s->holes[s->nholes].at = (uint16_t)at;
    s->holes[s->nholes].mark = 0;
    s->holes[s->nholes++].kind = (uint8_t)kind;
}

static int
by_place(const void *a, const void *b)
{
    return (int)((const struct hole *)a)->at -
           (int)((const struct hole *)b)->at;
}

bool
wants_immediate(const struct stencil *s)
{
    return strncmp(s->family, "k_", 2) == 0 ||
           (s->ndigits > 1 && s->digits[s->ndigits - 1] == 9);
}

struct hole *
hole_at(struct stencil *s, unsigned at)
{
    for (unsigned i = 0; i < s->nholes; i++)
        if (s->holes[i].at == at)
            return &s->holes[i];
    return NULL;
}

void
remove_hole(struct stencil *s, const struct hole *h)
{
    size_t i = (size_t)(h - s->holes);

    memmove(s->holes + i, s->holes + i + 1,
            (s->nholes - i - 1) * sizeof *s->holes);
    s->nholes--;
}

void
none(struct stencil *s)
{
    s->size = s->nholes = 0;
    s->absent = true;
}

/* ---- object files ---- */

static void
read_name(struct stencil *s, const char *name)
{
    const char *end = strstr(name, "__");
    size_t n = end ? (size_t)(end - name) : strlen(name);

    if (n >= sizeof s->family)
        die("%s: too long", name);
    memcpy(s->family, name, n);
    for (end = end ? end + 2 : ""; *end; end++)
        if (*end != '_') {
            if (s->ndigits == 3 || *end < '0' || *end > '9')
                die("%s: bad numbers", name);
            s->digits[s->ndigits++] = (unsigned)(*end - '0');
        }
}

static void
read_stencil(const struct object *o, const Elf64_Sym *sym)
{
    struct stencil *s = calloc(1, sizeof *s);
    const Elf64_Shdr *text = &o->sections[sym->st_shndx];

    if (!s)
        die("out of memory");
    read_name(s, o->names + sym->st_name + 2);
    if (sym->st_size > MAX_BYTES)
        die("%s: too large", s->family);
    s->size = (unsigned)sym->st_size;
    memcpy(s->bytes, o->data + text->sh_offset + sym->st_value, s->size);
    for (size_t i = 0; i < o->nsections; i++) {
        const Elf64_Shdr *r = &o->sections[i];
        const Elf64_Rela *rela = (const void *)(o->data + r->sh_offset);

        if (r->sh_type != SHT_RELA || r->sh_info != sym->st_shndx)
            continue;
        for (size_t k = 0; k < r->sh_size / sizeof *rela; k++)
            machine->relocate(s, o, &rela[k]);
    }
    machine->finish(s);
    qsort(s->holes, s->nholes, sizeof *s->holes, by_place);
    if (nall == cap) {
        cap = cap ? cap * 2 : 4096;
        all = realloc(all, cap * sizeof(void *));
        if (!all)
            die("out of memory");
    }
    all[nall++] = s;
}

static void
choose_machine(unsigned elf, const char *path)
{
    for (size_t i = 0; i < sizeof machines / sizeof machines[0]; i++)
        if (machines[i]->elf == elf && (!machine || machine == machines[i])) {
            machine = machines[i];
            return;
        }
    die("%s is for a machine that is not known here, or for another one", path);
}

static void
read_object(const char *path)
{
    FILE *f = fopen(path, "rb");
    uint8_t *data;
    long size;
    const Elf64_Ehdr *h;
    struct object o = {0};

    if (!f || fseek(f, 0, SEEK_END) < 0 || (size = ftell(f)) < 0)
        die("cannot read %s", path);
    rewind(f);
    data = malloc((size_t)size);
    if (!data || fread(data, 1, (size_t)size, f) != (size_t)size)
        die("cannot read %s", path);
    fclose(f);
    h = (const void *)data;
    if (memcmp(h->e_ident, ELFMAG, SELFMAG) != 0)
        die("%s is no object file", path);
    choose_machine(h->e_machine, path);
    o.data = data;
    o.sections = (const void *)(data + h->e_shoff);
    o.nsections = h->e_shnum;
    if (h->e_shnum == 0)
        o.nsections = o.sections[0].sh_size;
    for (size_t i = 0; i < o.nsections; i++)
        if (o.sections[i].sh_type == SHT_SYMTAB) {
            const Elf64_Shdr *names = &o.sections[o.sections[i].sh_link];

            o.symbols = (const void *)(data + o.sections[i].sh_offset);
            o.nsymbols = o.sections[i].sh_size / sizeof *o.symbols;
            o.names = (const char *)data + names->sh_offset;
        }
    for (size_t i = 0; i < o.nsymbols; i++)
        if (ELF64_ST_TYPE(o.symbols[i].st_info) == STT_FUNC &&
            strncmp(o.names + o.symbols[i].st_name, "S_", 2) == 0)
            read_stencil(&o, &o.symbols[i]);
}

/* ---- output ---- */

static int
by_name(const void *a, const void *b)
{
    const struct stencil *x = *(struct stencil *const *)a;
    const struct stencil *y = *(struct stencil *const *)b;
    int c = strcmp(x->family, y->family);

    return c ? c : memcmp(x->digits, y->digits, sizeof x->digits);
}

static struct record *records;
static size_t nrecords, records_cap;
static unsigned *families;
static size_t nfamilies;
static uint16_t *lists;
static size_t nlists;

/* Lists of holes, each ending in 0xffff. */
static size_t
list_add(const struct stencil *s)
{
    uint16_t list[MAX_HOLES + 1];
    unsigned n = s->nholes;
    const uint16_t *p;

    for (unsigned i = 0; i < n; i++)
        list[i] = (uint16_t)((unsigned)s->holes[i].kind << machine->kind_shift |
                             s->holes[i].at / machine->unit | s->holes[i].mark);
    list[n++] = 0xffff;
    for (p = lists; p + n <= lists + nlists; p++)
        if (memcmp(p, list, n * sizeof *p) == 0)
            return (size_t)(p - lists);
    memcpy(lists + nlists, list, n * sizeof *list);
    nlists += n;
    return nlists - n;
}

static void
put_record(struct record r)
{
    if (nrecords == records_cap) {
        records_cap = records_cap ? records_cap * 2 : 4096;
        records = realloc(records, records_cap * sizeof *records);
        if (!records)
            die("out of memory");
    }
    records[nrecords++] = r;
}

/* All members of the family that starts at all[i]; returns the next one's. */
static size_t
put_family(size_t i)
{
    size_t end = i, base = nrecords, total = 1;
    unsigned max[3] = {0, 0, 0}, nd = all[i]->ndigits;

    while (end < nall && strcmp(all[end]->family, all[i]->family) == 0) {
        for (unsigned k = 0; k < 3; k++)
            if (all[end]->digits[k] >= max[k])
                max[k] = all[end]->digits[k] + 1;
        end++;
    }
    for (unsigned k = 0; k < nd; k++)
        total *= max[k];
    for (size_t k = 0; k < total; k++)
        put_record((struct record){0, 0, NULL});
    families[nfamilies++] = (unsigned)base;
    printf("    ST_%s = %zu,\n", all[i]->family, base);
    for (size_t k = i; k < end; k++) {
        const struct stencil *s = all[k];
        size_t at = 0;

        if (s->ndigits != nd)
            die("%s: numbers differ", s->family);
        for (unsigned d = 0; d < nd; d++)
            at = at * max[d] + s->digits[d];
        if (s->absent)
            continue;
        records[base + at] =
            (struct record){s->size, (unsigned)list_add(s) + 1, s->bytes};
    }
    return end;
}

int
main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        read_object(argv[i]);
    families = malloc((nall + 1) * sizeof *families);
    lists = malloc(nall * (MAX_HOLES + 1) * sizeof *lists + 1);
    if (!nall || !families || !lists)
        die("usage: stencils FILE.o...");
    qsort(all, nall, sizeof(void *), by_name);
    puts("/* Made by tools/stencils. */\nenum stencil_family {");
    for (size_t i = 0; i < nall;)
        i = put_family(i);
    printf("    ST_COUNT = %zu\n};\nenum hole_kind {\n", nrecords);
    for (size_t i = 0; i < machine->nkinds; i++)
        printf("    HOLE_%s,\n", machine->kinds[i]);
    printf("};\n#define STENCIL_POOL %zu\n#ifdef STENCIL_DATA\n",
           (npool + 15) / 16 * 16);
    puts("static const uint16_t stencil_holes[] = {");
    for (size_t i = 0; i < nlists; i++)
        printf("%u,%s", lists[i], i % 16 == 15 ? "\n" : "");
    puts("};\nstatic const uint8_t stencil_pool[STENCIL_POOL] = {");
    for (size_t i = 0; i < npool; i++)
        printf("%u,%s", pool[i], i % 24 == 23 ? "\n" : "");
    puts("};\n#endif\n#ifdef STENCIL_PACKED");
    families[nfamilies] = (unsigned)nrecords;
    pack(records, nrecords, families, nfamilies);
    puts("#endif");
    return 0;
}
