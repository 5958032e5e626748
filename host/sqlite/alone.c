/* SPDX-License-Identifier: Apache-2.0 */
/* Files with one user; see alone.h. */
#include "alone.h"

int
alone_lock(sqlite3_file *f, int level)
{
    (void)f, (void)level;
    return SQLITE_OK;
}

int
alone_reserved(sqlite3_file *f, int *out)
{
    (void)f;
    *out = 0;
    return SQLITE_OK;
}

int
alone_control(sqlite3_file *f, int what, void *arg)
{
    (void)f, (void)what, (void)arg;
    return SQLITE_NOTFOUND;
}

int
alone_sector(sqlite3_file *f)
{
    (void)f;
    return 4096;
}
