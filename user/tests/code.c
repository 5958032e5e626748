/* SPDX-License-Identifier: Apache-2.0 */
/* Modules that the program makes and loads (docs/code.md). A small assembler
 * writes them: sections are appended in order, sizes filled in behind. */
#include <pith/code.h>
#include <setjmp.h>
#include <sys/resource.h>

#include "t.h"

#define I32 0x7f
#define END 0x0b

/* ---- the assembler ------------------------------------------------------- */

struct module {
    uint8_t bytes[1024];
    size_t n, section;
    uint8_t count; /* entries of the section that is open */
};

static void
put(struct module *m, const void *bytes, size_t n)
{
    CHECK(m->n + n <= sizeof m->bytes);
    memcpy(m->bytes + m->n, bytes, n);
    m->n += n;
}
#define PUT(m, ...) \
    put(m, (const uint8_t[]){__VA_ARGS__}, \
        sizeof(const uint8_t[]){__VA_ARGS__})

static void
begin(struct module *m)
{
    m->n = m->section = 0;
    put(m, "\0asm\1\0\0\0", 8);
}

/* The open section's size and count; id 0: no other follows. */
static void
section(struct module *m, uint8_t id)
{
    if (m->section) {
        size_t size = m->n - m->section - 2;

        m->bytes[m->section] = (uint8_t)(size & 0x7f) | 0x80;
        m->bytes[m->section + 1] = (uint8_t)(size >> 7);
        m->bytes[m->section + 2] = m->count;
    }
    if (id) {
        PUT(m, id, 0, 0, 0);
        m->section = m->n - 3;
        m->count = 0;
    }
}

static void
name(struct module *m, const char *text)
{
    PUT(m, (uint8_t)strlen(text));
    put(m, text, strlen(text));
}

static void
import(struct module *m, const char *from, const char *what)
{
    m->count++;
    name(m, from);
    name(m, what);
}

static void
import_usual(struct module *m)
{
    section(m, 2);
    import(m, "env", "memory");
    PUT(m, 2, 0, 0);
    import(m, "env", "__indirect_function_table");
    PUT(m, 1, 0x70, 0, 0);
    import(m, "env", "__table_base");
    PUT(m, 3, I32, 0);
}

/* One function of type 0, at env.__table_base (global 0); imported: how many
 * functions are before it. */
static void
one_function(struct module *m, uint8_t imported, const void *body, uint8_t n)
{
    section(m, 3);
    m->count = 1;
    PUT(m, 0);
    section(m, 9);
    m->count = 1;
    PUT(m, 0, 0x23, 0, END, 1, imported);
    section(m, 10);
    m->count = 1;
    PUT(m, (uint8_t)(n + 1), 0);
    put(m, body, n);
    section(m, 0);
}
#define FUNCTION(m, imported, ...) \
    one_function(m, imported, (const uint8_t[]){__VA_ARGS__, END}, \
                 sizeof(const uint8_t[]){__VA_ARGS__, END})

/* Types: 0 (i32) -> i32, 1 () -> (). */
static void
begin_usual(struct module *m)
{
    begin(m);
    section(m, 1);
    m->count = 2;
    PUT(m, 0x60, 1, I32, 1, I32, 0x60, 0, 0);
    import_usual(m);
}

/* x -> x + n */
static void
adder(struct module *m, uint8_t n)
{
    begin_usual(m);
    FUNCTION(m, 0, 0x20, 0, 0x41, (uint8_t)(n & 0x7f) | 0x80, n >> 7, 0x6a);
}

/* ---- loading ------------------------------------------------------------- */

typedef int function(int);

static struct module made;
static char why[200];

/* Its number; *f is its function, in a new element. */
static int
load(const struct module *m, function **f)
{
    struct pith_code c = {.table_base = PITH_CODE_GROW, .table_size = 1,
                          .why = (pith_gp)(uintptr_t)why,
                          .why_len = sizeof why};
    int number;

    why[0] = '\0';
    number = code_load(m->bytes, m->n, &c);
    if (number > 0)
        *f = (function *)(uintptr_t)c.table_base;
    return number;
}

static function *
loaded(const struct module *m)
{
    function *f = NULL;

    if (load(m, &f) < 0)
        fail(__FILE__, __LINE__, "not loaded: %s: %s", strerror(errno), why);
    return f;
}

/* ---- what code can do ---------------------------------------------------- */

