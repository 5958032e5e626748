/* SPDX-License-Identifier: Apache-2.0 */
/* What every system mounts over its root, on whatever host it boots. */
#include "vfs.h"

int
vfs_mount_usual(void)
{
    static const struct {
        const char *place;
        int (*create)(struct fs **out);
    } usual[] = {{"/dev", devfs_create}, {"/proc", procfs_create}};
    struct fs *fs;
    int r = 0;

    for (size_t i = 0; i < 2 && r == 0; i++) {
        r = usual[i].create(&fs);
        if (r == 0)
            r = vfs_mount(NULL, fs, usual[i].place + 1, usual[i].place, 0,
                          true);
    }
    if (r == 0)
        r = tmpfs_create(0, &fs);
    if (r == 0) {
        fs->root->mode = PITH_S_IFDIR | PITH_S_ISVTX | 0777;
        r = vfs_mount(NULL, fs, "tmp", "/tmp", 0, true);
    }
    return r;
}
