/* SPDX-License-Identifier: Apache-2.0 */
/*
 * randwrite [N [FILE]]: 4 KiB pages at random places of an 8 MiB file, an fsync
 * after each 64. Builds on any Unix.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

#define PAGES 2048

int
main(int argc, char **argv)
{
    static char page[4096];
    long n = argc > 1 ? atol(argv[1]) : 6400;
    const char *name = argc > 2 ? argv[2] : "randwrite.tmp";
    int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
    uint32_t seed = 1;
    int64_t start;

    if (fd < 0)
        return 1;
    for (long i = 0; i < PAGES; i++)
        if (write(fd, page, sizeof page) != sizeof page)
            return 1;
    fsync(fd);
    start = bench_ns();
    for (long i = 0; i < n; i++) {
        seed = seed * 1664525u + 1013904223u;
        memset(page, (int)seed, 64);
        if (pwrite(fd, page, sizeof page, (off_t)(seed >> 8) % PAGES * 4096) !=
            sizeof page)
            return 1;
        if (i % 64 == 63 && fsync(fd) < 0)
            return 1;
    }
    bench_say("random 4 KiB writes, fsync each 64",
              (double)n * 1e9 / (double)(bench_ns() - start), "pages/s");
    close(fd);
    unlink(name);
    return 0;
}
