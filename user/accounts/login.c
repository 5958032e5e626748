/* SPDX-License-Identifier: Apache-2.0 */
/*
 * login --console: started by init as root on the console.
 *
 *     /etc/shadow --missing--> the first boot: asks for root's password
 *          |
 *     root has a password --yes--> name, password, that user's shell
 *          `------------------no--> root's shell: whoever has the console has
 *                                  the disk, and all accounts are locked
 *
 * setup: the first boot without a terminal: all is locked. So no account has a
 * password that somebody else knows. A system that forgets everything anyhow is
 * not asked about.
 */
#include "accounts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit_say.h"

#define TRIES 3
#define WAIT_S 5u

/* The name that was typed; false: the terminal is gone. */
static bool
ask_name(char *out, size_t room)
{
    char host[65] = "pith";

    gethostname(host, sizeof host - 1);
    printf("\n%s login: ", host);
    fflush(stdout);
    if (!fgets(out, (int)room, stdin))
        return false;
    out[strcspn(out, "\r\n")] = 0;
    return true;
}

static int
session(struct passwd *pw)
{
    char *args[2] = {NULL};

    audit_say("login %.32s on the console", pw->pw_name);
    fchown(0, pw->pw_uid, 5); /* its terminal, of the group tty */
    fchmod(0, 0620);
    if (!become(pw))
        return say("login", "%s", strerror(errno));
    return start_shell(pw, NULL, true, args);
}

/* The root of a system that keeps nothing is mounted under such a name. */
static bool
forgets(void)
{
    char line[64] = "";
    FILE *f = fopen("/proc/mounts", "re");
    bool yes = f && fgets(line, sizeof line, f) &&
               (strncmp(line, "ephemeral ", 10) == 0 ||
                strncmp(line, "memory ", 7) == 0);

    if (f)
        fclose(f);
    return yes;
}

/* There is no /etc/shadow: make one. */
static int
first_boot(bool ask)
{
    char password[PASSWORD_MAX] = "", hash[HASH_ROOM] = "!";

    if (ask) {
        printf("This system is new, and nobody has a password.\n");
        if (!password_ask_new("Password for root (Enter: none; this terminal "
                              "stays open, all else locked): ",
                              password))
            *password = 0;
        if (*password && !password_hash(password, hash))
            say("login", "there is not enough memory to hash it; try: passwd");
        password_wipe(password);
    }
    if (!files_lock() || !shadow_set("root", hash))
        return say("login", "/etc/shadow: %s", strerror(errno));
    return 0;
}

static int
ask_who(void)
{
    char name[NAME_MAX_ + 2], password[PASSWORD_MAX];
    int tries = 0;

    for (;;) {
        struct passwd *pw;
        bool ok;

        if (!ask_name(name, sizeof name))
            return 1;
        if (!*name)
            continue;
        if (!password_ask("Password: ", password))
            return 1;
        ok = name_ok(name) && password_check(name, password);
        password_wipe(password);
        pw = ok ? getpwnam(name) : NULL;
        if (pw)
            return session(pw);
        audit_say("login-refused %.32s on the console",
                  name_ok(name) ? name : "?");
        printf("Wrong name or password.\n");
        if (++tries % TRIES == 0)
            sleep(WAIT_S);
    }
}

int
login_main(int argc, char **argv)
{
    bool new = access("/etc/shadow", F_OK) < 0;
    struct passwd *root;

    if (geteuid() != 0)
        return say("login", "init starts it; try: su USER");
    if (argc < 2 || strcmp(argv[1], "--console") != 0)
        return ask_who();
    if (new && !forgets()) /* who pipes commands in cannot answer */
        first_boot(isatty(0) && !getenv("PITH_CONSOLE"));
    if (!new && !password_locked("root") && !getenv("PITH_CONSOLE"))
        return ask_who();
    root = getpwnam("root");
    return root ? session(root) : say("login", "there is no root");
}

int
setup_main(int argc, char **argv)
{
    (void)argc, (void)argv;
    if (geteuid() != 0)
        return say("setup", "init starts it; try: passwd");
    return access("/etc/shadow", F_OK) == 0 ? 0 : first_boot(false);
}
