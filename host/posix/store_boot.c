/* SPDX-License-Identifier: Apache-2.0 */
/* The root file system from a disk; see store_sqlite.h. */
#include "fs/store.h"
#include "host.h"
#include "pith_errno.h"
#include "store_sqlite.h"

int
store_boot(const char *disk, const char *image, bool ephemeral,
           struct fs **out, struct report *report)
{
    struct store_sqlite_options so = {.readonly = ephemeral};
    struct store_options o = {.ephemeral = ephemeral};
    struct store_backend *b = NULL;
    const char *path = ephemeral && !disk ? image : disk;
    int r = 0;

    kernel_unlock();
    if (!ephemeral && image)
        r = store_seed(disk, image, report);
    if (r >= 0)
        r = store_sqlite_open(path, &so, &b, report);
    kernel_lock();
    if (r < 0)
        return r;
    r = store_create(b, &o, out);
    if (r < 0)
        report_set(report, 0,
                   "%s is no Pith disk of this version, or is damaged: %s",
                   path, pith_errno_text(r));
    return r;
}
