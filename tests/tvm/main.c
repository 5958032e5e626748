/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TVM: each instruction (rows.h), files, limits, system calls on real files.
 * `test-tvm --seeds DIR` writes the programs as seeds for the fuzzer, `test-tvm
 * --assemble TEXT FILE` one.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "asm.h"
#include "rows.h"
#include "world.h"

#define ROOM 4096u
static const char constants[] = "\5\0\0\0hello\3\0\0\0abc"; /* and a 0 */

static int passed, failed;
static bool run_once[256];

static void
check(bool ok, const char *what, const char *got)
{
    if (ok) {
        passed++;
        return;
    }
    failed++;
    printf("FAIL %s\n  got: %s\n", what, got);
}

/* ---- one program ------------------------------------------------------------
 */

static uint64_t clock_ns, slept_ns;

static int64_t
fake_call(struct tvm *t, uint32_t number, const uint32_t a[6])
{
    (void)t, (void)a;
    return number == 102 ? 77 : -TVM_ENOSYS;
}

static uint64_t
fake_now(void *ctx)
{
    (void)ctx;
    return clock_ns;
}

static void
fake_sleep(void *ctx, uint64_t ns)
{
    (void)ctx;
    clock_ns += ns;
    slept_ns += ns;
}

static const struct tvm_host fake = {fake_call, fake_now, fake_sleep, NULL};

/* A program's text to its end in t, which is to be finished. */
static bool
run_text(struct tvm *t, const char *text, const struct tvm_limits *limits,
         const struct tvm_host *host)
{
    static uint8_t file[ROOM];
    char code[2048];
    struct report r = {0};
    uint32_t n;

    snprintf(code, sizeof code, "%s HALT 0", text);
    n = tvm_file(code, constants, sizeof constants - 1, file, ROOM);
    if (!tvm_load(t, file, n, limits, host, &r)) {
        check(false, text, r.text);
        return false;
    }
    while (t->state == TVM_RUNNING) {
        uint8_t op = t->pc < t->code_size ? t->code[t->pc] : 0;
        struct tvm_stats before = t->stats;

        tvm_step(t);
        if (t->state != TVM_FAILED &&
            before.instructions < t->stats.instructions)
            run_once[op] = true;
    }
    return true;
}

/* What a row of rows.h can want. */
static const char *
outcome(const struct tvm *t, const char *want)
{
    static char text[512];
    size_t n = 0;

    if (t->state == TVM_FAILED) {
        snprintf(text, sizeof text, "!%s", t->error.text);
    } else if (want[0] == '=') {
        snprintf(text, sizeof text, "=%" PRId32, t->exit_code);
    } else {
        text[0] = 0;
        for (uint32_t i = 0; i < t->sp && n < sizeof text - 32; i++)
            n += (size_t)snprintf(text + n, sizeof text - n, "%s%" PRId64,
                                  i ? " " : "", t->stack[i]);
    }
    return text;
}

static void
expect(const char *text, const char *want, const struct tvm_limits *limits)
{
    static struct tvm t;
    const char *got;

    if (!run_text(&t, text, limits, &fake))
        return;
    got = outcome(&t, want);
    if (want[0] == '!')
        check(got[0] == '!' && strstr(got, want + 1), text, got);
    else
        check(!strcmp(got, want), text, got);
    tvm_finish(&t);
}

static void
instructions(void)
{
    struct tvm_limits limits = {1u << 20, 0, 0, 1000000};
    char what[64];

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        expect(rows[i].code, rows[i].want, &limits);
    run_once[0x73] = true; /* BREAK, which has no other way than to fail */
    for (int i = 0; i < 256; i++) {
        if (tvm_ops[i].name) {
            snprintf(what, sizeof what, "%s was run", tvm_ops[i].name);
            check(run_once[i], what, "no row did");
        }
    }
}

/* ---- files
 * --------------------------------------------------------------------- */

static void
refused(const uint8_t *bytes, size_t n, const char *part)
{
    static struct tvm t;
    struct report r = {0};
    bool ok = tvm_load(&t, bytes, n, &TVM_LIMITS, &fake, &r);

    check(!ok && strstr(r.text, part), part, ok ? "loaded" : r.text);
    if (ok)
        tvm_finish(&t);
}

