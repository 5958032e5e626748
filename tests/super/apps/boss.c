/* SPDX-License-Identifier: Apache-2.0 */
/* Has `shell`, and ipc with echo only: what the supervisor does for it is
 * what it may do itself. */
#include <stdio.h>

int
main(void)
{
    char line[4096];

    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("@supervisor: stop flood\n");
    printf("@supervisor: grant echo time\n");
    printf("@supervisor: grants echo\n");
    printf("@supervisor: restart echo\n");
    while (fgets(line, sizeof line, stdin))
        printf("answer %s", line);
    return 0;
}
