/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Directories of the host in the kernel's name space.
 *
 * The one that is to be "/" becomes the root; without one the root is an empty
 * file system in memory. The others are mounted, shortest place first, so that
 * /a comes before /a/b. A mount point is made where the root is ours, never in
 * the user's own directories.
 */
#include <string.h>

#include "cli.h"
#include "hostfs.h"
#include "pith_errno.h"
#include "vfs.h"

static int
complain(const struct cli_dir *d, int error)
{
    if (error == -E_NOENT || error == -E_NOTDIR)
        cli_error("--dir %s: there is no such directory; try: %s%s",
                  d->host, strchr(d->host, ':') ? "HOST::GUEST" : "mkdir ",
                  strchr(d->host, ':') ? "" : d->host);
    else
        cli_error("--dir %s: %s", d->host, pith_errno_text(error));
    return error;
}

static const struct cli_dir *
root_dir(const struct cli_options *o)
{
    for (uint32_t i = 0; i < o->ndirs; i++)
        if (strcmp(o->dirs[i].place, "/") == 0)
            return &o->dirs[i];
    return NULL;
}

int
cli_root_fs(const struct cli_options *o, struct fs **out)
{
    const struct cli_dir *d = root_dir(o);
    if (!d)
        return tmpfs_create(0, out);
    int r = hostfs_create(d->host, d->readonly, out);
    return r < 0 ? complain(d, r) : 0;
}

static int
mount_one(const struct cli_options *o, const struct cli_dir *d)
{
    struct fs *fs;
    int r = hostfs_create(d->host, d->readonly, &fs);
    if (r < 0)
        return complain(d, r);
    r = vfs_mount(NULL, fs, d->host, d->place, d->readonly ? PITH_MS_RDONLY : 0,
                  !root_dir(o));
    if (r == -E_NOENT)
        cli_error("--dir %s: %s is inside the directory given as /, which has "
                  "no such directory; try: mkdir there",
                  d->host, d->place);
    else if (r < 0)
        cli_error("--dir %s::%s: %s", d->host, d->place, pith_errno_text(r));
    return r;
}

int
cli_mount_dirs(const struct cli_options *o)
{
    size_t longest = 0;
    for (uint32_t i = 0; i < o->ndirs; i++)
        if (strlen(o->dirs[i].place) > longest)
            longest = strlen(o->dirs[i].place);
    for (size_t len = 2; len <= longest; len++)
        for (uint32_t i = 0; i < o->ndirs; i++) {
            int r =
                strlen(o->dirs[i].place) == len ? mount_one(o, &o->dirs[i]) : 0;
            if (r < 0)
                return r;
        }
    return 0;
}
