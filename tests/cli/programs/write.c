/* SPDX-License-Identifier: Apache-2.0 */
/* Its second argument into the file its first one names. */
#include <stdio.h>
int main(int argc, char **argv)
{
    FILE *f = argc == 3 ? fopen(argv[1], "w") : NULL;
    if (!f || fputs(argv[2], f) < 0 || fclose(f) != 0) {
        perror("write");
        return 1;
    }
    return 0;
}
