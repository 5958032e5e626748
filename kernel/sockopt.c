/* SPDX-License-Identifier: Apache-2.0 */
/* Socket options of SOL_SOCKET (POSIX.1-2017 2.10.16 and Linux's own). */
#include "socket.h"

#include <string.h>

#include "pith_errno.h"

#define NS_PER_S 1000000000ull

static int
out_bytes(const void *value, uint32_t n, void *out, uint32_t *len)
{
    if (n < *len)
        *len = n;
    memcpy(out, value, *len);
    return 0;
}

static int
out_int(int32_t value, void *out, uint32_t *len)
{
    return out_bytes(&value, sizeof value, out, len);
}

static int
out_timeout(uint64_t ns, void *out, uint32_t *len)
{
    struct pith_timeval tv = {(int64_t)(ns / NS_PER_S),
                              (int64_t)(ns % NS_PER_S / 1000)};

    if (*len < sizeof tv)
        return -E_INVAL;
    return out_bytes(&tv, sizeof tv, out, len);
}

static int
in_timeout(uint64_t *ns, const void *value, uint32_t len)
{
    struct pith_timeval tv;

    if (len < sizeof tv)
        return -E_INVAL;
    memcpy(&tv, value, sizeof tv);
    if (tv.usec < 0 || tv.usec >= 1000000)
        return -E_DOM;
    if (tv.sec < 0 || tv.sec > INT32_MAX)
        *ns = tv.sec < 0 ? 1 : 0; /* already over; practically for ever */
    else
        *ns = (uint64_t)tv.sec * NS_PER_S + (uint64_t)tv.usec * 1000;
    return 0;
}

int
socket_getopt(struct socket *s, int name, void *out, uint32_t *len)
{
    struct pith_ucred cred;
    int r;

    switch (name) {
    case PITH_SO_REUSEADDR:
        return out_int(s->reuse, out, len);
    case PITH_SO_TYPE:
        return out_int(s->type, out, len);
    case PITH_SO_ERROR:
        return out_int(-socket_take_error(s), out, len);
    case PITH_SO_BROADCAST:
        return out_int(s->broadcast, out, len);
    case PITH_SO_SNDBUF:
        return out_int((int32_t)s->sndbuf, out, len);
    case PITH_SO_RCVBUF:
        return out_int((int32_t)s->rcvbuf, out, len);
    case PITH_SO_KEEPALIVE:
        return out_int(s->keepalive, out, len);
    case PITH_SO_LINGER:
        return out_bytes(&s->linger, sizeof s->linger, out, len);
    case PITH_SO_PEERCRED:
        r = unix_peer_cred(s, &cred);
        return r < 0 ? r : out_bytes(&cred, sizeof cred, out, len);
    case PITH_SO_RCVTIMEO:
        return out_timeout(s->rcvtimeo_ns, out, len);
    case PITH_SO_SNDTIMEO:
        return out_timeout(s->sndtimeo_ns, out, len);
    case PITH_SO_ACCEPTCONN:
        return out_int(s->listening, out, len);
    case PITH_SO_PROTOCOL:
        return out_int(s->protocol, out, len);
    case PITH_SO_DOMAIN:
        return out_int(s->domain, out, len);
    default:
        return -E_NOPROTOOPT;
    }
}

/* As Linux does: what is asked for, doubled for the overhead. */
static uint32_t
buffer_size(int32_t asked)
{
    if (asked < 0 || asked > (int32_t)SOCK_BUF_MAX / 2)
        return SOCK_BUF_MAX;
    if (asked < (int32_t)SOCK_BUF_MIN / 2)
        return SOCK_BUF_MIN;
    return (uint32_t)asked * 2;
}

int
socket_setopt(struct socket *s, int name, const void *value, uint32_t len)
{
    int32_t number;

    if (name == PITH_SO_RCVTIMEO)
        return in_timeout(&s->rcvtimeo_ns, value, len);
    if (name == PITH_SO_SNDTIMEO)
        return in_timeout(&s->sndtimeo_ns, value, len);
    if (len < sizeof number)
        return -E_INVAL;
    memcpy(&number, value, sizeof number);
    switch (name) {
    case PITH_SO_REUSEADDR:
        s->reuse = number != 0;
        return 0;
    case PITH_SO_BROADCAST:
        s->broadcast = number != 0;
        return 0;
    case PITH_SO_SNDBUF:
        s->sndbuf = buffer_size(number);
        return 0;
    case PITH_SO_RCVBUF:
        s->rcvbuf = buffer_size(number);
        return 0;
    case PITH_SO_KEEPALIVE:
        s->keepalive = number != 0;
        return 0;
    case PITH_SO_LINGER:
        if (len < sizeof s->linger)
            return -E_INVAL;
        memcpy(&s->linger, value, sizeof s->linger);
        return 0;
    default:
        return -E_NOPROTOOPT;
    }
}
