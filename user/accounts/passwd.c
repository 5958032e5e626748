/* SPDX-License-Identifier: Apache-2.0 */
/*
 * passwd: set a password. Root for anybody; a user his own, by authd.
 *
 *     passwd [USER]      ask for it        passwd -l USER     lock
 *     passwd -s [USER]   has it one?
 */
#include "accounts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool
ask_new(const char *user, char *new)
{
    char prompt[80];

    snprintf(prompt, sizeof prompt, "New password for %.32s: ", user);
    if (!password_ask_new(prompt, new))
        return false;
    if (!*new)
        say("passwd", "nothing is changed");
    return *new != 0;
}

static int
own(const char *user)
{
    char old[PASSWORD_MAX], new[PASSWORD_MAX], why[256];
    const char *lines[] = {"passwd", user, old, new, NULL}, *weak;
    int none;
    bool ok;

    if (!password_ask("Present password: ", old))
        return 1;
    if (!ask_new(user, new)) {
        password_wipe(old);
        return 1;
    }
    weak = password_weak(user, new);
    ok = !weak && auth_request(lines, &none, why, sizeof why);
    password_wipe(old);
    password_wipe(new);
    if (weak)
        return say("passwd", "%s", weak);
    return ok ? 0 : say("passwd", "%s", why);
}

static int
by_root(const char *user, bool lock)
{
    char new[PASSWORD_MAX], hash[HASH_ROOM] = "!";
    bool ok = true;

    if (!lock) {
        if (!ask_new(user, new))
            return 1;
        ok = password_hash(new, hash);
        password_wipe(new);
        if (!ok)
            return say("passwd", "there is not enough memory to hash it");
    }
    if (!files_lock() || !shadow_set(user, hash))
        return say("passwd", "/etc/shadow: %s", strerror(errno));
    return 0;
}

int
passwd_main(int argc, char **argv)
{
    bool lock = argc > 1 && strcmp(argv[1], "-l") == 0;
    bool show = argc > 1 && strcmp(argv[1], "-s") == 0;
    const char *user = lock || show ? argv[2] : argv[1];
    struct passwd *pw;
    char me[NAME_MAX_ + 1];

    if (argc > 3 || (argc > 2 && !lock && !show) || (lock && argc != 3) ||
        (user && user[0] == '-')) {
        fprintf(stderr, "usage: passwd [USER]; passwd -l USER (lock); "
                        "passwd -s [USER] (show)\n");
        return 2;
    }
    pw = getpwuid(getuid());
    snprintf(me, sizeof me, "%s", pw ? pw->pw_name : "");
    if (!user)
        user = me;
    if (!name_ok(user) || !getpwnam(user))
        return say("passwd", "there is no user %.32s", user);
    if (geteuid() != 0 && (lock || show || strcmp(user, me) != 0))
        return say("passwd", "only root may do that");
    if (show) {
        printf("%s: %s\n", user,
               password_locked(user) ? "locked" : "has a password");
        return 0;
    }
    return geteuid() == 0 ? by_root(user, lock) : own(user);
}
