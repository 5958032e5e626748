/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The WASI functions that the benchmark corpus calls, for programs made by
 * wasm2c (wasm2c -n x FILE.wasm -o x.c, compiled with this): arguments, clock,
 * standard output; no files. A peer in benchmarks, nothing else: pointers are
 * trusted.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "x.h"

#define WASI(name) Z_wasi_snapshot_preview1Z_##name
struct Z_wasi_snapshot_preview1_instance_t {
    int argc;
    char **argv;
};
typedef struct Z_wasi_snapshot_preview1_instance_t host;

static Z_x_instance_t program;

static void *
at(u32 address)
{
    return Z_xZ_memory(&program)->data + address;
}

static void
put32(u32 address, u32 v)
{
    memcpy(at(address), &v, sizeof v);
}

u32
WASI(args_sizes_get)(host *h, u32 count, u32 bytes)
{
    u32 n = 0;

    for (int i = 0; i < h->argc; i++)
        n += (u32)strlen(h->argv[i]) + 1;
    put32(count, (u32)h->argc);
    put32(bytes, n);
    return 0;
}

u32
WASI(args_get)(host *h, u32 pointers, u32 text)
{
    for (int i = 0; i < h->argc; i++) {
        size_t n = strlen(h->argv[i]) + 1;

        put32(pointers + 4 * (u32)i, text);
        memcpy(at(text), h->argv[i], n);
        text += (u32)n;
    }
    return 0;
}

u32
WASI(clock_time_get)(host *h, u32 id, u64 precision, u32 out)
{
    struct timespec t;
    u64 ns;

    (void)h;
    (void)precision;
    clock_gettime(id == 0 ? CLOCK_REALTIME : CLOCK_MONOTONIC, &t);
    ns = (u64)t.tv_sec * 1000000000u + (u64)t.tv_nsec;
    memcpy(at(out), &ns, sizeof ns);
    return 0;
}

u32
WASI(fd_write)(host *h, u32 fd, u32 vectors, u32 n, u32 written)
{
    u32 total = 0;

    (void)h;
    for (u32 i = 0; i < n; i++) {
        u32 v[2];

        memcpy(v, at(vectors + 8 * i), sizeof v);
        if (write((int)fd, at(v[0]), v[1]) < 0)
            return 29; /* io */
        total += v[1];
    }
    put32(written, total);
    return 0;
}

u32
WASI(fd_fdstat_get)(host *h, u32 fd, u32 out)
{
    (void)h;
    memset(at(out), 0, 24);
    if (fd > 2)
        return 8; /* badf */
    *(u8 *)at(out) = 2; /* a character device */
    memset((u8 *)at(out) + 8, 0xff, 16);
    return 0;
}

/* What no benchmark needs answers badf. */
#define NO(name, ...)                                                          \
    u32 WASI(name)(host * h __VA_OPT__(, ) __VA_ARGS__)                        \
    {                                                                          \
        (void)h;                                                               \
        return 8;                                                              \
    }
#pragma GCC diagnostic ignored "-Wunused-parameter"
NO(fd_close, u32 fd)
NO(fd_seek, u32 fd, u64 to, u32 whence, u32 out)
NO(fd_fdstat_set_flags, u32 fd, u32 flags)
NO(fd_prestat_get, u32 fd, u32 out)
NO(fd_prestat_dir_name, u32 fd, u32 path, u32 n)
NO(fd_read, u32 fd, u32 vectors, u32 n, u32 out)
NO(fd_renumber, u32 from, u32 to)
NO(path_open, u32 fd, u32 how, u32 path, u32 n, u32 flags, u64 rights,
   u64 inheriting, u32 fdflags, u32 out)
NO(path_unlink_file, u32 fd, u32 path, u32 n)

void
WASI(proc_exit)(host *h, u32 code)
{
    (void)h;
    exit((int)code);
}

int
main(int argc, char **argv)
{
    host h = {argc, argv};

    wasm_rt_init();
    Z_x_init_module();
    Z_x_instantiate(&program, &h);
    Z_xZ__start(&program);
    return 0;
}
