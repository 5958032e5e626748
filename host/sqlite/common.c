/* SPDX-License-Identifier: Apache-2.0 */
/* What both ways to a disk share; see db.h. */
#include "db.h"

#include "pith_errno.h"

#include <errno.h>

int
store_db_parameters(enum store_sql which)
{
    static const int parameters[] = {
#define SQL(name, parameters, text) parameters,
#include "fs/store_sql.def"
#undef SQL
    };

    return parameters[which];
}

int
store_db_error(int code, int host_errno)
{
    switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_DONE:
    case SQLITE_ROW:
        return 0;
    case SQLITE_NOMEM:
        return -E_NOMEM;
    case SQLITE_FULL:
        return -E_NOSPC;
    case SQLITE_READONLY:
        return -E_ROFS;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return -E_BUSY;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
        if (host_errno == ENOSPC || host_errno == EDQUOT)
            return -E_NOSPC;
        if ((code & 0xff) == SQLITE_CANTOPEN && host_errno)
            return store_db_host_error(host_errno);
        return -E_IO;
    default:
        return -E_IO;
    }
}

int
store_db_commit(struct store_db *s, const struct store_step *steps, size_t n)
{
    int r = store_db_begin(s);

    if (r < 0)
        return r;
    for (size_t k = 0; r == 0 && k < n; k++)
        r = store_db_query(s, steps[k].sql, steps[k].arg, NULL, NULL);
    return store_db_end(s, r);
}
