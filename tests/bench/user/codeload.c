/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codeload [N]: what it costs to load a module that the program made: one
 * function of 1.7 KB of code, as a translator of machine code makes them; called
 * once through the table, dropped; then 20 such functions a module. And what a
 * call of it costs.
 */
#include <pith/code.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

#define FUNCTIONS 20
#define BODY 1700u

typedef int function(int);

static uint8_t module[FUNCTIONS * (BODY + 16) + 256];
static size_t size;

static void
put(const void *p, size_t n)
{
    memcpy(module + size, p, n);
    size += n;
}

static void
put_byte(int b)
{
    module[size++] = (uint8_t)b;
}

static void
put_size(size_t at, size_t n) /* in three bytes */
{
    module[at] = (uint8_t)(n & 0x7f) | 0x80;
    module[at + 1] = (uint8_t)(n >> 7 & 0x7f) | 0x80;
    module[at + 2] = (uint8_t)(n >> 14);
}

static size_t
begin(int id)
{
    put_byte(id);
    size += 3;
    return size;
}

static void
end(size_t at)
{
    put_size(at - 3, size - at);
}

/* Adds, shifts, a store and a load, a loop that runs once: BODY bytes. */
static void
body(int n)
{
    size_t at = size += 3;

    put("\1\1\x7f\x03\x40", 5); /* one i32 local, a loop */
    for (int k = 0; size - at < BODY - 20; k++) {
        put("\x20\0\x41", 3);
        put_byte((k * 7 + n) & 0x3f);
        put(k % 3 == 0 ? "\x6a\x21\0" : k % 3 == 1 ? "\x73\x21\0" : "\x6c\x22\1\x21\0",
            k % 3 == 2 ? 5 : 3);
        if (k % 8 == 7) /* at 16: nobody's */
            put("\x41\x10\x20\0\x36\2\0\x41\x10\x28\2\0\x21\0", 14);
    }
    put("\x0b\x20\0\x0b", 4);
    end(at);
}

static void
make(int functions)
{
    size_t at;

    size = 0;
    put("\0asm\1\0\0\0", 8);
    at = begin(1);
    put("\1\x60\1\x7f\1\x7f", 6);
    end(at);
    at = begin(2);
    put("\3\3env\6memory\2\0\0\3env\x19__indirect_function_table\1\x70\0\0"
        "\3env\x0c__table_base\3\x7f\0",
        1 + 14 + 34 + 20);
    end(at);
    at = begin(3);
    put_byte(functions);
    for (int i = 0; i < functions; i++)
        put_byte(0);
    end(at);
    at = begin(9);
    put("\1\0\x23\0\x0b", 5);
    put_byte(functions);
    for (int i = 0; i < functions; i++)
        put_byte(i);
    end(at);
    at = begin(10);
    put_byte(functions);
    for (int i = 0; i < functions; i++)
        body(i);
    end(at);
}

/* Nanoseconds for n modules; they stay if at is not NULL. */
static int64_t
loads(int n, int functions, struct pith_code *at, int *numbers)
{
    int64_t start = bench_ns();

    for (int i = 0; i < n; i++) {
        if (!at[i].table_size)
            at[i] = (struct pith_code){.table_base = PITH_CODE_GROW,
                                       .table_size = (uint32_t)functions};
        numbers[i] = code_load(module, size, &at[i]);
        if (numbers[i] < 0) {
            perror("code_load");
            exit(1);
        }
    }
    return bench_ns() - start;
}

int
main(int argc, char **argv)
{
    int n = argc > 1 ? atoi(argv[1]) : 1000, x = 0;
    struct pith_code *at = calloc((size_t)n, sizeof *at);
    int *numbers = calloc((size_t)n, sizeof *numbers);
    function *f;
    int64_t t;

    make(1);
    t = loads(n, 1, at, numbers);
    bench_say("load a module of 1.7 KB", (double)t / 1e3 / n, "us");
    t = bench_ns();
    for (int i = 0; i < n; i++)
        x += ((function *)(uintptr_t)at[i].table_base)(i);
    bench_say("its first call", (double)(bench_ns() - t) / 1e3 / n, "us");
    t = bench_ns();
    for (int i = 0; i < n; i++)
        code_drop(numbers[i]);
    bench_say("drop it", (double)(bench_ns() - t) / 1e3 / n, "us");
    t = loads(n, 1, at, numbers);
    bench_say("load it again, there", (double)t / 1e3 / n, "us");
    f = (function *)(uintptr_t)at[0].table_base;
    for (int i = 0; i < 100000; i++)
        x += f(x);
    t = bench_ns();
    for (int i = 0; i < 100000; i++)
        x += f(x);
    bench_say("a call of it", (double)(bench_ns() - t) / 100000, "ns");
    memset(at, 0, (size_t)n * sizeof *at);
    make(FUNCTIONS);
    n = n / FUNCTIONS + 1;
    t = loads(n, FUNCTIONS, at, numbers);
    bench_say("20 functions in one: each", (double)t / 1e3 / n / FUNCTIONS,
              "us");
    return x == 1; /* as good as never */
}