static void
code_calls(void)
{
    function *add3, *add200;

    adder(&made, 3);
    add3 = loaded(&made);
    adder(&made, 200);
    add200 = loaded(&made);
    CHECK(add3 != add200);
    CHECK_EQ(add3(4), 7);
    CHECK_EQ(add200(4), 204);
    CHECK_EQ(add3(add200(-1)), 202);
    for (int i = 0, x = 0; i < 300000; i++) { /* until it is compiled well */
        x = add3(x);
        if (i == 299999)
            CHECK_EQ(x, 900000);
    }
}

static void
code_memory(void)
{
    static int word = 41;
    size_t pages = __builtin_wasm_memory_size(0);
    function *f;
    char *p;

    begin_usual(&made); /* ++*p */
    FUNCTION(&made, 0, 0x20, 0, 0x20, 0, 0x28, 2, 0, 0x41, 1, 0x6a, 0x36, 2,
             0, 0x20, 0, 0x28, 2, 0);
    f = loaded(&made);
    CHECK_EQ(f((int)(uintptr_t)&word), 42);
    CHECK_EQ(word, 42);
    p = malloc(3 << 20); /* grown by the program, seen by the module */
    memcpy(p + (3 << 20) - 4, "\7\0\0", 4);
    CHECK_EQ(f((int)(uintptr_t)(p + (3 << 20) - 4)), 8);
    begin_usual(&made); /* memory.grow(x) */
    FUNCTION(&made, 0, 0x20, 0, 0x40, 0);
    pages = __builtin_wasm_memory_size(0);
    CHECK_EQ(loaded(&made)(2), pages);
    CHECK_EQ(__builtin_wasm_memory_size(0), pages + 2);
    p = (char *)(pages * 65536 + 131068);
    CHECK_EQ(f((int)(uintptr_t)p), 1);
    CHECK_EQ(*p, 1);
}

__attribute__((export_name("code_twice"), used)) int
code_twice(int x)
{
    return 2 * x;
}

static void
code_imports(void)
{
    struct pith_code c = {.memory_base = 123456, .table_base = PITH_CODE_GROW,
                          .table_size = 1};
    char here;
    int n;

    begin_usual(&made);
    import(&made, "env", "code_twice");
    PUT(&made, 0, 0);
    FUNCTION(&made, 1, 0x20, 0, 0x10, 0, 0x41, 1, 0x6a);
    CHECK_EQ(loaded(&made)(20), 41);

    begin_usual(&made); /* through the table */
    FUNCTION(&made, 0, 0x41, 5, 0x20, 0, 0x11, 0, 0);
    CHECK_EQ(loaded(&made)((int)(uintptr_t)code_twice), 10);

    begin_usual(&made);
    import(&made, "env", "__stack_pointer");
    PUT(&made, 3, I32, 1);
    FUNCTION(&made, 0, 0x23, 1);
    n = loaded(&made)(0);
    CHECK(n > 0 && n <= (int)(uintptr_t)&here);

    begin_usual(&made);
    import(&made, "env", "__memory_base");
    PUT(&made, 3, I32, 0);
    FUNCTION(&made, 0, 0x23, 1, 0x23, 0, 0x6b);
    n = code_load(made.bytes, made.n, &c);
    CHECK(n > 0);
    CHECK_EQ(((function *)(uintptr_t)c.table_base)(0),
             123456 - (int)c.table_base);
    CHECK_EQ(code_drop(n), 0);
}

/* ---- dropping ------------------------------------------------------------ */

static void
code_dropped(void)
{
    struct pith_code c;
    function *f;
    int a, b;

    adder(&made, 1);
    a = load(&made, &f);
    CHECK(a > 0);
    CHECK_EQ(code_drop(a), 0);
    CHECK_ERRNO(code_drop(a), EBADF);
    adder(&made, 2); /* into the same element */
    c = (struct pith_code){.table_base = (uint32_t)(uintptr_t)f,
                           .table_size = 1};
    b = code_load(made.bytes, made.n, &c);
    CHECK_EQ(b, a);
    CHECK_EQ(c.table_base, (uint32_t)(uintptr_t)f);
    CHECK_EQ(f(5), 7);
    CHECK_EQ(code_drop(b), 0);
}

