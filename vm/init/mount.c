/* SPDX-License-Identifier: Apache-2.0 */
/* What PID 1 mounts; see init.h. */
#define _GNU_SOURCE
#include "init.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define SAFE (MS_NOSUID | MS_NOEXEC | MS_NODEV)
/* What is written is at the host when fsync returns, which says whether it is;
 * and, where programs' own files are, when write returns: most never ask. */
#define SHARE "trans=virtio,version=9p2000.L,cache=%s,msize=262144,tag=%s"

static const char *mounted[4];
static size_t nmounted;

bool
mount_system(void)
{
    static const struct {
        const char *type, *place;
        unsigned long flags;
    } usual[] = {
        {"devtmpfs", "/dev", MS_NOSUID | MS_NOEXEC},
        {"proc", "/proc", SAFE},
        {"sysfs", "/sys", SAFE},
        {"tmpfs", "/run", SAFE},
    };

    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++) {
        mkdir(usual[i].place, 0755);
        if (mount(usual[i].type, usual[i].place, usual[i].type, usual[i].flags,
                  NULL) < 0 &&
            errno != EBUSY) {
            say("%s cannot be mounted: %s", usual[i].place, strerror(errno));
            return false;
        }
    }
    return true;
}

static bool
mount_share(const char *tag, const char *dir, char *why, size_t room)
{
    const char *cache = strcmp(dir, ROOT_DIR) == 0 ? "mmap" : "readahead";
    char options[192];

    if (snprintf(options, sizeof options, SHARE, cache, tag) >=
            (int)sizeof options ||
        strchr(tag, ',')) {
        snprintf(why, room, "%s is no name of a share", tag);
        return false;
    }
    if (mount(tag, dir, "9p", SAFE, options) == 0)
        return true;
    if (errno == ENOENT)
        snprintf(why, room,
                 "the machine has no share with the tag %s; try: -virtfs "
                 "local,mount_tag=%s,... in the command line of QEMU",
                 tag, tag);
    else
        snprintf(why, room, "the share %s cannot be mounted: %s", tag,
                 strerror(errno));
    return false;
}

bool
mount_named(const char *what, const char *dir, char *why, size_t room)
{
    if (nmounted == sizeof mounted / sizeof *mounted ||
        (mkdir(dir, 0755) < 0 && errno != EEXIST)) {
        snprintf(why, room, "%s cannot be made: %s", dir, strerror(errno));
        return false;
    }
    if (strncmp(what, "9p:", 3) != 0) {
        snprintf(why, room, "%s is no place for files; try: 9p:TAG", what);
        return false;
    }
    if (!mount_share(what + 3, dir, why, room))
        return false;
    mounted[nmounted++] = dir;
    return true;
}

bool
block_device(const char *name, char *out, size_t room, char *why,
             size_t why_room)
{
    struct stat st;

    if (strchr(name, '/') ||
        snprintf(out, room, "/dev/%s", name) >= (int)room) {
        snprintf(why, why_room, "%s is no name of a disk; try: disk:vda", name);
        return false;
    }
    if (stat(out, &st) == 0 && S_ISBLK(st.st_mode))
        return true;
    snprintf(why, why_room,
             "the machine has no disk %s; try: -drive if=none,id=d,file=... "
             "-device virtio-blk-device,drive=d in the command line of QEMU",
             name);
    return false;
}

void
umount_late(const char *dir)
{
    sync();
    if (umount2(dir, 0) < 0 && errno == EBUSY)
        umount2(dir, MNT_DETACH);
}

void
mount_finish(void)
{
    sync();
    while (nmounted) {
        const char *dir = mounted[--nmounted];

        if (umount2(dir, 0) < 0 && umount2(dir, MNT_DETACH) < 0)
            say("%s cannot be unmounted: %s", dir, strerror(errno));
    }
    sync();
}
