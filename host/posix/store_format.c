/* SPDX-License-Identifier: Apache-2.0 */
/* A new disk with nothing on it; see store_sqlite.h. */
#include "store_sqlite.h"

#include "../sqlite/sql.h"
#include "fs/store_schema.h"
#include "pith_errno.h"

#include <unistd.h>

int
store_sqlite_format(const char *path, struct report *report)
{
    static const char root[] =
        "INSERT INTO inodes(ino,mode,nlink,uid,gid,atime,mtime,ctime) "
        "VALUES(1,16877,2,0,0,0,0,0);";
    sqlite3 *db;
    int r;

    if (access(path, F_OK) == 0) {
        report_set(report, 0, "%s exists already", path);
        return -E_EXIST;
    }
    r = store_sqlite_connect(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
                             NULL, report, &db);
    if (r < 0)
        return r;
    r = store_sqlite_run(db, STORE_PAGE_SIZE, report);
    if (r == 0)
        r = store_sqlite_run(db, "BEGIN", report);
    if (r == 0)
        r = store_sqlite_run(db, STORE_SCHEMA, report);
    if (r == 0)
        r = store_sqlite_run(db, root, report);
    if (r == 0)
        r = store_sqlite_run(db, "COMMIT", report);
    sqlite3_close(db);
    if (r < 0)
        unlink(path);
    return r;
}
