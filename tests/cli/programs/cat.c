/* SPDX-License-Identifier: Apache-2.0 */
/* Files, or standard input, to standard output. */
#include <stdio.h>
static int copy(FILE *f)
{
    char buf[4096];
    size_t n;
    while ((n = fread(buf, 1, sizeof buf, f)) > 0)
        if (fwrite(buf, 1, n, stdout) != n)
            return 1;
    return 0;
}
int main(int argc, char **argv)
{
    if (argc < 2)
        return copy(stdin);
    for (int i = 1; i < argc; i++) {
        FILE *f = fopen(argv[i], "r");
        if (!f) {
            perror(argv[i]);
            return 1;
        }
        copy(f);
        fclose(f);
    }
    return 0;
}
