/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nullcall [N]: what a system call costs: one that needs no lock (getpid), one
 * that does (getppid), and a read of 4 KiB. Builds on any Unix.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/syscall.h>
#define getpid() syscall(SYS_getpid) /* no C library may remember it */
#define getppid() syscall(SYS_getppid)
#endif

#include "bench.h"

int
main(int argc, char **argv)
{
    static char block[4096];
    long n = argc > 1 ? atol(argv[1]) : 1000000;
    int zero = open("/dev/zero", O_RDONLY);
    int64_t start = bench_ns();

    for (long i = 0; i < n; i++)
        (void)getpid();
    bench_say("getpid", (double)(bench_ns() - start) / (double)n, "ns");
    start = bench_ns();
    for (long i = 0; i < n; i++)
        (void)getppid();
    bench_say("getppid", (double)(bench_ns() - start) / (double)n, "ns");
    if (zero < 0)
        return 0;
    start = bench_ns();
    for (long i = 0; i < n; i++)
        if (read(zero, block, sizeof block) != sizeof block)
            return 1;
    bench_say("read 4 KiB", (double)(bench_ns() - start) / (double)n, "ns");
    return 0;
}
