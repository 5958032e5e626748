/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes numbered records to a file, syncs, and says which ones are safe. At its
 * start it looks whether those of last time are whole and in order, and says so
 * again and again: the supervisor forgets what was said long ago.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define RECORD 512

int
main(void)
{
    char record[RECORD + 1];
    int fd = open("records", O_RDWR | O_CREAT, 0600), n = 0, k = -1, whole;

    setvbuf(stdout, NULL, _IOLBF, 0);
    while (read(fd, record, RECORD) == RECORD) {
        record[RECORD] = 0;
        if (sscanf(record, "%d", &k) != 1 || k != n ||
            strspn(record + 16, "x") != RECORD - 16) {
            printf("torn at %d\n", n);
            for (;;)
                pause();
        }
        n++;
    }
    whole = n;
    printf("found whole %d\n", whole);
    lseek(fd, (off_t)n * RECORD, SEEK_SET);
    for (;; n++) {
        memset(record, 'x', RECORD);
        memset(record, ' ', 16);
        record[snprintf(record, 16, "%d", n)] = ' ';
        if (write(fd, record, RECORD) != RECORD)
            return 1;
        if (n % 50 == 0)
            printf("wrote %d\n", n);
        if (n % 200 == 0 && fsync(fd) == 0)
            printf("found whole %d, synced %d\n", whole, n + 1);
        usleep(200);
    }
}