/* Thousands at a time, thrown away and made anew. */
static void
code_many(void)
{
    enum { N = 700 };
    static int numbers[N];
    static function *f[N];
    struct pith_code c;

    for (int i = 0; i < N; i++) {
        adder(&made, (uint8_t)i);
        numbers[i] = load(&made, &f[i]);
        CHECK(numbers[i] > 0);
    }
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < N; i++)
            CHECK_EQ(f[i](round), (uint8_t)i + round);
        for (int i = 0; i < N; i++)
            CHECK_EQ(code_drop(numbers[i]), 0);
        for (int i = 0; i < N; i++) {
            adder(&made, (uint8_t)i);
            c = (struct pith_code){.table_base = (uint32_t)(uintptr_t)f[i],
                                   .table_size = 1};
            numbers[i] = code_load(made.bytes, made.n, &c);
            CHECK(numbers[i] > 0);
        }
    }
}

static int running;

/* Drops who called it, and makes sure that nothing stays of what can go. */
__attribute__((export_name("code_saw"), used)) int
code_saw(int x)
{
    struct module m;
    function *f;

    CHECK_EQ(code_drop(running), 0);
    for (int i = 0; i < 300; i++) {
        int n;

        adder(&m, 77);
        n = load(&m, &f);
        CHECK(n > 0);
        CHECK_EQ(f(i), i + 77);
        CHECK_EQ(code_drop(n), 0);
    }
    return x * 2;
}

static void
code_drop_running(void)
{
    function *f;

    for (int round = 0; round < 5; round++) {
        begin_usual(&made); /* code_saw(x) + x, the second x from its frame */
        import(&made, "env", "code_saw");
        PUT(&made, 0, 0);
        FUNCTION(&made, 1, 0x20, 0, 0x10, 0, 0x20, 0, 0x6a);
        running = load(&made, &f);
        CHECK(running > 0);
        CHECK_EQ(f(100 + round), 3 * (100 + round));
        begin_usual(&made); /* the last thing that it does */
        import(&made, "env", "code_saw");
        PUT(&made, 0, 0);
        FUNCTION(&made, 1, 0x20, 0, 0x12, 0);
        running = load(&made, &f);
        CHECK(running > 0);
        CHECK_EQ(f(100 + round), 2 * (100 + round));
    }
}

static jmp_buf outside;

__attribute__((export_name("code_jump"), used)) int
code_jump(int x)
{
    CHECK_EQ(code_drop(running), 0);
    longjmp(outside, x);
}

/* Out of the program's function through the module's, which is not there any
 * more then. */
static void
code_jumped(void)
{
    volatile int rounds = 0;
    function *f;

    while (rounds < 100) {
        int n;

        begin_usual(&made);
        import(&made, "env", "code_jump");
        PUT(&made, 0, 0);
        FUNCTION(&made, 1, 0x20, 0, 0x10, 0);
        running = load(&made, &f);
        CHECK(running > 0);
        n = setjmp(outside);
        if (n == 0)
            f(rounds + 5);
        CHECK_EQ(n, rounds + 5);
        rounds++;
    }
}

static void
code_limit(void)
{
    static int numbers[10000];
    struct pith_code c = {.table_base = PITH_CODE_GROW};
    int n = 0, k;

    begin(&made); /* as small as can be */
    while (n < 10000 &&
           (numbers[n] = code_load(made.bytes, made.n, &c)) > 0) {
        n++;
        c.table_base = PITH_CODE_GROW;
    }
    CHECK_EQ(n, 8000);
    CHECK_EQ(errno, ENOMEM);
    CHECK_EQ(code_drop(numbers[4000]), 0);
    k = code_load(made.bytes, made.n, &c);
    CHECK_EQ(k, numbers[4000]);
    CHECK_ERRNO(code_load(made.bytes, made.n, &c), ENOMEM);
    for (k = 0; k < n; k++)
        CHECK_EQ(code_drop(numbers[k]), 0);
    CHECK(code_load(made.bytes, made.n, &c) > 0);
}

/* ---- what it must not do ------------------------------------------------- */

static void
refused(int error, const char *sentence)
{
    function *f;

    CHECK_ERRNO(load(&made, &f), error);
    if (!strstr(why, sentence))
        fail(__FILE__, __LINE__, "\"%s\" does not say \"%s\"", why, sentence);
}

static void
code_refused(void)
{
    begin(&made);
    made.n = 3;
    refused(ENOEXEC, "");
    memset(made.bytes, 'x', made.n = 100);
    refused(ENOEXEC, "");
    adder(&made, 1);
    made.n--;
    refused(ENOEXEC, "");
    adder(&made, 1);
    made.bytes[made.n - 2] = 0x7c; /* i64.add */
    refused(ENOEXEC, "");
    begin(&made);
    section(&made, 5);
    made.count = 1;
    PUT(&made, 0, 1);
    section(&made, 0);
    refused(ENOEXEC, "memory of its own");
    begin(&made);
    section(&made, 4);
    made.count = 1;
    PUT(&made, 0x70, 0, 1);
    section(&made, 0);
    refused(ENOEXEC, "table of its own");
    begin(&made);
    section(&made, 1);
    made.count = 1;
    PUT(&made, 0x60, 0, 0);
    section(&made, 3);
    made.count = 1;
    PUT(&made, 0);
    section(&made, 8);
    made.count = 0; /* the start section has no count: function 0 */
    section(&made, 10);
    made.count = 1;
    PUT(&made, 3, 0, 0, END);
    section(&made, 0);
    refused(ENOEXEC, "start function");
}

