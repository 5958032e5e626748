/* SPDX-License-Identifier: Apache-2.0 */
/* Which of the programs it is; see accounts.h. */
#include "accounts.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    int (*main)(int argc, char **argv);
} programs[] = {
    {"login", login_main},     {"su", su_main},           {"passwd", passwd_main},
    {"useradd", useradd_main}, {"userdel", userdel_main}, {"authd", authd_main},
    {"setup", setup_main},
};

int
say(const char *program, const char *format, ...)
{
    va_list ap;

    fprintf(stderr, "%s: ", program);
    va_start(ap, format);
    vfprintf(stderr, format, ap);
    va_end(ap);
    fputc('\n', stderr);
    return 1;
}

int
main(int argc, char **argv)
{
    const char *name = argc ? strrchr(argv[0], '/') : NULL;

    name = name ? name + 1 : argc ? argv[0] : "";
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++)
        if (strcmp(name, programs[i].name) == 0)
            return programs[i].main(argc, argv);
    return say("accounts", "call it as login, su, passwd, useradd or userdel");
}