static void
files(void)
{
    static uint8_t file[ROOM], bad[ROOM];
    static struct tvm t;
    struct report r = {0};
    struct tvm_limits small = {64, 0, 0, 0};
    uint32_t n = tvm_file("PUSH_IMM8 1 HALT 5", constants, 12, file, ROOM);
    static const struct {
        uint8_t at, size;
        uint32_t value;
        const char *part;
    } changes[] = {
        {4, 2, 2, "version"},
        {8, 4, 7, "behind its code"},
        {16, 4, 0xffffffff, "constants lie outside"},
        {20, 4, 1000, "constants lie outside"},
        {20, 4, TVM_CONST_MAX + 1, "at most 4194304"},
        {24, 4, 0x80000000, "instructions lie outside"},
        {28, 4, 100, "instructions lie outside"},
        {28, 4, TVM_CODE_MAX + 1, "at most 16777216"},
        {28, 4, 0, "behind its code"},
    };

    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        memcpy(bad, file, n);
        tvm_put(bad + changes[i].at, changes[i].value, changes[i].size);
        refused(bad, n, changes[i].part);
    }
    refused(file, 0, "empty");
    refused(file, 20, "cut off");
    check(tvm_load(&t, file, n, &small, &fake, &r), "small", r.text);
    tvm_finish(&t);
    small.memory = 16;
    check(!tvm_load(&t, file, n, &small, &fake, &r), "too small", "loaded");
    /* without a header */
    check(tvm_load(&t, file + 32 + 12, n - 32 - 12, &TVM_LIMITS, &fake, &r),
          "code alone", r.text);
    tvm_run(&t);
    check(t.state == TVM_ENDED && t.exit_code == 5, "code alone", t.error.text);
    tvm_finish(&t);
    /* cut in an instruction, and no instruction at all */
    check(tvm_load(&t, (const uint8_t *)"\1\2", 2, &TVM_LIMITS, &fake, &r),
          "cut", r.text);
    tvm_run(&t);
    check(strstr(t.error.text, "PUSH_IMM32, is cut off"), "cut", t.error.text);
    tvm_finish(&t);
    check(tvm_load(&t, (const uint8_t *)"\x74\xff", 2, &TVM_LIMITS, &fake, &r),
          "bad", r.text);
    tvm_run(&t);
    check(!strcmp(t.error.text, "at 1: there is no instruction 0xff"), "bad",
          t.error.text);
    tvm_finish(&t);
}

/* ---- limits
 * ----------------------------------------------------------------------- */

static void
limits(void)
{
    static struct tvm t;
    struct tvm_limits l = {1u << 20, 0, 0, 5000};
    char text[64];

    expect("x: JMP .x", "!has used its 5000 cycles", &l);
    l.cycles = 100000;
    expect("MOVI r1 -1 x: ALLOC 4096 JNZ .x", "", &l); /* memory ends */
    l = (struct tvm_limits){1u << 20, 1000, 0, 0};
    clock_ns = slept_ns = 0;
    if (run_text(&t, "PUSH_IMM32 1249 x: DEC DUP JNZ .x POP", &l, &fake)) {
        /* 1 + 3 * 1249 + 2 instructions, 1000 a second: three full pauses */
        snprintf(text, sizeof text, "%" PRIu64 " in %" PRIu64,
                 t.stats.instructions, slept_ns);
        check(!strcmp(text, "3750 in 3000000000"), "instructions a second",
              text);
        check(t.stats.cycles == t.stats.instructions, "cycles", text);
        tvm_finish(&t);
    }
    l = (struct tvm_limits){1u << 20, 0, 10, 0};
    clock_ns = slept_ns = 0;
    if (run_text(&t, "PUSH_IMM8 25 x: SYSCALL 102 DEC DUP JNZ .x POP", &l,
                 &fake)) {
        snprintf(text, sizeof text, "%" PRIu64 " in %" PRIu64, t.stats.syscalls,
                 slept_ns);
        check(!strcmp(text, "25 in 2000000000"), "calls a second", text);
        tvm_finish(&t);
    }
    l = (struct tvm_limits){1u << 20, 0, 0, 0};
    if (run_text(&t, "ALLOC 8 POP PUSH_IMM8 1 I2S POP CALL .f JMP .e f: RET e:",
                 &l, &fake)) {
        check(t.stats.allocations == 2 && t.stats.calls == 1, "counts", "");
        tvm_finish(&t);
    }
}

/* ---- the world outside
 * --------------------------------------------------------------- */

static void
outside(const char *text, const char *want, const char *kept)
{
    static struct tvm t;
    struct world w;
    struct tvm_host host;
    struct tvm_limits l = TVM_LIMITS;
    const char *got;

    world_init(&w, true, false);
    host = world_host(&w);
    if (run_text(&t, text, &l, &host)) {
        got = outcome(&t, want);
        check(!strcmp(got, want), text, got);
        check(w.text[0].n == strlen(kept) &&
                  !memcmp(w.text[0].bytes ? w.text[0].bytes : "", kept,
                          w.text[0].n),
              text, w.text[0].n ? w.text[0].bytes : "nothing written");
        tvm_finish(&t);
    }
    world_finish(&w);
}

