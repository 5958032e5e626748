/* SPDX-License-Identifier: Apache-2.0 */
/* The same 16 bytes between two Linux processes: peer pipe|unix N. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double
now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

int
main(int argc, char **argv)
{
    long n = argc > 2 ? atol(argv[2]) : 100000;
    int there[2], back[2];
    char b[16] = "0123456789abcde";
    double t;

    if (argc > 1 && !strcmp(argv[1], "unix")) {
        int s[2];

        socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s);
        there[1] = back[0] = s[0];
        there[0] = back[1] = s[1];
    } else if (pipe(there) < 0 || pipe(back) < 0) {
        return 1;
    }
    if (fork() == 0) {
        for (long i = 0; i < n; i++)
            if (read(there[0], b, 16) != 16 || write(back[1], b, 16) != 16)
                _exit(1);
        for (long i = 0; i < n; i++)
            if (read(there[0], b, 16) != 16)
                _exit(1);
        write(back[1], b, 16);
        _exit(0);
    }
    t = now();
    for (long i = 0; i < n; i++)
        if (write(there[1], b, 16) != 16 || read(back[0], b, 16) != 16)
            return 1;
    printf("round_trip_us %.3f\n", (now() - t) / (double)n * 1e6);
    t = now();
    for (long i = 0; i < n; i++)
        if (write(there[1], b, 16) != 16)
            return 1;
    read(back[0], b, 16);
    printf("messages_per_s %.0f\n", (double)n / (now() - t));
    wait(NULL);
    return 0;
}
