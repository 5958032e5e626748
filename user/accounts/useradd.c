/* SPDX-License-Identifier: Apache-2.0 */
/*
 * useradd NAME [-u UID] [-s SHELL] [-c COMMENT]: a user, a group of the same
 * name, a home directory; locked until passwd. userdel NAME: the user and group
 * go, the home directory stays.
 */
#include "accounts.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIRST_UID 1001u
#define LAST_UID 59999u

struct new_user {
    const char *name, *shell, *comment;
    unsigned uid; /* 0: the next */
};

static int
usage(void)
{
    fprintf(stderr, "usage: useradd [-u UID] [-s SHELL] [-c COMMENT] NAME\n");
    return 2;
}

static int
parse(int argc, char **argv, struct new_user *u)
{
    int c;

    *u = (struct new_user){.shell = "/bin/sh", .comment = ""};
    while ((c = getopt(argc, argv, "u:s:c:m")) != -1) {
        char *end;

        switch (c) {
        case 'u':
            u->uid = (unsigned)strtoul(optarg, &end, 10);
            if (*end || !u->uid || u->uid > LAST_UID)
                return say("useradd", "%.20s is no number for a user", optarg);
            break;
        case 's':
            u->shell = optarg;
            break;
        case 'c':
            u->comment = optarg;
            break;
        case 'm': /* it is always made */
            break;
        default:
            return usage();
        }
    }
    if (optind != argc - 1)
        return usage();
    u->name = argv[optind];
    if (!name_ok(u->name))
        return say("useradd", "a name is of a-z, 0-9, - and _, at most 32");
    if (strpbrk(u->shell, ":\n") || u->shell[0] != '/' ||
        strlen(u->shell) > 100)
        return say("useradd", "a shell is an absolute path");
    if (strpbrk(u->comment, ":\n") || strlen(u->comment) > 100)
        return say("useradd", "a comment is at most 100 characters, no colon");
    return 0;
}

static bool
take_number(struct new_user *u)
{
    if (u->uid)
        return !getpwuid(u->uid) && !getgrgid(u->uid);
    for (u->uid = FIRST_UID; u->uid <= LAST_UID; u->uid++)
        if (!getpwuid(u->uid) && !getgrgid(u->uid))
            return true;
    return false;
}

static bool
write_files(const struct new_user *u, const char *home)
{
    char line[512];

    snprintf(line, sizeof line, "%s:x:%u:", u->name, u->uid);
    if (!files_put("/etc/group", u->name, line, 0644))
        return false;
    if (!shadow_set(u->name, "!"))
        return false;
    snprintf(line, sizeof line, "%s:x:%u:%u:%s:%s:%s", u->name, u->uid, u->uid,
             u->comment, home, u->shell);
    return files_put("/etc/passwd", u->name, line, 0644);
}

int
useradd_main(int argc, char **argv)
{
    struct new_user u;
    char home[64];
    int r = parse(argc, argv, &u);

    if (r)
        return r;
    if (geteuid() != 0)
        return say("useradd", "only root may do that");
    if (!files_lock())
        return say("useradd", "/etc: %s", strerror(errno));
    if (getpwnam(u.name) || getgrnam(u.name))
        return say("useradd", "there is a user or group %s", u.name);
    if (!take_number(&u))
        return say("useradd", "that number is in use");
    snprintf(home, sizeof home, "/home/%s", u.name);
    if (!write_files(&u, home))
        return say("useradd", "/etc: %s", strerror(errno));
    if (mkdir(home, 0750) < 0 && errno != EEXIST)
        return say("useradd", "%s: %s", home, strerror(errno));
    if (lchown(home, u.uid, u.uid) < 0)
        return say("useradd", "%s: %s", home, strerror(errno));
    printf("%s is user %u, locked until: passwd %s\n", u.name, u.uid, u.name);
    return 0;
}

int
userdel_main(int argc, char **argv)
{
    struct passwd *pw;

    if (argc != 2 || argv[1][0] == '-') {
        fprintf(stderr, "usage: userdel NAME\n");
        return 2;
    }
    if (geteuid() != 0)
        return say("userdel", "only root may do that");
    pw = name_ok(argv[1]) ? getpwnam(argv[1]) : NULL;
    if (!pw)
        return say("userdel", "there is no user %.32s", argv[1]);
    if (pw->pw_uid == 0)
        return say("userdel", "the system needs root");
    if (!files_lock() || !files_put("/etc/passwd", argv[1], NULL, 0644) ||
        !files_put("/etc/shadow", argv[1], NULL, 0600) ||
        !files_put("/etc/group", argv[1], NULL, 0644))
        return say("userdel", "/etc: %s", strerror(errno));
    return 0;
}
