/* SPDX-License-Identifier: Apache-2.0 */
/* From a checked name to a shell of that user's. */
#include "accounts.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

/* By the file alone: getgrouplist() asks a name service too, and counts it as
 * failed where it may not look for one. */
int
user_groups(const struct passwd *pw, gid_t *groups)
{
    struct group *g;
    int n = 0;

    groups[n++] = pw->pw_gid;
    setgrent();
    while (n < GROUPS_MAX && (g = getgrent()))
        for (char **m = g->gr_mem; *m; m++)
            if (strcmp(*m, pw->pw_name) == 0 && g->gr_gid != pw->pw_gid) {
                groups[n++] = g->gr_gid;
                break;
            }
    endgrent();
    return n;
}

bool
become(const struct passwd *pw)
{
    gid_t groups[GROUPS_MAX];

    return setgroups((size_t)user_groups(pw, groups), groups) == 0 &&
           setgid(pw->pw_gid) == 0 && setuid(pw->pw_uid) == 0;
}

static void
set_environment(const struct passwd *pw, const char *shell, bool login)
{
    const char *term = getenv("TERM");
    char *kept = term ? strdup(term) : NULL;

    if (login) {
        clearenv();
        if (kept)
            setenv("TERM", kept, 1);
        setenv("PATH",
               pw->pw_uid ? "/usr/local/bin:/usr/bin:/bin"
                          : "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
               1);
    }
    free(kept);
    setenv("HOME", pw->pw_dir, 1);
    setenv("SHELL", shell, 1);
    setenv("USER", pw->pw_name, 1);
    setenv("LOGNAME", pw->pw_name, 1);
}

int
start_shell(const struct passwd *pw, const char *shell, bool login, char **args)
{
    static char name[64];
    const char *base;

    if (!shell)
        shell = *pw->pw_shell ? pw->pw_shell : "/bin/sh";
    set_environment(pw, shell, login);
    if (login && chdir(pw->pw_dir) < 0 && chdir("/") < 0)
        return say("login", "%s: %s", pw->pw_dir, strerror(errno));
    base = strrchr(shell, '/');
    snprintf(name, sizeof name, "%s%.60s", login ? "-" : "",
             base ? base + 1 : shell);
    args[0] = name;
    execv(shell, args);
    say(pw->pw_name, "%s: %s", shell, strerror(errno));
    return errno == ENOENT ? 127 : 126;
}
