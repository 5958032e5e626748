/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two slots of a disk image (vm/disk.sh) for the system that runs from it:
 *
 *     /dev/slots/state    the boot loader's state (lib/bootenv.h), 1024 bytes
 *     /dev/slots/a, b     a kernel, and from 8 MiB on its initramfs
 *     /dev/slots/running  "a\n" or "b\n"
 *
 * They need the device grant. A slot that was tried and has run for a while is
 * the good one from then on; until then a start goes back to the other.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bootenv.h"
#include "cap.h"
#include "cli.h"
#include "file.h"
#include "host.h"
#include "hosterr.h"
#include "init.h"
#include "lib.h"
#include "main.h"
#include "pith_errno.h"
#include "vfs.h"

#define HEALTHY_S 10 /* of running, to be called good */
#define PIECE 65536u
#define MAJOR_SLOTS 240 /* local use */

static struct slot {
    const char *name, *part; /* below /dev of Linux, behind the disk's name */
    int fd;
    off_t at, size;
} slots[] = {
    {"slots/state", "", -1, 0, BOOTENV_BYTES},
    {"slots/a", "2", -1, 0, 0},
    {"slots/b", "3", -1, 0, 0},
};
#define NSLOTS (sizeof slots / sizeof *slots)
static char running[2]; /* "a", "b", or "" */

/* ---- the files ---------------------------------------------------------- */

/* One piece between the slot and the program; without the lock meanwhile. */
static int64_t
move(struct slot *s, struct uio *u, bool out)
{
    off_t at = (off_t)u->offset;
    size_t n = u->resid < PIECE ? u->resid : PIECE;
    char *piece;
    int64_t r = 0;

    if (u->offset >= (uint64_t)s->size)
        return out ? -E_NOSPC : 0;
    if (n > (size_t)(s->size - at))
        n = (size_t)(s->size - at);
    piece = host_alloc(PIECE);
    if (!piece)
        return -E_NOMEM;
    if (out)
        r = uio_get(u, piece, n);
    if (r >= 0) {
        kernel_unlock();
        r = out ? pwrite(s->fd, piece, n, s->at + at)
                : pread(s->fd, piece, n, s->at + at);
        if (r < 0)
            r = host_error(errno);
        kernel_lock();
    }
    if (!out && r > 0)
        r = uio_put(u, piece, (size_t)r);
    host_free(piece);
    return r;
}

static int64_t
slot_read(struct file *f, struct uio *u)
{
    return move(f->data, u, false);
}

static int64_t
slot_write(struct file *f, struct uio *u)
{
    return u->resid ? move(f->data, u, true) : 0;
}

static int64_t
slot_seek(struct file *f, int64_t offset, int whence)
{
    const struct slot *s = f->data;
    int64_t from = whence == PITH_SEEK_CUR   ? (int64_t)f->offset
                   : whence == PITH_SEEK_END ? s->size
                                             : 0;

    if (whence < 0 || whence > PITH_SEEK_END || offset < -from ||
        offset > s->size - from)
        return -E_INVAL;
    f->offset = (uint64_t)(from + offset);
    return from + offset;
}

static int
slot_fsync(struct file *f, bool data_only)
{
    const struct slot *s = f->data;
    int r;

    (void)data_only;
    kernel_unlock();
    r = fdatasync(s->fd) < 0 ? host_error(errno) : 0;
    kernel_lock();
    return r;
}

static const struct file_ops slot_ops = {
    .name = "slot",
    .read = slot_read,
    .write = slot_write,
    .seek = slot_seek,
    .fsync = slot_fsync,
};

static int64_t
running_read(struct file *f, struct uio *u)
{
    char text[3] = {running[0], '\n', '\0'};

    (void)f;
    return u->offset >= 2 ? 0 : uio_put(u, text + u->offset, 2 - u->offset);
}

static const struct file_ops running_ops = {.name = "slot",
                                            .read = running_read};

static int
slot_open(struct inode *i, uint32_t flags, struct file **out)
{
    size_t n = (size_t)(i->rdev & 0xff);
    bool is_slot = n < NSLOTS;

    *out = file_create(is_slot ? &slot_ops : &running_ops, inode_ref(i), flags,
                       is_slot ? &slots[n] : NULL);
    if (!*out) {
        inode_unref(i);
        return -E_NOMEM;
    }
    (*out)->needs = CAP_DEVICE;
    return 0;
}

/* ---- is it well? -------------------------------------------------------- */

static void
confirm(void)
{
    const struct slot *s = &slots[0];
    char block[BOOTENV_BYTES], good[8];

    if (pread(s->fd, block, sizeof block, s->at) != (ssize_t)sizeof block ||
        !bootenv_get(block, "good", good, sizeof good) ||
        strcmp(good, running) == 0)
        return;
    if (!bootenv_set(block, "good", running) ||
        pwrite(s->fd, block, sizeof block, s->at) != (ssize_t)sizeof block ||
        fdatasync(s->fd) < 0)
        kernel_log("slot %s cannot be called good: %s", running,
                   strerror(errno));
    else
        kernel_log("slot %s is well: it is the one to start from now on",
                   running);
}

static void
health_task(void *arg)
{
    const char *text = getenv("PITH_HEALTHY");
    uint64_t seconds = text ? strtoul(text, NULL, 10) : HEALTHY_S;
    uint64_t until = host_mono_ns() + seconds * 1000000000u;

    (void)arg;
    while (host_mono_ns() < until)
        host_task_park(until);
    if (!kernel_is_shutting_down() && cli_boot_began()) {
        kernel_unlock();
        confirm();
        kernel_lock();
    }
    host_task_exit();
}

/* ---- both --------------------------------------------------------------- */

void
slots_open(void)
{
    const char *root = getenv("PITH_ROOT"), *slot = getenv("PITH_SLOT"),
               *state = getenv("PITH_STATE");
    size_t n;

    if (!slot || !state || !root || strncmp(root, "disk:", 5) != 0 ||
        (strcmp(slot, "a") != 0 && strcmp(slot, "b") != 0))
        return;
    slots[0].at = (off_t)strtoul(state, NULL, 10) * 512;
    n = strcspn(root + 5, "0123456789"); /* vda of vda4 */
    for (size_t i = 0; i < NSLOTS; i++) {
        char path[64];

        snprintf(path, sizeof path, "/dev/%.*s%s", (int)n, root + 5,
                 slots[i].part);
        slots[i].fd = open(path, O_RDWR | O_CLOEXEC);
        if (slots[i].fd < 0)
            return;
        if (!slots[i].size)
            slots[i].size = lseek(slots[i].fd, 0, SEEK_END);
    }
    running[0] = *slot;
}

void
slots_start(void)
{
    struct host_task *task;
    int r = 0;

    if (!running[0])
        return;
    for (size_t i = 0; i < NSLOTS && r >= 0; i++)
        r = devfs_register(slots[i].name, 0600, DEV(MAJOR_SLOTS, i), slot_open,
                           true);
    if (r >= 0)
        r = devfs_register("slots/running", 0444, DEV(MAJOR_SLOTS, NSLOTS),
                           slot_open, true);
    if (r >= 0)
        r = host_task_create(&task, health_task, NULL, 0);
    if (r < 0)
        kernel_log("/dev/slots: %s", pith_errno_text(r));
}
