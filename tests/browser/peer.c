/* SPDX-License-Identifier: Apache-2.0 */
/* A program of WASI's that any of its hosts in a browser can run: what a call
 * costs, and a read of 4 KiB of the file /tmp/f. A line for each of many short
 * rounds, so that one can be found in which nothing else had the CPU. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include <wasi/api.h>

#include "../bench/user/bench.h"

#define ROUNDS 40
#define CALLS 5000
#define READS 500

int
main(void)
{
    static char block[4096];
    int fd = open("/tmp/f", O_RDONLY);
    __wasi_fdstat_t stat;

    for (int round = 0; round < ROUNDS; round++) {
        int64_t start = bench_ns();

        for (int i = 0; i < CALLS; i++)
            if (__wasi_fd_fdstat_get(1, &stat))
                return 1;
        bench_say("fd_fdstat_get", (double)(bench_ns() - start) / CALLS, "ns");
        start = bench_ns();
        for (int i = 0; i < READS; i++)
            if (pread(fd, block, sizeof block, 0) != sizeof block)
                return 2;
        bench_say("pread 4 KiB", (double)(bench_ns() - start) / READS, "ns");
    }
    return 0;
}
