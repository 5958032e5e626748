/* SPDX-License-Identifier: Apache-2.0 */
/* /dev/fb0; see screen.h. */
#include "screen.h"

#include <string.h>

#include "call.h"
#include "cap.h"
#include "file.h"
#include "lib.h"
#include "pith_errno.h"
#include "proc.h"
#include "vfs.h"

#define SIDE_MAX 16384u
#define MAJOR_FB 29

static struct screen *screen;
static uint32_t modes;      /* counts changes of the mode */
static uint32_t opens;      /* files; those that wait for it included */
static bool changing;       /* somebody is in ops->set_mode, ->drop, ->take... */
static uint32_t showing;    /* calls of ops->show that are under way */
static struct wait_queue changed = WAIT_QUEUE_INIT;

/* ---- the mode ------------------------------------------------------- */

static int
await_change(void)
{
    int r = 0;

    while (r == 0 && changing)
        r = wait_on_killable(&changed, HOST_FOREVER);
    return r;
}

static void give_when_unused(void);

static bool
is_taken(void)
{
    return screen->now.pixels || !screen->ops->take;
}

static int
set_mode(uint32_t width, uint32_t height)
{
    struct screen_buffer new, old;
    int r = await_change();

    if (r < 0)
        return r;
    if (width == screen->now.width && height == screen->now.height)
        return 0;
    if (!width || !height || width > SIDE_MAX || height > SIDE_MAX)
        return -E_INVAL;
    if (!is_taken()) { /* for the next who takes it */
        screen->now.width = width;
        screen->now.height = height;
        return 0;
    }
    changing = true;
    kernel_unlock();
    r = screen->ops->set_mode(screen, width, height, &new);
    kernel_lock();
    if (r >= 0) {
        old = screen->now;
        screen->now = new;
        modes++;
        while (showing) /* they have the old one; they are short */
            wait_on_killable(&changed, host_mono_ns() + 1000000);
        kernel_unlock();
        screen->ops->drop(screen, &old);
        kernel_lock();
    }
    changing = false;
    wake(&changed);
    return r;
}

void
screen_resized(uint32_t width, uint32_t height)
{
    int r = screen ? set_mode(width, height) : 0;

    if (r < 0)
        kernel_log("screen: %ux%u: %s", width, height, pith_errno_text(r));
    if (screen)
        give_when_unused();
}

/* ---- whose it is ---------------------------------------------------- */

static int
take(void)
{
    struct screen_buffer new = screen->now;
    int r;

    changing = true;
    kernel_unlock();
    r = screen->ops->take(screen);
    if (r >= 0) {
        r = screen->ops->set_mode(screen, new.width, new.height, &new);
        if (r < 0)
            screen->ops->give(screen);
    }
    kernel_lock();
    if (r >= 0)
        screen->now = new;
    changing = false;
    wake(&changed);
    return r;
}

/* The last file is closed, perhaps by a process that was killed and so cannot
 * wait: a task does it. Who opens it meanwhile waits for that. */
static void
give_task(void *arg)
{
    struct screen_buffer old = screen->now;

    (void)arg;
    kernel_unlock();
    screen->ops->drop(screen, &old);
    screen->ops->give(screen);
    kernel_lock();
    screen->now.pixels = NULL;
    screen->now.data = NULL;
    changing = false;
    wake(&changed);
    host_task_exit();
}

static void
give_when_unused(void)
{
    struct host_task *task;

    /* changing: by screen_resized(), which calls us again */
    if (opens || changing || !screen->ops->give || !screen->now.pixels)
        return;
    changing = true;
    if (host_task_create(&task, give_task, NULL, 0) < 0)
        changing = false; /* it stays the programs' */
}

/* ---- showing -------------------------------------------------------- */

static int
show(uint32_t x, uint32_t y, uint32_t width, uint32_t height)
{
    struct screen_buffer b = screen->now;
    int r;

    showing++;
    kernel_unlock();
    r = screen->ops->show(screen, &b, x, y, width, height);
    kernel_lock();
    if (--showing == 0)
        wake(&changed);
    return r;
}

static int
show_rows(uint64_t first, uint64_t bytes)
{
    uint32_t top = (uint32_t)(first / screen->now.stride);
    uint64_t end = (first + bytes - 1) / screen->now.stride + 1;

    return show(0, top, screen->now.width, (uint32_t)end - top);
}

static int
blit(struct proc *p, struct gptr arg)
{
    struct screen_buffer *b = &screen->now;
    struct pith_fb_blit a;
    int r = copy_in(p, &a, arg, sizeof a);
    uint32_t row;

    if (r < 0)
        return r;
    if (a.x > b->width || a.width > b->width - a.x || a.y > b->height ||
        a.height > b->height - a.y)
        return -E_INVAL;
    if (!a.width || !a.height)
        return 0;
    for (row = 0; row < a.height; row++) {
        r = copy_in(p,
                    b->pixels + (size_t)(a.y + row) * b->stride +
                        (size_t)a.x * 4,
                    gptr(a.pixels + (uint64_t)row * a.stride),
                    (size_t)a.width * 4);
        if (r < 0)
            return r;
    }
    return show(a.x, a.y, a.width, a.height);
}

/* ---- the file ------------------------------------------------------- */

static uint64_t
size_now(void)
{
    return (uint64_t)screen->now.stride * screen->now.height;
}

static int64_t
fb_read(struct file *f, struct uio *u)
{
    uint64_t size = size_now();

    (void)f;
    if (u->offset >= size)
        return 0;
    if (u->resid < size - u->offset)
        size = u->offset + u->resid;
    return uio_put(u, screen->now.pixels + u->offset,
                   (size_t)(size - u->offset));
}