/* "a" as a path: the third byte of "abc" is followed by the file's end. */
#define HELLO "MOVI r1 1 MOVI r2 20 MOVI r3 5 SYSCALL 1 LOAD r0 0"
#define PATH_ABC "MOVI r1 29 "
static void
world(void)
{
    char dir[] = "/tmp/pith-tvm-XXXXXX";
    char path[64];
    FILE *f;

    if (!mkdtemp(dir) || chdir(dir) < 0) {
        check(false, "a directory", dir);
        return;
    }
    outside(HELLO, "5", "hello");
    outside("MOVI r1 7 MOVI r2 20 MOVI r3 5 SYSCALL 1 LOAD r0 0", "4294967287",
            "");
    outside("MOVI r1 1 MOVI r2 0 MOVI r3 5 SYSCALL 1 LOAD r0 0", "4294967282",
            "");
    outside("MOVI r1 1 SYSCALL 3 LOAD r0 0 " HELLO, "0 4294967287", "");
    /* a file: made, written, read again; its name is "abc" */
    outside(PATH_ABC
            "MOVI r2 0x241 MOVI r3 0x1a4 SYSCALL 2 MOV r1 r0 LOAD r0 0 "
            "MOVI r2 20 MOVI r3 5 SYSCALL 1 LOAD r0 0 SYSCALL 3 LOAD r0 0",
            "3 5 0", "");
    outside("ALLOC 8 STORE r7 0 " PATH_ABC "MOVI r2 0 SYSCALL 2 MOV r1 r0 "
            "MOV r2 r7 MOVI r3 8 SYSCALL 0 LOAD r0 0 MOVI r1 1 MOVI r3 5 "
            "SYSCALL 1 LOAD r0 0",
            "5 5", "hello");
    outside(PATH_ABC "MOVI r2 4 SYSCALL 21 LOAD r0 0", "0", "");
    snprintf(path, sizeof path, "%s/abc", dir);
    f = fopen(path, "r");
    check(f && fgets(path, sizeof path, f) && !strcmp(path, "hello"),
          "the file itself", f ? path : "not there");
    if (f)
        fclose(f);
    /* a directory has ".", ".." and it: 24 bytes each */
    outside("ALLOC 4096 STORE r7 0 PUSH_IMM8 46 STORE r7 1 MOV r1 r7 "
            "MOVI r2 0x10000 SYSCALL 2 MOV r1 r0 MOV r2 r7 MOVI r3 4096 "
            "SYSCALL 78 LOAD r0 0 SYSCALL 78 LOAD r0 0",
            "72 0", "");
    outside("ALLOC 4096 STORE r7 0 PUSH_IMM8 46 STORE r7 1 MOV r1 r7 "
            "MOVI r2 0x10000 SYSCALL 2 MOV r1 r0 MOV r2 r7 MOVI r3 40 "
            "SYSCALL 78 LOAD r0 0 SYSCALL 78 LOAD r0 0 MOVI r3 8 SYSCALL 78 "
            "LOAD r0 0",
            "24 24 4294967274", "");
    outside("ALLOC 256 STORE r1 0 MOVI r2 256 SYSCALL 79 LOAD r0 0", "21", "");
    outside("ALLOC 256 STORE r1 0 MOVI r2 4 SYSCALL 79 LOAD r0 0", "4294967262",
            "");
    outside(PATH_ABC "SYSCALL 80 LOAD r0 0", "4294967276", ""); /* no folder */
    outside("MOVI r1 -100 MOVI r2 29 MOVI r3 0 MOVI r0 257 SYSCALL 255 "
            "LOAD r0 0 MOVI r1 9 MOVI r0 257 SYSCALL 255 LOAD r0 0",
            "3 4294967287", "");
    outside("ALLOC 16 STORE r1 0 SYSCALL 96 LOAD r0 0", "4294967295", "");
    outside("MOVI r1 0x7fffffff SYSCALL 2 LOAD r0 0", "4294967282", "");
    outside(PATH_ABC "MOVI r2 0 x: SYSCALL 2 LOAD r0 0 PUSH_IMM8 32 CMP_LT "
                     "JNZ .x LOAD r0 0",
            "4294967272", "");
    unlink("abc");
    if (chdir("/") < 0 || rmdir(dir) < 0)
        check(false, "the directory is empty again", dir);
}

static int
seeds(const char *dir)
{
    static uint8_t file[ROOM];
    char path[256];

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint32_t n =
            tvm_file(rows[i].code, constants, sizeof constants - 1, file, ROOM);
        FILE *f;

        snprintf(path, sizeof path, "%s/row%zu.tvm", dir, i);
        f = fopen(path, "wb");
        if (!f || fwrite(file, 1, n, f) != n || fclose(f))
            return 1;
    }
    return 0;
}

static int
assemble(const char *text, const char *path)
{
    static uint8_t file[ROOM];
    uint32_t n = tvm_file(text, constants, sizeof constants - 1, file, ROOM);
    FILE *f = fopen(path, "wb");

    return !f || fwrite(file, 1, n, f) != n || fclose(f);
}

int
main(int argc, char **argv)
{
    if (argc == 4 && !strcmp(argv[1], "--assemble"))
        return assemble(argv[2], argv[3]);
    if (argc == 3 && !strcmp(argv[1], "--seeds"))
        return seeds(argv[2]);
    instructions();
    files();
    limits();
    world();
    printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
