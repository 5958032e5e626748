/* SPDX-License-Identifier: Apache-2.0 */
/*
 * authd: one request on standard input, which is a connection that init took.
 * Lines, then the end:
 *
 *     su                passwd                 --> ok (with an identity for su)
 *     NAME              NAME                       no SENTENCE
 *     PASSWORD          OLD
 *                       NEW
 *
 * Root is asked for the password like everybody else: who connects may be an
 * app that happens to run as user 0 and holds no grant for /etc/shadow. What is
 * refused is audited and takes two seconds, during which nobody else is served.
 */
#include "accounts.h"

#include <pith/abi.h>
#include <pith/pith_import.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "audit_say.h"

#define REQUEST_ROOM 1024u
#define REQUEST_S 10u /* to send it in */
#define WRONG_S 2u

_Static_assert(GROUPS_MAX == PITH_NGROUPS, "groups");
static struct ucred peer;

static int
refuse(const char *why)
{
    dprintf(0, "no %s\n", why);
    return 1;
}

static int
wrong(const char *what, const char *name)
{
    audit_say("login-refused %s %.32s by user %u process %d", what, name,
              (unsigned)peer.uid, (int)peer.pid);
    sleep(WRONG_S);
    return refuse("wrong password, or the account is locked");
}

/* "ok", with the descriptor. */
static int
pass(int identity)
{
    char control[CMSG_SPACE(sizeof(int))] = {0};
    struct iovec v = {"ok\n", 3};
    struct msghdr m = {.msg_iov = &v,
                       .msg_iovlen = 1,
                       .msg_control = control,
                       .msg_controllen = sizeof control};
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);

    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof identity);
    memcpy(CMSG_DATA(c), &identity, sizeof identity);
    return sendmsg(0, &m, 0) < 0;
}

static int
do_su(const char *name)
{
    struct passwd *pw = getpwnam(name);
    struct pith_identity id = {0};
    gid_t groups[GROUPS_MAX];
    int fd;

    if (!pw)
        return refuse("there is no such user");
    id.uid = pw->pw_uid;
    id.gid = pw->pw_gid;
    id.ngroups = (uint32_t)user_groups(pw, groups);
    for (uint32_t i = 0; i < id.ngroups; i++)
        id.groups[i] = groups[i];
    fd = pith_identity_make(&id);
    if (fd < 0)
        return refuse("no identity could be made");
    audit_say("login su to %.32s by user %u process %d", name,
              (unsigned)peer.uid, (int)peer.pid);
    return pass(fd);
}

static int
do_passwd(const char *name, const char *new)
{
    const char *weak = password_weak(name, new);
    char hash[HASH_ROOM];

    if (weak)
        return refuse(weak);
    if (!password_hash(new, hash))
        return refuse("there is not enough memory to hash it");
    if (!files_lock() || !shadow_set(name, hash))
        return refuse(strerror(errno));
    audit_say("password of %.32s changed by user %u process %d", name,
              (unsigned)peer.uid, (int)peer.pid);
    dprintf(0, "ok\n");
    return 0;
}

/* The request's lines; how many. */
static int
read_request(char *text, char *lines[4])
{
    size_t used = 0;
    ssize_t n;
    int count = 0;

    while (used < REQUEST_ROOM - 1 &&
           (n = read(0, text + used, REQUEST_ROOM - 1 - used)) > 0)
        used += (size_t)n;
    if (used == REQUEST_ROOM - 1 || memchr(text, 0, used))
        return 0;
    text[used] = 0;
    for (char *nl; count < 4 && (nl = strchr(text, '\n')); text = nl + 1) {
        *nl = 0;
        lines[count++] = text;
    }
    return *text ? 0 : count;
}

int
authd_main(int argc, char **argv)
{
    static char text[REQUEST_ROOM];
    char *line[4];
    socklen_t len = sizeof peer;
    int n;

    (void)argc, (void)argv;
    if (getsockopt(0, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
        return say("authd", "standard input is no connection; init starts it");
    signal(SIGPIPE, SIG_IGN);
    alarm(REQUEST_S); /* who only connects is dropped */
    n = read_request(text, line);
    alarm(0);
    if (n < 3 || !name_ok(line[1]) || strlen(line[2]) >= PASSWORD_MAX)
        return refuse("that is no request");
    if (n == 3 && strcmp(line[0], "su") == 0)
        return password_check(line[1], line[2]) ? do_su(line[1])
                                                : wrong("su to", line[1]);
    if (n == 4 && strcmp(line[0], "passwd") == 0 &&
        strlen(line[3]) < PASSWORD_MAX)
        return password_check(line[1], line[2]) ? do_passwd(line[1], line[3])
                                                : wrong("passwd of", line[1]);
    return refuse("that is no request");
}
