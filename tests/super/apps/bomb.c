/* SPDX-License-Identifier: Apache-2.0 */
/* Starts itself, all of which start themselves. */
#include <spawn.h>
#include <stdio.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
    char *const env[] = {NULL};
    pid_t pid;

    (void)argc;
    printf("one more\n");
    fflush(stdout);
    for (int n = 0; n < 1000; n++)
        posix_spawn(&pid, "/apps/bomb/bomb.wasm", NULL, NULL, argv, env);
    for (;;)
        pause();
}