static int64_t
fb_write(struct file *f, struct uio *u)
{
    uint64_t at = u->offset, left = size_now();
    int64_t n;
    int r;

    (void)f;
    if (!u->resid)
        return 0;
    if (at >= left)
        return -E_NOSPC;
    left -= at;
    n = uio_get(u, screen->now.pixels + at,
                u->resid < left ? u->resid : (size_t)left);
    if (n <= 0)
        return n;
    r = show_rows(at, (uint64_t)n);
    return r < 0 ? r : n;
}

static int64_t
fb_seek(struct file *f, int64_t offset, int whence)
{
    int64_t from = whence == PITH_SEEK_CUR   ? (int64_t)f->offset
                   : whence == PITH_SEEK_END ? (int64_t)size_now()
                                             : 0;

    if (whence < 0 || whence > PITH_SEEK_END || offset < -from ||
        offset > INT64_MAX - from)
        return -E_INVAL;
    f->offset = (uint64_t)(from + offset);
    return from + offset;
}

static void
describe(struct pith_fb_var *v)
{
    memset(v, 0, sizeof *v);
    v->xres = v->xres_virtual = screen->now.width;
    v->yres = v->yres_virtual = screen->now.height;
    v->bits_per_pixel = 32;
    v->red = (struct pith_fb_field){16, 8, 0};
    v->green = (struct pith_fb_field){8, 8, 0};
    v->blue = (struct pith_fb_field){0, 8, 0};
    v->width = screen->mm_width ? screen->mm_width : UINT32_MAX;
    v->height = screen->mm_height ? screen->mm_height : UINT32_MAX;
}

static int
put_mode(struct proc *p, struct gptr arg)
{
    struct pith_fb_var v;
    int r = copy_in(p, &v, arg, sizeof v);

    if (r < 0)
        return r;
    if ((v.bits_per_pixel && v.bits_per_pixel != 32) || v.xoffset || v.yoffset)
        return -E_INVAL;
    if (!(v.activate & 2)) /* FB_ACTIVATE_TEST */
        r = set_mode(v.xres, v.yres);
    if (r < 0)
        return r;
    describe(&v);
    return copy_out(p, arg, &v, sizeof v);
}

static int
get_fixed(struct proc *p, struct gptr arg)
{
    struct pith_fb_fix x = {.visual = PITH_FB_VISUAL_TRUECOLOR};

    text_format(x.id, sizeof x.id, "%s", screen->name);
    x.smem_len = (uint32_t)size_now();
    x.line_length = screen->now.stride;
    return copy_out(p, arg, &x, sizeof x);
}

static int
set_blank(bool dark)
{
    int r = await_change();

    if (r < 0)
        return r;
    changing = true; /* the buffer that it shows is not to be dropped meanwhile */
    kernel_unlock();
    r = screen->ops->blank(screen, dark);
    kernel_lock();
    changing = false;
    wake(&changed);
    return r;
}

static int
fb_ioctl(struct file *f, struct proc *p, uint32_t req, struct gptr arg)
{
    struct pith_fb_var v;

    switch (req) {
    case PITH_FBIOGET_VSCREENINFO:
        f->data = (void *)(uintptr_t)modes; /* a number, not a pointer */
        describe(&v);
        return copy_out(p, arg, &v, sizeof v);
    case PITH_FBIOPUT_VSCREENINFO:
        return put_mode(p, arg);
    case PITH_FBIOGET_FSCREENINFO:
        return get_fixed(p, arg);
    case PITH_FBIOPAN_DISPLAY: /* there is one page; it is shown */
        return show(0, 0, screen->now.width, screen->now.height);
    case PITH_FBIOBLANK:
        return set_blank(arg.addr != 0);
    case PITH_FBIOBLIT:
        return blit(p, arg);
    default:
        return -E_NOTTY;
    }
}

static int
fb_poll(struct file *f, struct poll_waiter *w)
{
    int r = w ? poll_wait(w, &changed) : 0;

    if (r < 0)
        return r;
    return PITH_POLLIN | PITH_POLLOUT |
           ((uint32_t)(uintptr_t)f->data != modes ? PITH_POLLPRI : 0);
}

static int
fb_fsync(struct file *f, bool data_only)
{
    (void)f, (void)data_only;
    return show(0, 0, screen->now.width, screen->now.height);
}

static void
fb_release(struct file *f)
{
    (void)f;
    opens--;
    give_when_unused();
}

static const struct file_ops fb_ops = {
    .name = "fb",
    .release = fb_release,
    .read = fb_read,
    .write = fb_write,
    .seek = fb_seek,
    .ioctl = fb_ioctl,
    .poll = fb_poll,
    .fsync = fb_fsync,
};

static int
fb_open(struct inode *i, uint32_t flags, struct file **out)
{
    int r = proc_current() ? cap_check(proc_current(), CAP_DISPLAY) : 0;

    if (r < 0)
        return r;
    opens++;
    r = await_change();
    if (r >= 0 && !is_taken())
        r = take();
    *out = r < 0 ? NULL
                 : file_create(&fb_ops, inode_ref(i), flags,
                               (void *)(uintptr_t)modes);
    if (!*out) {
        if (r >= 0)
            inode_unref(i);
        opens--;
        give_when_unused();
        return r < 0 ? r : -E_NOMEM;
    }
    (*out)->needs = CAP_DISPLAY;
    return 0;
}

int
screen_register(struct screen *s)
{
    if (screen)
        return -E_BUSY;
    screen = s;
    return devfs_register("fb0", 0660, DEV(MAJOR_FB, 0), fb_open, false);
}
