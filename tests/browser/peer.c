/* SPDX-License-Identifier: Apache-2.0 */
/* A program of WASI's that any of its hosts in a browser can run: what a call
 * costs, and a read of 4 KiB of the file /tmp/f. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include <wasi/api.h>

#include "../bench/user/bench.h"

int
main(void)
{
    static char block[4096];
    const long n = 300000;
    int fd = open("/tmp/f", O_RDONLY);
    __wasi_fdstat_t stat;
    int64_t start = bench_ns();

    for (long i = 0; i < n; i++)
        if (__wasi_fd_fdstat_get(1, &stat))
            return 1;
    bench_say("fd_fdstat_get", (double)(bench_ns() - start) / (double)n, "ns");
    start = bench_ns();
    for (long i = 0; i < n; i++)
        if (pread(fd, block, sizeof block, 0) != sizeof block)
            return 2;
    bench_say("pread 4 KiB", (double)(bench_ns() - start) / (double)n, "ns");
    return 0;
}
