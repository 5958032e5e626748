/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unix sockets: names in the file system and abstract ones, listening and
 * connecting.
 */
#include "unix_internal.h"

#include <string.h>

#include "lib.h"
#include "pith_errno.h"
#include "vfs.h"

/* ---- names ---------------------------------------------------------- */

#define UN_PATH (offsetof(struct pith_sockaddr_un, path))

static bool
is_abstract(const struct sock_name *n)
{
    return n->len > UN_PATH && n->un.path[0] == '\0';
}

static struct unix_sock *
find_abstract(const struct sock_name *n)
{
    struct unix_sock *us;

    for (us = unix_first; us; us = us->next)
        if (us->bound && us->name.len == n->len &&
            memcmp(us->name.bytes, n->bytes, n->len) == 0)
            return us;
    return NULL;
}

/* The path as a string, out[sizeof path + 1]. */
static void
path_of(const struct sock_name *n, char *out)
{
    size_t len = n->len - UN_PATH;

    memcpy(out, n->un.path, len);
    out[len] = '\0';
}

/* Linux's autobind: a NUL and five hexadecimal digits that are free. */
static int
autobind(struct unix_sock *us)
{
    static uint32_t counter;
    struct sock_name n = {.len = UN_PATH + 6};
    uint32_t tries;
    char digits[8];

    n.un.family = PITH_AF_UNIX;
    for (tries = 0; tries < 1u << 20; tries++) {
        text_format(digits, sizeof digits, "%05x", counter++ & 0xfffff);
        memcpy(n.un.path + 1, digits, 5);
        if (!find_abstract(&n)) {
            us->name = n;
            us->bound = true;
            return 0;
        }
    }
    return -E_NOSPC;
}

static int
bind_path(struct unix_sock *us, struct proc *p, const struct sock_name *n)
{
    char path[sizeof n->un.path + 1];
    struct inode *inode;
    int r;

    path_of(n, path);
    us->name = *n; /* making the node may block: nobody else binds us */
    r = vfs_mksock(p, path, 0777 & ~p->umask, &inode);
    if (r < 0) {
        us->name.len = 0;
        return r;
    }
    us->name.len = (uint32_t)(UN_PATH + strlen(path) + 1);
    if (us->name.len > sizeof us->name.bytes)
        us->name.len = sizeof us->name.bytes;
    us->inode = inode;
    inode->special = us;
    us->bound = true;
    return 0;
}

int
unix_bind(struct socket *s, struct proc *p, const struct sock_name *n)
{
    struct unix_sock *us = as_unix(s);
    int r;

    if (us->name.len)
        return -E_INVAL;
    if (n->len <= UN_PATH)
        return autobind(us);
    if (!is_abstract(n))
        return bind_path(us, p, n);
    r = cap_check(p, CAP_IPC);
    if (r < 0)
        return r;
    if (find_abstract(n))
        return -E_ADDRINUSE;
    us->name = *n;
    us->bound = true;
    return 0;
}

int
unix_find(struct proc *p, const struct sock_name *n, int type,
          struct unix_sock **out)
{
    char path[sizeof n->un.path + 1];
    struct unix_sock *us;
    struct inode *inode;
    int r;

    if (n->len <= UN_PATH || n->family != PITH_AF_UNIX)
        return -E_INVAL;
    if (is_abstract(n)) {
        r = cap_check(p, CAP_IPC);
        us = r < 0 ? NULL : find_abstract(n);
    } else {
        path_of(n, path);
        r = vfs_find_sock(p, path, &inode);
        us = r < 0 ? NULL : inode->special;
        if (r >= 0)
            inode_unref(inode);
        if (r == -E_NOTSOCK)
            r = -E_CONNREFUSED; /* as Linux says it */
    }
    if (r < 0)
        return r;
    if (!us)
        return -E_CONNREFUSED;
    if (us->socket.type != type)
        return -E_PROTOTYPE;
    *out = unix_ref(us);
    return 0;
}

int
unix_name(struct socket *s, bool peer, struct sock_name *out)
{
    struct unix_sock *us = as_unix(s);

    if (peer)
        us = us->peer;
    if (!us)
        return -E_NOTCONN;
    *out = us->name;
    if (!out->len) {
        out->family = PITH_AF_UNIX;
        out->len = sizeof out->family;
    }
    return 0;
}

/* ---- connecting ----------------------------------------------------- */

int
unix_listen(struct socket *s, struct proc *p, int backlog)
{
    struct unix_sock *us = as_unix(s);

    (void)p;
    if (s->type == PITH_SOCK_DGRAM)
        return -E_NOTSUP;
    if (!us->bound || s->connected)
        return -E_INVAL;
    us->cred = socket_sender();
    us->backlog = (uint32_t)backlog;
    s->listening = true;
    unix_wake_waiters(us); /* the backlog may have grown */
    return 0;
}

int
unix_accept(struct socket *s, struct socket **out)
{
    struct unix_sock *us = as_unix(s), *e = us->pending;

    if (!s->listening)
        return -E_INVAL;
    if (!e)
        return -E_AGAIN;
    us->pending = e->next_pending;
    us->npending--;
    unix_wake_waiters(us);
    *out = &e->socket;
    return 0;
}

static int
connect_stream(struct unix_sock *us, struct unix_sock *to)
{
    struct unix_sock *embryo, **at;

    if (us->socket.listening)
        return -E_INVAL;
    if (us->socket.connected)
        return -E_ISCONN;
    if (!to->socket.listening || to->dead)
        return -E_CONNREFUSED;
    if (to->npending > to->backlog) {
        unix_wait_for_room(us, to);
        return -E_AGAIN;
    }
    embryo = unix_new(us->socket.type);
    if (!embryo)
        return -E_NOMEM;
    embryo->name = to->name;
    embryo->peer_cred = socket_sender();
    us->peer_cred = to->cred;
    unix_join(us, embryo);
    for (at = &to->pending; *at; at = &(*at)->next_pending)
        ;
    *at = embryo;
    to->npending++;
    wake(&to->socket.read_wait);
    return 0;
}

void
unix_set_peer(struct unix_sock *us, struct unix_sock *peer)
{
    struct unix_sock *old = us->peer;

    us->peer = peer;
    us->socket.connected = peer != NULL;
    unix_unref(old);
}

bool
unix_may_send(const struct unix_sock *us, const struct unix_sock *to)
{
    return !to->peer || to->peer == us;
}

int
unix_connect(struct socket *s, struct proc *p, const struct sock_name *n)
{
    struct unix_sock *us = as_unix(s), *to;
    int r;

    if (n->family == 0 && s->type == PITH_SOCK_DGRAM) {
        unix_set_peer(us, NULL);
        return 0;
    }
    r = unix_find(p, n, s->type, &to);
    if (r < 0)
        return r;
    if (s->type != PITH_SOCK_DGRAM) {
        r = connect_stream(us, to);
    } else if (!unix_may_send(us, to)) {
        r = -E_PERM;
    } else {
        unix_set_peer(us, unix_ref(to));
    }
    unix_unref(to);
    return r;
}
