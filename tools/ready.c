/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pith-ready: what PID 1 of a machine knows of the programs that it starts at every
 * boot (engine/ready.h), on standard output.
 *
 *     pith-ready [--interp] IMAGE PATH[:known]...  > OUT
 *     pith-ready [--interp] --check FILE IMAGE OTHER PATH...
 *
 * --check: the programs of OTHER are loaded with what FILE says of IMAGE, and
 * without: every function must be the same. Says what was used of FILE.
 *
 * Each PATH of the system image is loaded here and validated, and its functions
 * are translated; of one with :known only that it is valid is kept. Where its
 * bytes lie in the image is found by searching. Same input, same bytes. It is
 * linked with an engine of the same form as PID 1's (vm/vm.mk); --interp: as on a
 * processor without machine code.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ready.h"
#include "translate.h"

#define MODULES_MAX 16
#define SEARCHED 48u /* bytes that are looked for at once */

struct bytes {
    uint8_t *at;
    size_t n, room;
};

static struct program {
    struct bytes file;
    struct engine_module *module;
    struct ready_module known;
    bool all;
} programs[MODULES_MAX];
static size_t nprograms;
static struct bytes image, extents, funcs, code;

static void __attribute__((noreturn, format(printf, 1, 2)))
die(const char *format, ...)
{
    va_list ap;

    fprintf(stderr, "pith-ready: ");
    va_start(ap, format);
    vfprintf(stderr, format, ap);
    va_end(ap);
    fputc('\n', stderr);
    exit(1);
}

static void
put(struct bytes *b, const void *p, size_t n)
{
    while (b->room - b->n < n) {
        b->room = b->room ? 2 * b->room : 4096;
        b->at = realloc(b->at, b->room);
        if (!b->at)
            die("out of memory");
    }
    if (n)
        memcpy(b->at + b->n, p, n);
    b->n += n;
}

/* ---- the image ----------------------------------------------------------- */

static struct bytes
map_file(const char *name)
{
    struct bytes b = {0};
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0)
        die("%s: cannot be opened", name);
    b.n = (size_t)st.st_size;
    b.at = b.n ? mmap(NULL, b.n, PROT_READ, MAP_PRIVATE, fd, 0) : NULL;
    if (b.at == MAP_FAILED || b.n > UINT32_MAX)
        die("%s: cannot be mapped", name);
    close(fd);
    return b;
}

static sqlite3 *
open_image(const char *file)
{
    char name[4096];
    sqlite3 *db;

    snprintf(name, sizeof name, "file:%s?immutable=1", file);
    if (sqlite3_open_v2(name, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI,
                        NULL) != SQLITE_OK)
        die("%s: %s", file, sqlite3_errmsg(db));
    return db;
}

static sqlite3_stmt *
prepare(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *s;

    if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) != SQLITE_OK)
        die("%s", sqlite3_errmsg(db));
    return s;
}

static int64_t
find_file(sqlite3 *db, const char *path)
{
    sqlite3_stmt *s =
        prepare(db, "SELECT ino FROM entries WHERE dir=?1 AND name=?2");
    int64_t ino = 1;

    while (*path) {
        size_t n = strcspn(++path, "/");

        sqlite3_bind_int64(s, 1, ino);
        sqlite3_bind_text(s, 2, path, (int)n, SQLITE_STATIC);
        if (sqlite3_step(s) != SQLITE_ROW)
            die("%s: there is no such file in the image", path);
        ino = sqlite3_column_int64(s, 0);
        sqlite3_reset(s);
        path += n;
    }
    sqlite3_finalize(s);
    return ino;
}

static void
read_program(sqlite3 *db, struct program *p, const char *path)
{
    sqlite3_stmt *s =
        prepare(db, "SELECT data FROM chunks WHERE ino=?1 ORDER BY idx");

    sqlite3_bind_int64(s, 1, find_file(db, path));
    while (sqlite3_step(s) == SQLITE_ROW)
        put(&p->file, sqlite3_column_blob(s, 0),
            (size_t)sqlite3_column_bytes(s, 0));
    sqlite3_finalize(s);
}

/* The longest piece of the image that begins with what is at p. */
static struct ready_extent
longest(const uint8_t *p, size_t n)
{
    const uint8_t *at = image.at, *end = image.at + image.n;
    size_t seek = n < SEARCHED ? n : SEARCHED;
    struct ready_extent best = {0};

    for (; (at = memmem(at, (size_t)(end - at), p, seek)); at++) {
        size_t same = seek;

        while (same < n && at + same < end && at[same] == p[same])
            same++;
        if (same > best.length)
            best = (struct ready_extent){(uint32_t)(at - image.at),
                                         (uint32_t)same};
    }
    return best;
}

