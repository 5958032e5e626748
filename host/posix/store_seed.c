/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system image and the user's disk: making the one from the other, and
 * bringing a disk up to a new image (../sqlite/upgrade.c). See store_sqlite.h.
 */
#define _GNU_SOURCE
#include "store_sqlite.h"

#include "hosterr.h"
#include "pith_errno.h"
#include "../sqlite/upgrade.h"
#include "store_internal_sqlite.h"
#include "store_raw.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- the first boot: a copy --------------------------------------------- */

static int
copy_bytes(int from, int to)
{
    static char buf[1 << 16];
    ssize_t n;

    do
        n = copy_file_range(from, NULL, to, NULL, 1 << 30, 0);
    while (n > 0);
    if (n == 0)
        return 0;
    while ((n = read(from, buf, sizeof buf)) > 0)
        for (ssize_t done = 0, w; done < n; done += w) {
            w = write(to, buf + done, (size_t)(n - done));
            if (w < 0)
                return -1;
        }
    return n < 0 ? -1 : 0;
}

/* The name of what holds path. */
static void
parent_of(const char *path, char *out, size_t room)
{
    const char *slash = strrchr(path, '/');

    if (!slash)
        snprintf(out, room, ".");
    else if (slash == path)
        snprintf(out, room, "/");
    else
        snprintf(out, room, "%.*s", (int)(slash - path), path);
}

static int
copy_disk(const char *disk, const char *image, struct report *report)
{
    char part[4096 + 8], dir[4096];
    int from = open(image, O_RDONLY | O_CLOEXEC), to = -1, dfd, r;

    snprintf(part, sizeof part, "%s.part", disk);
    if (from >= 0)
        to = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    /* The name appears when everything behind it is safe. */
    if (from < 0 || to < 0 || copy_bytes(from, to) < 0 || fsync(to) < 0 ||
        rename(part, disk) < 0) {
        r = host_error(errno);
        report_set(report, 0, "%s cannot be copied to %s: %s", image, disk,
                   pith_errno_text(r));
        if (to >= 0)
            unlink(part);
    } else {
        parent_of(disk, dir, sizeof dir);
        dfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (dfd >= 0) {
            fsync(dfd);
            close(dfd);
        }
        r = 1;
    }
    if (from >= 0)
        close(from);
    if (to >= 0)
        close(to);
    return r;
}

/* ---- a new image ---------------------------------------------------------- */

static int
upgrade(const char *disk, const char *image, struct report *report)
{
    struct store_db *to = NULL, *from = NULL;
    int r = store_db_open(disk, 0, store_disk_vfs(), &to, report);

    if (r == 0) /* one transaction: no need for a log of its own */
        r = store_db_configure(to, disk, true, 0, report);
    if (r == 0)
        r = store_db_open(image, STORE_DB_IMMUTABLE, NULL, &from, report);
    if (r == 0)
        r = store_db_configure(from, image, true, 0, report);
    if (r == 0)
        r = store_db_upgrade(to, from, report);
    store_db_close(from, true);
    store_db_close(to, true);
    return r;
}

int
store_seed(const char *disk, const char *image, struct report *report)
{
    int lock, r;

    if (access(disk, F_OK) < 0 && errno == ENOENT)
        return copy_disk(disk, image, report);
    if (store_raw_is(disk) && !store_raw_made(disk)) {
        r = store_raw_make(disk, image, report);
        return r < 0 ? r : 1;
    }
    if (access(image, R_OK) < 0)
        return 0; /* a disk that stands on its own */
    r = store_lock_disk(disk, false, report, &lock);
    if (r < 0)
        return r;
    r = upgrade(disk, image, report);
    store_unlock_disk(lock);
    return r;
}
