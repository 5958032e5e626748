/* SPDX-License-Identifier: Apache-2.0 */
/*
 * su: a shell of another user's. Root just becomes him; anybody else gives his
 * password to authd and gets an identity for it.
 *
 *     su [-] [-l] [-s SHELL] [-c COMMAND] [USER [ARGUMENT...]]
 */
#include "accounts.h"

#include <pith/pith_import.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct request {
    const char *user, *shell, *command;
    bool login;
    char **rest;
};

static int
usage(void)
{
    fprintf(stderr, "usage: su [-] [-s SHELL] [-c COMMAND] [USER [ARGUMENT...]]\n");
    return 2;
}

/* getopt would take a lone - for the first operand. */
static int
parse(int argc, char **argv, struct request *q)
{
    int i = 1;

    *q = (struct request){.user = "root"};
    for (; i < argc && argv[i][0] == '-'; i++) {
        const char *o = argv[i];

        if (strcmp(o, "-") == 0 || strcmp(o, "-l") == 0 ||
            strcmp(o, "--login") == 0)
            q->login = true;
        else if (strcmp(o, "-c") == 0 && i + 1 < argc)
            q->command = argv[++i];
        else if (strcmp(o, "-s") == 0 && i + 1 < argc)
            q->shell = argv[++i];
        else
            return usage();
    }
    if (i < argc)
        q->user = argv[i++];
    /* as elsewhere, options may also stand behind the user */
    if (i + 1 < argc && strcmp(argv[i], "-c") == 0 && !q->command) {
        q->command = argv[i + 1];
        i += 2;
    }
    q->rest = argv + i;
    return 0;
}

static bool
by_password(const char *user)
{
    char password[PASSWORD_MAX], why[256];
    const char *lines[] = {"su", user, password, NULL};
    int identity, r;
    bool ok;

    if (!password_ask("Password: ", password))
        return false;
    ok = auth_request(lines, &identity, why, sizeof why);
    password_wipe(password);
    if (!ok || identity < 0) {
        say("su", "%s", why);
        return false;
    }
    r = pith_identity_take(identity);
    close(identity);
    if (r < 0)
        say("su", "the identity was refused");
    return r >= 0;
}

int
su_main(int argc, char **argv)
{
    struct request q;
    struct passwd *pw;
    char *args[64] = {NULL};
    int n = 1, r = parse(argc, argv, &q);

    if (r)
        return r;
    pw = name_ok(q.user) ? getpwnam(q.user) : NULL;
    if (!pw)
        return say("su", "there is no user %.32s", q.user);
    if (geteuid() == 0 ? !become(pw) : !by_password(q.user)) {
        if (geteuid() == 0)
            say("su", "%s", strerror(errno));
        return 1;
    }
    if (q.command) {
        args[n++] = "-c";
        args[n++] = (char *)q.command;
    }
    for (; *q.rest && n < 63; q.rest++)
        args[n++] = *q.rest;
    return start_shell(pw, q.shell, q.login, args);
}