static void
find_extents(struct program *p, const char *path)
{
    for (size_t done = 0; done < p->file.n; p->known.nextents++) {
        struct ready_extent e = longest(p->file.at + done, p->file.n - done);

        if (!e.length)
            die("%s: byte %zu is not found in the image", path, done);
        put(&extents, &e, sizeof e);
        done += e.length;
    }
}

/* ---- functions ----------------------------------------------------------- */

static uint32_t
own_type(const struct engine_module *m, uint32_t type)
{
    for (uint32_t i = 0; i < m->ntypes; i++)
        if (m->types[i] == type)
            return i;
    die("a type that is none of the module's");
}

/* false: it holds types in ways that the format does not know. */
static bool
put_insns(const struct engine_module *m, const struct insn *i,
          const struct insn *end)
{
    for (; i < end; i++) {
        unsigned op = (unsigned)i->code;
        uint16_t word = (uint16_t)(op | t_raw_count(op) << READY_RAW);
        struct insn copy = *i;
        uint32_t raw = t_raw_count(op);

        if (op == OP_gc || op == OP_cont_suspend || op == OP_cont_switch ||
            op == OP_cont_resume)
            return false;
        if (ready_has_type(op))
            copy.uimm = own_type(m, copy.uimm);
        put(&code, &word, sizeof word);
        put(&code, &copy.a, 8);
        put(&code, i + 1, raw * sizeof *i);
        i += raw;
    }
    return true;
}

static void
put_func(struct program *p, uint32_t func)
{
    struct engine_module *m = p->module;
    struct ready_func f = {.func = func, .at = (uint32_t)code.n};
    struct ready_code head = {0};
    struct translator t = {.want = UINT32_MAX};
    struct insn *insns;
    size_t begin;
    bool good;

    if (!t_translate(&t, m, func) || !(insns = calloc(t.n, sizeof *insns)))
        die("out of memory");
    t_finish(&t, insns, false);
    head.n = t.n;
    head.nhandlers = t.nhandlers;
    head.link = t.link;
    put(&code, &head, sizeof head);
    put(&code, t.handlers, t.nhandlers * sizeof *t.handlers);
    begin = code.n;
    good = put_insns(m, insns, insns + t.n);
    free(insns);
    t_buffers_free(&t);
    if (!good) {
        code.n = f.at;
        return;
    }
    head.bytes = (uint32_t)(code.n - begin);
    memcpy(code.at + f.at, &head, sizeof head);
    f.size = (uint32_t)code.n - f.at;
    f.check = ready_check(code.at + f.at, f.size);
    put(&code, "\0\0\0", -code.n % 4);
    put(&funcs, &f, sizeof f);
    p->known.nfuncs++;
}

static struct engine_module *
load(const struct program *p, const char *path)
{
    struct engine_module *m;
    struct report report = {0};

    if (engine_module_load(p->file.at, p->file.n, NULL, NULL, &m, &report) < 0)
        die("%s: %s", path, report.text);
    return m;
}

static void
put_program(struct program *p, const char *path)
{
    uint32_t n;

    p->known.size = (uint32_t)p->file.n;
    p->known.extents = (uint32_t)extents.n;
    find_extents(p, path);
    p->module = load(p, path);
    p->known.tail_calls = p->module->tail_calls;
    p->known.funcs = (uint32_t)funcs.n;
    n = p->module->nfuncs - p->module->nfuncs_imported;
    for (uint32_t i = 0; p->all && i < n; i++)
        put_func(p, i);
}

/* ---- the file ------------------------------------------------------------ */

