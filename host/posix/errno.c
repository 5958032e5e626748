/* SPDX-License-Identifier: Apache-2.0 */
/* The host's errno values as ours (hosterr.h). */
#include "hosterr.h"

#include <errno.h>

#include "pith_errno.h"

int
host_error(int e)
{
    switch (e) {
#if EOPNOTSUPP != ENOTSUP
    case EOPNOTSUPP:
        return -E_NOTSUP;
#endif
#define SAME(name)                                                             \
    case E##name:                                                              \
        return -E_##name;
        SAME(2BIG)
        SAME(ACCES)
        SAME(ADDRINUSE)
        SAME(ADDRNOTAVAIL)
        SAME(AFNOSUPPORT)
        SAME(AGAIN)
        SAME(ALREADY)
        SAME(BADF)
        SAME(BADMSG)
        SAME(BUSY)
        SAME(CANCELED)
        SAME(CHILD)
        SAME(CONNABORTED)
        SAME(CONNREFUSED)
        SAME(CONNRESET)
        SAME(DEADLK)
        SAME(DESTADDRREQ)
        SAME(DOM)
        SAME(DQUOT)
        SAME(EXIST)
        SAME(FAULT)
        SAME(FBIG)
        SAME(HOSTUNREACH)
        SAME(IDRM)
        SAME(ILSEQ)
        SAME(INPROGRESS)
        SAME(INTR)
        SAME(INVAL)
        SAME(IO)
        SAME(ISCONN)
        SAME(ISDIR)
        SAME(LOOP)
        SAME(MFILE)
        SAME(MLINK)
        SAME(MSGSIZE)
        SAME(MULTIHOP)
        SAME(NAMETOOLONG)
        SAME(NETDOWN)
        SAME(NETRESET)
        SAME(NETUNREACH)
        SAME(NFILE)
        SAME(NOBUFS)
        SAME(NODEV)
        SAME(NOENT)
        SAME(NOEXEC)
        SAME(NOLCK)
        SAME(NOLINK)
        SAME(NOMEM)
        SAME(NOMSG)
        SAME(NOPROTOOPT)
        SAME(NOSPC)
        SAME(NOSYS)
        SAME(NOTCONN)
        SAME(NOTDIR)
        SAME(NOTEMPTY)
        SAME(NOTRECOVERABLE)
        SAME(NOTSOCK)
        SAME(NOTSUP)
        SAME(NOTTY)
        SAME(NXIO)
        SAME(OVERFLOW)
        SAME(OWNERDEAD)
        SAME(PERM)
        SAME(PIPE)
        SAME(PROTO)
        SAME(PROTONOSUPPORT)
        SAME(PROTOTYPE)
        SAME(RANGE)
        SAME(ROFS)
        SAME(SPIPE)
        SAME(SRCH)
        SAME(STALE)
        SAME(TIMEDOUT)
        SAME(TXTBSY)
        SAME(XDEV)
#undef SAME
    default:
        return -E_IO;
    }
}
