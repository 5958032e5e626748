/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine's screen and input devices, as Linux shows them, for the kernel's
 * screen.h:
 *
 *     /dev/dri/card*     one connector, one CRTC, a dumb buffer that is mapped
 *     netlink (uevents)  says when the connector has another size
 *     /dev/input/event*  read by a task each
 *
 * Opened before the system is confined (screen_open), started in its boot task
 * (screen_start).
 *
 * Where Linux has a console on the screen, the card is open only while a program
 * has /dev/fb0: who opens it is its master, and when it is closed Linux shows the
 * console again. Meanwhile the keys are not the console's either, nor are those
 * of a keyboard that a program has grabbed (EVIOCGRAB, here as there).
 */
#define _GNU_SOURCE
#include <drm.h>
#include <drm_mode.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/input.h>
#include <linux/netlink.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host.h"
#include "hosterr.h"
#include "init.h"
#include "lib.h"
#include "pith_errno.h"
#include "posix.h"
#include "screen.h"

#define INPUTS_MAX 16
#define CARDS_MAX 4
#define MODES_MAX 64

static int card = -1, uevents = -1;
static bool console; /* Linux has one on the screen */
/* modes; card, when there is a console (`show` needs none: it is open then); and
 * the grabs */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct input {
    int fd;
    bool grabbed; /* by a program */
    struct input_device device;
} *inputs[INPUTS_MAX];
static int ninputs;
static bool all_grabbed; /* the screen is a program's */

static uint32_t connector, crtc;
static struct drm_mode_modeinfo modes[MODES_MAX];
static uint32_t nmodes;

/* ---- the screen --------------------------------------------------------- */

struct dumb {
    uint32_t handle, fb;
    size_t bytes;
};

static int
drm(unsigned long request, void *arg)
{
    int r;

    do
        r = ioctl(card, (int)request, arg);
    while (r < 0 && (errno == EINTR || errno == EAGAIN));
    return r < 0 ? host_error(errno) : r;
}

static int
open_card(void)
{
    for (int i = 0; i < CARDS_MAX && card < 0; i++) {
        char name[32];

        snprintf(name, sizeof name, "/dev/dri/card%d", i);
        card = open(name, O_RDWR | O_CLOEXEC);
    }
    return card < 0 ? host_error(errno) : 0;
}

static void
close_card(void)
{
    close(card);
    card = -1;
}

/* The first connector that something is connected to, and a CRTC. */
static int
find_connector(void)
{
    uint32_t connectors[16], crtcs[16];
    struct drm_mode_card_res res = {
        .connector_id_ptr = (uintptr_t)connectors,
        .count_connectors = 16,
        .crtc_id_ptr = (uintptr_t)crtcs,
        .count_crtcs = 16,
    };
    int r = drm(DRM_IOCTL_MODE_GETRESOURCES, &res);

    if (r < 0)
        return r;
    for (uint32_t i = 0; i < res.count_connectors && i < 16; i++) {
        struct drm_mode_get_connector c = {.connector_id = connectors[i]};

        if (drm(DRM_IOCTL_MODE_GETCONNECTOR, &c) < 0 || c.connection != 1)
            continue;
        if (!res.count_crtcs)
            break;
        connector = connectors[i];
        crtc = crtcs[0];
        return 0;
    }
    return -E_NODEV;
}

/* What the connector shows now, the preferred mode first. With ask the device
 * is asked, which Linux does for who has no room for modes. */
static int
read_modes(struct screen *s, bool ask)
{
    struct drm_mode_get_connector c = {.connector_id = connector};
    int r = ask ? drm(DRM_IOCTL_MODE_GETCONNECTOR, &c) : 0;

    if (r < 0)
        return r;
    c.count_modes = MODES_MAX;
    c.modes_ptr = (uintptr_t)modes;
    c.count_props = c.count_encoders = 0;
    r = drm(DRM_IOCTL_MODE_GETCONNECTOR, &c);
    if (r >= 0) {
        s->mm_width = c.mm_width;
        s->mm_height = c.mm_height;
    }
    nmodes = r < 0 || c.count_modes > MODES_MAX ? 0 : c.count_modes;
    for (uint32_t i = 1; i < nmodes; i++)
        if (modes[i].type & DRM_MODE_TYPE_PREFERRED &&
            !(modes[0].type & DRM_MODE_TYPE_PREFERRED)) {
            struct drm_mode_modeinfo m = modes[0];
            modes[0] = modes[i];
            modes[i] = m;
        }
    return nmodes ? 0 : -E_NODEV;
}