static void
code_refused_imports(void)
{
    begin_usual(&made);
    import(&made, "env", "not_there");
    PUT(&made, 0, 0);
    FUNCTION(&made, 1, 0x20, 0);
    refused(ENOEXEC, "not_there");
    begin_usual(&made);
    import(&made, "pith", "getpid");
    PUT(&made, 0, 0);
    FUNCTION(&made, 1, 0x20, 0);
    refused(ENOEXEC, "getpid");
    begin_usual(&made);
    import(&made, "pith:web", "kernel");
    PUT(&made, 2, 3, 1, 2);
    FUNCTION(&made, 0, 0x20, 0);
    refused(ENOEXEC, "");
    begin_usual(&made); /* with another type */
    import(&made, "env", "code_twice");
    PUT(&made, 0, 1);
    FUNCTION(&made, 1, 0x20, 0);
    refused(ENOEXEC, "code_twice");
    begin_usual(&made); /* of another kind */
    import(&made, "env", "code_twice");
    PUT(&made, 3, I32, 0);
    FUNCTION(&made, 0, 0x20, 0);
    refused(ENOEXEC, "code_twice");
    begin(&made); /* larger than it is */
    section(&made, 2);
    import(&made, "env", "memory");
    PUT(&made, 2, 0, 0xff, 0xff, 3);
    section(&made, 0);
    refused(ENOEXEC, "");
}

static void
code_refused_segments(void)
{
    struct pith_code c = {.table_base = 1u << 30, .table_size = 1};

    adder(&made, 1);
    CHECK_ERRNO(code_load(made.bytes, made.n, &c), EINVAL);
    c = (struct pith_code){.table_base = 8, .table_size = 0xfffffff8};
    CHECK_ERRNO(code_load(made.bytes, made.n, &c), EINVAL);
    c = (struct pith_code){.table_base = PITH_CODE_GROW,
                           .table_size = 0xfffffff0};
    CHECK_ERRNO(code_load(made.bytes, made.n, &c), ENOMEM);
    c = (struct pith_code){.table_base = PITH_CODE_GROW, .table_size = 0};
    CHECK_ERRNO(code_load(made.bytes, made.n, &c), ENOEXEC);
    begin_usual(&made);
    section(&made, 11);
    made.count = 1;
    PUT(&made, 0, 0x41, 0x70, END, 4, 'a', 'b', 'c', 'd'); /* at -16 */
    made.bytes[made.n - 1] = 'd';
    section(&made, 0);
    c = (struct pith_code){.table_base = PITH_CODE_GROW};
    CHECK(code_load(made.bytes, made.n, &c) < 0 || 1);
    made.bytes[made.n - 7] = 0x7e; /* at -2: across the end */
    CHECK_ERRNO(code_load(made.bytes, made.n, &c), ENOEXEC);
}

static void
code_pointers(void)
{
    struct pith_code c = {.table_base = PITH_CODE_GROW, .table_size = 1};
    void *big = malloc(PITH_CODE_MAX + 1);
    size_t end = __builtin_wasm_memory_size(0) * 65536;

    adder(&made, 1);
    CHECK_ERRNO(code_load((void *)(end - 8), made.n, &c), EFAULT);
    CHECK_ERRNO(code_load((void *)0xfffffff0, made.n, &c), EFAULT);
    CHECK_ERRNO(code_load(made.bytes, made.n, (void *)(end - 8)), EFAULT);
    CHECK_ERRNO(code_load(made.bytes, 0xffffffff, &c), E2BIG);
    CHECK_ERRNO(code_load(big, PITH_CODE_MAX + 1, &c), E2BIG);
    c.why = 0xfffffff0; /* it cannot be told, that is all */
    c.why_len = 0xffffffff;
    CHECK_ERRNO(code_load(made.bytes, 0, &c), ENOEXEC);
    CHECK_ERRNO(code_drop(0), EBADF);
    CHECK_ERRNO(code_drop(-1), EBADF);
    CHECK_ERRNO(code_drop(INT32_MAX), EBADF);
    CHECK_ERRNO(code_drop(INT32_MIN), EBADF);
}

