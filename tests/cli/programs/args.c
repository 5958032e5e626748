/* SPDX-License-Identifier: Apache-2.0 */
/* Prints its arguments and the variables it was given. */
#include <stdio.h>
extern char **environ;
int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        printf("<%s>\n", argv[i]);
    for (char **e = environ; e && *e; e++)
        printf("{%s}\n", *e);
    return 0;
}