static bool
known_timing(uint16_t w, uint16_t h, struct drm_mode_modeinfo *m)
{
    bool found = false;

    pthread_mutex_lock(&lock);
    for (uint32_t i = 0; i < nmodes && !found; i++) {
        found = modes[i].hdisplay == w && modes[i].vdisplay == h;
        if (found)
            *m = modes[i];
    }
    pthread_mutex_unlock(&lock);
    return found;
}

/* The connector's own timing, or one that a virtual screen does not look at. */
static struct drm_mode_modeinfo
timing(uint32_t width, uint32_t height)
{
    struct drm_mode_modeinfo m = {0};
    uint16_t w = (uint16_t)width, h = (uint16_t)height;

    if (known_timing(w, h, &m))
        return m;
    m.hdisplay = w;
    m.hsync_start = (uint16_t)(w + 48);
    m.hsync_end = (uint16_t)(w + 80);
    m.htotal = (uint16_t)(w + 160);
    m.vdisplay = h;
    m.vsync_start = (uint16_t)(h + 3);
    m.vsync_end = (uint16_t)(h + 9);
    m.vtotal = (uint16_t)(h + 30);
    m.vrefresh = 60;
    m.clock = (uint32_t)m.htotal * m.vtotal * 60 / 1000;
    snprintf(m.name, sizeof m.name, "%ux%u", width, height);
    return m;
}

static void
drop(struct screen *s, struct screen_buffer *b)
{
    struct dumb *d = b->data;
    struct drm_mode_destroy_dumb destroy = {.handle = d ? d->handle : 0};

    (void)s;
    if (!d)
        return;
    if (b->pixels)
        munmap(b->pixels, d->bytes);
    if (d->fb)
        drm(DRM_IOCTL_MODE_RMFB, &d->fb);
    if (d->handle)
        drm(DRM_IOCTL_MODE_DESTROY_DUMB, &destroy);
    free(d);
    memset(b, 0, sizeof *b);
}

static bool
is_virtio(void)
{
    char name[16] = "";
    struct drm_version v = {.name = name, .name_len = sizeof name - 1};

    return drm(DRM_IOCTL_VERSION, &v) >= 0 && strcmp(name, "virtio_gpu") == 0;
}

static int
make_buffer(uint32_t width, uint32_t height, struct screen_buffer *out)
{
    struct drm_mode_create_dumb create = {
        .width = width, .height = height, .bpp = 32};
    struct drm_mode_map_dumb map = {0};
    struct drm_mode_fb_cmd fb = {
        .width = width, .height = height, .bpp = 32, .depth = 24};
    struct dumb *d = calloc(1, sizeof *d);
    void *pixels;
    int r;

    memset(out, 0, sizeof *out);
    if (!d)
        return -E_NOMEM;
    out->data = d;
    r = drm(DRM_IOCTL_MODE_CREATE_DUMB, &create);
    if (r < 0)
        return r;
    map.handle = fb.handle = d->handle = create.handle;
    fb.pitch = create.pitch;
    d->bytes = create.size;
    if ((r = drm(DRM_IOCTL_MODE_ADDFB, &fb)) < 0)
        return r;
    d->fb = fb.fb_id;
    if ((r = drm(DRM_IOCTL_MODE_MAP_DUMB, &map)) < 0)
        return r;
    pixels = mmap(NULL, d->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, card,
                  (off_t)map.offset);
    if (pixels == MAP_FAILED)
        return host_error(errno);
    out->width = width;
    out->height = height;
    out->stride = create.pitch;
    out->pixels = pixels;
    if (!is_virtio()) /* whose buffers are new pages */
        memset(pixels, 0, d->bytes);
    return 0;
}

static int
set_mode(struct screen *s, uint32_t width, uint32_t height,
         struct screen_buffer *out)
{
    struct drm_mode_modeinfo mode = timing(width, height);
    struct drm_mode_crtc set = {
        .set_connectors_ptr = (uintptr_t)&connector,
        .count_connectors = 1,
        .crtc_id = crtc,
        .mode_valid = 1,
        .mode = mode,
    };
    int r = make_buffer(width, height, out);