/* ---- how it ends --------------------------------------------------------- */

static int
ends(int argc, char **argv)
{
    function *f;
    int n;

    (void)argc;
    switch (argv[1][0]) {
    case 'l': /* in a loop: polls reach it */
        begin_usual(&made);
        FUNCTION(&made, 0, 0x03, 0x40, 0x0c, 0, END, 0x20, 0);
        alarm(1);
        return loaded(&made)(0);
    case 'm': /* the same, of a module without memory */
        begin(&made);
        section(&made, 1);
        made.count = 1;
        PUT(&made, 0x60, 1, I32, 1, I32);
        section(&made, 2);
        import(&made, "env", "__indirect_function_table");
        PUT(&made, 1, 0x70, 0, 0);
        import(&made, "env", "__table_base");
        PUT(&made, 3, I32, 0);
        FUNCTION(&made, 0, 0x03, 0x40, 0x0c, 0, END, 0x20, 0);
        alarm(1);
        return loaded(&made)(0);
    case 't':
        begin_usual(&made);
        FUNCTION(&made, 0, 0);
        return loaded(&made)(0);
    case 'n': /* what was dropped is not there */
        adder(&made, 1);
        n = load(&made, &f);
        CHECK_EQ(code_drop(n), 0);
        return f(0);
    case 'c': /* without the capability */
        adder(&made, 1);
        CHECK(load(&made, &f) > 0);
        CHECK_EQ(pith_cap_drop("stdio\nspawn"), 0);
        CHECK_ERRNO(load(&made, &f), ENOTCAPABLE);
        return f(6);
    default: /* another program */
        adder(&made, 1);
        CHECK_EQ(loaded(&made)(1), 2);
        execl(self_path(), "usertests", "--role", "code_ends", "c", NULL);
        return 1;
    }
}

static int
status_of(const char *how)
{
    int status = -1;
    pid_t pid = role("code_ends", how, NULL);

    CHECK_EQ(waitpid(pid, &status, 0), pid);
    return status;
}

static void
code_ends(void)
{
    int fd = dup(2), null = open("/dev/null", O_RDWR);

    dup2(null, 2); /* traps are told there */
    CHECK_EQ(status_of("loop"), SIGALRM);
    CHECK_EQ(status_of("memoryless"), SIGALRM);
    CHECK_EQ(status_of("trap"), SIGABRT);
    CHECK_EQ(status_of("null"), SIGABRT);
    CHECK_EQ(status_of("capability"), 7 << 8);
    CHECK_EQ(status_of("exec"), 7 << 8);
    dup2(fd, 2);
}

#ifdef WITH_FORK
/* A child has none of it, and may load for itself. */
static void
code_forked(void)
{
    function *f, *g;
    int status;
    pid_t pid;

    adder(&made, 9);
    f = loaded(&made);
    pid = fork();
    if (pid == 0) {
        struct pith_code c = {.table_base = (uint32_t)(uintptr_t)f,
                              .table_size = 1};

        CHECK_EQ(code_load(made.bytes, made.n, &c), 1);
        CHECK_EQ(f(1), 10);
        g = loaded(&made);
        _exit(g(1) + f(1));
    }
    CHECK_EQ(wait_for(pid), 20);
    pid = fork();
    if (pid == 0) {
        dup2(open("/dev/null", O_RDWR), 2);
        _exit(f(1));
    }
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK_EQ(status, SIGABRT);
    CHECK_EQ(f(1), 10);
}
#endif

const struct test code_tests[] = {
    {"code_calls", code_calls, "code_load"},
    {"code_memory", code_memory, ""},
    {"code_imports", code_imports, ""},
    {"code_dropped", code_dropped, "code_drop"},
    {"code_many", code_many, ""},
    {"code_drop_running", code_drop_running, ""},
    {"code_jumped", code_jumped, ""},
    {"code_limit", code_limit, ""},
    {"code_refused", code_refused, ""},
    {"code_refused_imports", code_refused_imports, ""},
    {"code_refused_segments", code_refused_segments, ""},
    {"code_pointers", code_pointers, ""},
    {"code_ends", code_ends, ""},
#ifdef WITH_FORK
    {"code_forked", code_forked, ""},
#endif
    {NULL, NULL, NULL},
};
const struct role code_roles[] = {
    {"code_ends", ends},
    {NULL, NULL},
};
