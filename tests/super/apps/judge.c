/* SPDX-License-Identifier: Apache-2.0 */
/* A broker that answers by the file's name, and to one not at all. */
#include <stdio.h>
#include <string.h>

int
main(void)
{
    static const char from[] = "supervisor: ask ";
    char line[4096];

    setvbuf(stdout, NULL, _IOLBF, 0);
    while (fgets(line, sizeof line, stdin)) {
        char *id = line + sizeof from - 1, *question;

        printf("heard %s", line);
        if (strncmp(line, from, sizeof from - 1) != 0)
            continue;
        question = strchr(id, ' ');
        if (!question)
            continue;
        *question++ = 0;
        if (strstr(question, "\"detail\":\"/etc/once ro\""))
            printf("@supervisor: once %s\n", id);
        else if (strstr(question, "\"detail\":\"/etc/always ro\""))
            printf("@supervisor: always %s\n", id);
        else if (!strstr(question, "silence"))
            printf("@supervisor: deny %s\n", id);
    }
    return 0;
}