    if (r >= 0) {
        set.fb_id = ((struct dumb *)out->data)->fb;
        r = drm(DRM_IOCTL_MODE_SETCRTC, &set);
    }
    if (r < 0)
        drop(s, out);
    return r;
}

static int
show(struct screen *s, const struct screen_buffer *b, uint32_t x, uint32_t y,
     uint32_t width, uint32_t height)
{
    struct drm_clip_rect clip = {
        .x1 = (uint16_t)x,
        .y1 = (uint16_t)y,
        .x2 = (uint16_t)(x + width),
        .y2 = (uint16_t)(y + height),
    };
    struct drm_mode_fb_dirty_cmd dirty = {
        .fb_id = ((struct dumb *)b->data)->fb,
        .num_clips = 1,
        .clips_ptr = (uintptr_t)&clip,
    };
    int r = drm(DRM_IOCTL_MODE_DIRTYFB, &dirty);

    (void)s;
    return r == -E_NOSYS ? 0 : r; /* a card that needs no telling */
}

static int
blank(struct screen *s, bool dark)
{
    struct dumb *d = s->now.data;
    struct drm_mode_crtc set = {.crtc_id = crtc};

    if (!dark) {
        set.set_connectors_ptr = (uintptr_t)&connector;
        set.count_connectors = 1;
        set.mode_valid = 1;
        set.mode = timing(s->now.width, s->now.height);
        set.fb_id = d->fb;
    }
    return drm(DRM_IOCTL_MODE_SETCRTC, &set);
}

/* ---- the console's and the programs' -------------------------------------- */

static void
update_grabs(void)
{
    for (int i = 0; i < ninputs; i++)
        ioctl(inputs[i]->fd, (int)EVIOCGRAB,
              inputs[i]->grabbed || all_grabbed ? 1L : 0L);
}

static void
grab(struct input_device *d, bool on)
{
    pthread_mutex_lock(&lock);
    for (int i = 0; i < ninputs; i++)
        if (&inputs[i]->device == d)
            inputs[i]->grabbed = on;
    update_grabs();
    pthread_mutex_unlock(&lock);
}

static int
take(struct screen *s)
{
    int r;

    (void)s;
    pthread_mutex_lock(&lock);
    r = open_card();
    all_grabbed = r >= 0;
    update_grabs();
    pthread_mutex_unlock(&lock);
    return r;
}

static void
give(struct screen *s)
{
    (void)s;
    pthread_mutex_lock(&lock);
    close_card();
    all_grabbed = false;
    update_grabs();
    pthread_mutex_unlock(&lock);
}

static struct screen_ops ops = {
    .show = show, .set_mode = set_mode, .drop = drop, .blank = blank};
static struct screen screen = {.ops = &ops, .name = "pithdrm"};

static int
look_again(void)
{
    bool closed;
    int r;

    pthread_mutex_lock(&lock);
    closed = card < 0;
    r = open_card();
    if (r >= 0)
        r = read_modes(&screen, true);
    if (closed && card >= 0)
        close_card();
    pthread_mutex_unlock(&lock);
    return r;
}

/* A uevent is strings, one after another; "HOTPLUG=1" is what we wait for. */
static bool
is_hotplug(const char *at, ssize_t n)
{
    const char *end = at + (n > 0 ? n : 0);

    while (at < end) {
        size_t left = (size_t)(end - at), len = strnlen(at, left);

        if (len == 9 && memcmp(at, "HOTPLUG=1", 9) == 0)
            return true;
        at += len + 1;
    }
    return false;
}

/* All that has come: was there one? When some were lost, perhaps. */
static bool
was_hotplug(void)
{
    char text[4096];
    bool found = false;
    ssize_t n;

    while ((n = recv(uevents, text, sizeof text, MSG_DONTWAIT)) > 0 ||
           (n < 0 && (errno == ENOBUFS || errno == EINTR)))
        found |= n < 0 || is_hotplug(text, n);
    return found;
}

/* Linux tells of one change more than once, and of some that are none: a mode
 * that a program has set meanwhile stays. */
static void
hotplug_task(void *arg)
{
    uint32_t width = modes[0].hdisplay, height = modes[0].vdisplay;

    (void)arg;
    for (;;) {
        int r = posix_fd_wait(uevents, POLLIN, HOST_FOREVER);

        if (r < 0 && r != -E_INTR)
            host_task_exit();
        kernel_unlock();
        r = was_hotplug() ? look_again() : -E_AGAIN;
        kernel_lock();
        if (r < 0 ||
            (modes[0].hdisplay == width && modes[0].vdisplay == height))
            continue;
        width = modes[0].hdisplay;
        height = modes[0].vdisplay;
        screen_resized(width, height);
    }
}

