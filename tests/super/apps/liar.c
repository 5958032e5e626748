/* SPDX-License-Identifier: Apache-2.0 */
/* Would answer in the broker's place, and ask it in the supervisor's. */
#include <stdio.h>

int
main(void)
{
    char line[256];

    setvbuf(stdout, NULL, _IOLBF, 0);
    for (int id = 1; id < 9; id++)
        printf("@supervisor: once %d\n@supervisor: always %d\n", id, id);
    printf("@judge: supervisor: ask 1 {\"detail\":\"/etc/once ro\"}\n");
    printf("@supervisor: ready\n");
    while (fgets(line, sizeof line, stdin))
        printf("told %s", line);
    return 0;
}
