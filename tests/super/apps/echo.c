/* SPDX-License-Identifier: Apache-2.0 */
/* Answers each line `from: text` with @reply: text; says ready first. */
#include <stdio.h>
#include <string.h>

int
main(void)
{
    char line[4096];

    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("@supervisor: ready\n");
    while (fgets(line, sizeof line, stdin)) {
        char *text = strstr(line, ": ");

        if (text && strncmp(line, "supervisor", 10) != 0)
            printf("@reply: %s", text + 2);
        printf("got %s", line);
    }
    return 0;
}