static int
start_screen(void)
{
    struct host_task *task;
    int r = find_connector();

    if (r >= 0)
        r = read_modes(&screen, false); /* it has just been asked */
    if (r >= 0 && console) {
        ops.take = take;
        ops.give = give;
        screen.now.width = modes[0].hdisplay;
        screen.now.height = modes[0].vdisplay;
    } else if (r >= 0) {
        r = set_mode(&screen, modes[0].hdisplay, modes[0].vdisplay,
                     &screen.now);
    }
    if (console)
        close_card();
    if (r >= 0)
        r = screen_register(&screen);
    if (r >= 0 && uevents >= 0)
        r = host_task_create(&task, hotplug_task, NULL, 0);
    return r;
}

/* ---- input -------------------------------------------------------------- */

static void
describe(int fd, struct input_device *d)
{
    struct input_id id = {0};

    ioctl(fd, (int)EVIOCGNAME(sizeof d->name - 1), d->name);
    ioctl(fd, (int)EVIOCGID, &id);
    d->id = (struct pith_input_id){id.bustype, id.vendor, id.product,
                                   id.version};
    ioctl(fd, (int)EVIOCGPROP(sizeof d->properties), d->properties);
    for (unsigned type = 0; type <= PITH_EV_MAX; type++)
        ioctl(fd, (int)EVIOCGBIT(type, sizeof d->bits[0]), d->bits[type]);
    for (unsigned a = 0; a < 64; a++)
        if (d->bits[EV_ABS][a / 8] >> (a % 8) & 1)
            ioctl(fd, (int)EVIOCGABS(a), &d->abs[a]);
}

static void
input_task(void *arg)
{
    int n = (int)(intptr_t)arg, fd = inputs[n]->fd;
    struct input_event e[64];

    for (;;) {
        int r = posix_fd_wait(fd, POLLIN, HOST_FOREVER);
        ssize_t got = r > 0 ? read(fd, e, sizeof e) : 0; /* never blocks */

        if ((r < 0 && r != -E_INTR) ||
            (got < 0 && errno != EAGAIN && errno != EINTR))
            host_task_exit(); /* unplugged */
        for (ssize_t i = 0; i < got / (ssize_t)sizeof *e; i++) {
            if (e[i].type == EV_KEY && e[i].code == KEY_POWER && e[i].value)
                raise(SIGTERM); /* the machine's button */
            input_event(&inputs[n]->device, e[i].type, e[i].code, e[i].value);
        }
    }
}

static int
start_input(int n)
{
    struct host_task *task;
    int r;

    describe(inputs[n]->fd, &inputs[n]->device);
    if (console)
        inputs[n]->device.grab = grab;
    r = input_register(&inputs[n]->device);
    if (r >= 0)
        r = host_task_create(&task, input_task, (void *)(intptr_t)n, 0);
    return r;
}

/* ---- both --------------------------------------------------------------- */

void
screen_open(void)
{
    struct sockaddr_nl a = {.nl_family = AF_NETLINK, .nl_groups = 1};

    for (int i = 0; i < INPUTS_MAX; i++) {
        char name[32];
        int fd;

        snprintf(name, sizeof name, "/dev/input/event%d", i);
        fd = open(name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        if (fd < 0)
            break;
        inputs[ninputs] = calloc(1, sizeof *inputs[0]);
        if (!inputs[ninputs])
            break;
        inputs[ninputs++]->fd = fd;
    }
    console = has_screen_console();
    if (open_card() < 0)
        return;
    uevents = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC,
                     NETLINK_KOBJECT_UEVENT);
    if (uevents >= 0 && bind(uevents, (struct sockaddr *)&a, sizeof a) < 0) {
        close(uevents);
        uevents = -1;
    }
}

void
screen_start(void)
{
    int r = card < 0 ? 0 : start_screen();

    if (r < 0)
        kernel_log("/dev/fb0: there is none: %s", pith_errno_text(r));
    for (int i = 0; i < ninputs; i++)
        if ((r = start_input(i)) < 0)
            kernel_log("%s: %s", inputs[i]->device.name, pith_errno_text(r));
}
