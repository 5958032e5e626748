/* SPDX-License-Identifier: Apache-2.0 */
/* Sends lines to echo, to whom it may not, in others' names; logs answers. */
#include <stdio.h>
#include <string.h>

int
main(void)
{
    char line[4096];
    int n = 0;

    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("@echo: one\n@echo: two\n@echo: three\n");
    printf("@clock: may not\n@broadcast: nor this\n@supervisor: ps\n");
    printf("echo: not a message\n");
    while (n++ < 6 && fgets(line, sizeof line, stdin))
        printf("answer %s", line);
    printf("done\n");
    while (fgets(line, sizeof line, stdin))
        continue;
    return 0;
}
