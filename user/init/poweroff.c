/* SPDX-License-Identifier: Apache-2.0 */
/*
 * poweroff, halt, reboot: asks init to end the system in good order; with -f
 * ends it at once, having written everything to disk.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
    const char *name = strrchr(argv[0], '/');
    int again, force = argc == 2 && strcmp(argv[1], "-f") == 0;

    name = name ? name + 1 : argv[0];
    again = strcmp(name, "reboot") == 0;
    if (argc > 1 && !force) {
        fprintf(stderr, "usage: %s [-f]\n", name);
        return 2;
    }
    if (force) {
        sync();
        if (reboot(again ? RB_AUTOBOOT : RB_POWER_OFF) == 0)
            pause(); /* the end comes from outside */
    } else if (kill(1, again ? SIGINT : SIGUSR2) == 0) {
        return 0;
    }
    fprintf(stderr, "%s: %s\n", name, strerror(errno));
    return 1;
}
