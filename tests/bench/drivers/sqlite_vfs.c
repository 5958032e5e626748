/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The least machine that SQLite can run on: no files (speedtest1 --memdb keeps
 * all in memory), a clock, and random numbers that are the same every time.
 * Built with SQLITE_OS_OTHER, natively and for WASI alike.
 */
#include <string.h>
#include <time.h>
#include "sqlite3.h"

static int
no_open(sqlite3_vfs *v, const char *name, sqlite3_file *f, int flags, int *out)
{
    (void)v, (void)name, (void)f, (void)flags, (void)out;
    return SQLITE_CANTOPEN;
}

static int
no_delete(sqlite3_vfs *v, const char *name, int sync)
{
    (void)v, (void)name, (void)sync;
    return SQLITE_OK;
}

static int
no_access(sqlite3_vfs *v, const char *name, int flags, int *out)
{
    (void)v, (void)name, (void)flags;
    *out = 0;
    return SQLITE_OK;
}

static int
full_name(sqlite3_vfs *v, const char *name, int room, char *out)
{
    (void)v;
    strncpy(out, name, (size_t)room);
    out[room - 1] = 0;
    return SQLITE_OK;
}

static int
randomness(sqlite3_vfs *v, int n, char *out)
{
    (void)v;
    for (int i = 0; i < n; i++)
        out[i] = (char)(i * 37 + 11);
    return n;
}

static int
no_sleep(sqlite3_vfs *v, int us)
{
    (void)v;
    return us;
}

static int
now_ms(sqlite3_vfs *v, sqlite3_int64 *out)
{
    struct timespec t;

    (void)v;
    clock_gettime(CLOCK_REALTIME, &t);
    *out = 210866760000000 + (sqlite3_int64)t.tv_sec * 1000 +
           t.tv_nsec / 1000000;
    return SQLITE_OK;
}

static int
now_days(sqlite3_vfs *v, double *out)
{
    sqlite3_int64 ms;

    now_ms(v, &ms);
    *out = (double)ms / 86400000.0;
    return SQLITE_OK;
}

int
sqlite3_os_init(void)
{
    static sqlite3_vfs vfs = {
        .iVersion = 2,
        .szOsFile = sizeof(sqlite3_file),
        .mxPathname = 64,
        .zName = "none",
        .xOpen = no_open,
        .xDelete = no_delete,
        .xAccess = no_access,
        .xFullPathname = full_name,
        .xRandomness = randomness,
        .xSleep = no_sleep,
        .xCurrentTime = now_days,
        .xCurrentTimeInt64 = now_ms,
    };
    return sqlite3_vfs_register(&vfs, 1);
}

int
sqlite3_os_end(void)
{
    return SQLITE_OK;
}