/* Places become the file's. */
static void
write_file(void)
{
    struct ready_header h = {.form = ready_form(),
                             .nmodules = (uint32_t)nprograms};
    uint32_t at = (uint32_t)(sizeof h + nprograms * sizeof programs[0].known);
    uint32_t funcs_at = at + (uint32_t)extents.n;
    uint32_t code_at = funcs_at + (uint32_t)funcs.n;
    struct ready_func *f = (void *)funcs.at;
    struct bytes index = {0};

    memcpy(h.magic, READY_MAGIC, sizeof h.magic);
    memcpy(h.engine, ready_engine, sizeof h.engine);
    for (size_t i = 0; i < nprograms; i++) {
        programs[i].known.extents += at;
        programs[i].known.funcs += funcs_at;
        put(&index, &programs[i].known, sizeof programs[i].known);
    }
    for (size_t i = 0; i < funcs.n / sizeof *f; i++)
        f[i].at += code_at;
    put(&index, extents.at, extents.n);
    put(&index, funcs.at, funcs.n);
    h.index = code_at;
    h.size = code_at + (uint32_t)code.n;
    h.check = ready_check(index.at, index.n);
    fwrite(&h, sizeof h, 1, stdout);
    fwrite(index.at, 1, index.n, stdout);
    fwrite(code.at, 1, code.n, stdout);
    if (fflush(stdout) != 0)
        die("standard output: cannot be written");
    free(index.at);
}

/* ---- checking ------------------------------------------------------------ */

static struct code_range
translated(struct engine_module *m, uint32_t func)
{
    struct code_range r = {0};

    if (translate_func(m, func) < 0 ||
        !module_find_pc(m, atomic_load(&m->code[func].insns), &r))
        die("out of memory");
    return r;
}

static bool
same_code(const struct code_range *a, const struct code_range *b)
{
    size_t n = (size_t)(a->end - a->start);

    return n == (size_t)(b->end - b->start) && a->link == b->link &&
           a->frame == b->frame && a->nhandlers == b->nhandlers &&
           memcmp(a->start, b->start, n * sizeof *a->start) == 0 &&
           (!a->nhandlers || memcmp(a->handlers, b->handlers,
                                    a->nhandlers * sizeof *a->handlers) == 0);
}

static void
check_program(const struct program *p, const char *path,
              const struct bytes *file)
{
    struct engine_module *with, *without;
    uint32_t n;

    if (!engine_ready(file->at, file->n, image.at, image.n))
        printf("refused\n");
    with = load(p, path);
    engine_ready(NULL, 0, NULL, 0);
    without = load(p, path);
    n = without->nfuncs - without->nfuncs_imported;
    if (with->tail_calls != without->tail_calls)
        die("%s: another convention", path);
    for (uint32_t i = 0; i < n; i++) {
        struct code_range a, b = translated(without, i);

        engine_ready(file->at, file->n, image.at, image.n);
        a = translated(with, i);
        engine_ready(NULL, 0, NULL, 0);
        if (!same_code(&a, &b) || with->code[i].body != without->code[i].body)
            die("%s: function %u is another one", path, i);
    }
    engine_module_unref(with);
    engine_module_unref(without);
}

static int
check(int argc, char **argv)
{
    struct engine_ready_stats s;
    struct bytes file;
    sqlite3 *db;

    if (argc < 4)
        die("--check FILE IMAGE OTHER PATH...");
    file = map_file(argv[0]);
    image = map_file(argv[1]);
    db = open_image(argv[2]);
    for (int i = 3; i < argc; i++) {
        struct program p = {0};

        read_program(db, &p, argv[i]);
        check_program(&p, argv[i], &file);
        free(p.file.at);
    }
    sqlite3_close(db);
    s = engine_ready_stats();
    printf("%u modules, %u functions, %u found\n", s.modules, s.asked, s.found);
    return 0;
}

int
main(int argc, char **argv)
{
    struct engine_options o = {.tier = ENGINE_TIER_LLVM};
    sqlite3 *db;

    if (argc > 1 && strcmp(argv[1], "--interp") == 0) {
        o.tier = ENGINE_TIER_INTERP;
        argc--, argv++;
    }
    engine_configure(&o);
    if (argc > 1 && strcmp(argv[1], "--check") == 0)
        return check(argc - 2, argv + 2);
    if (argc < 2)
        die("usage: pith-ready [--interp] IMAGE PATH[:known]...");
    image = map_file(argv[1]);
    db = open_image(argv[1]);
    for (int i = 2; i < argc && nprograms < MODULES_MAX; i++) {
        struct program *p = &programs[nprograms++];
        char *known = strstr(argv[i], ":known");

        p->all = !known;
        if (known)
            *known = '\0';
        read_program(db, p, argv[i]);
        put_program(p, argv[i]);
    }
    sqlite3_close(db);
    write_file();
    for (size_t i = 0; i < nprograms; i++) {
        engine_module_unref(programs[i].module);
        free(programs[i].file.at);
    }
    return 0;
}
