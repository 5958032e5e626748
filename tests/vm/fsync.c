/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long does a block take to be safe? fsync FILE: the mean, in us, of 1,000
 * times 4 KiB written and synced, each at its own place. (A mean, for the clock
 * of an emulated machine has steps of 4 ms.)
 */
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define TIMES 1000
#define BLOCK 4096

static long long
now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

int
main(int argc, char **argv)
{
    static char block[BLOCK];
    long long from;
    int fd = argc == 2 ? open(argv[1], O_RDWR | O_CREAT | O_TRUNC, 0644) : -1;

    if (fd < 0) {
        fprintf(stderr, "usage: fsync FILE (that can be written)\n");
        return 2;
    }
    from = now_ns();
    for (int i = 0; i < TIMES; i++) {
        if (pwrite(fd, block, BLOCK, (off_t)i * BLOCK) != BLOCK ||
            fsync(fd) < 0) {
            perror(argv[1]);
            return 1;
        }
    }
    printf("fsync %lld us\n", (now_ns() - from) / 1000 / TIMES);
    close(fd);
    unlink(argv[1]);
    return 0;
}
