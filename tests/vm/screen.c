/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In the machine, for screen.mjs: draws what pattern() there computes as well,
 * says so, and prints what the input devices tell.
 *
 *   screen draw            the whole screen by write, a square by FBIOBLIT
 *   screen mode W H        set that mode, then draw
 *   screen resized         wait for POLLPRI, then draw
 *   screen follow W H      draw at each size that there is until it is this one
 *   screen input N         the devices, then N packets of events
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fb.h>
#include <linux/input.h>
#include <poll.h>
#include <pith/abi.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define PATIENCE_MS 300000 /* where a computer is busy */

static int fb;
static struct fb_var_screeninfo mode;
static struct fb_fix_screeninfo fixed;

static void
must(int ok, const char *what)
{
    if (ok)
        return;
    printf("failed: %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint32_t
pattern(uint32_t x, uint32_t y)
{
    return (x & 255) << 16 | (y & 255) << 8 | ((x ^ y) & 255);
}

static void
ask(void)
{
    must(ioctl(fb, FBIOGET_VSCREENINFO, &mode) == 0, "VSCREENINFO");
    must(ioctl(fb, FBIOGET_FSCREENINFO, &fixed) == 0, "FSCREENINFO");
    must(mode.bits_per_pixel == 32 && mode.red.offset == 16 &&
             fixed.line_length >= mode.xres * 4 &&
             fixed.smem_len == fixed.line_length * mode.yres,
         "the mode is as it should be");
}

static void
draw(void)
{
    static uint32_t square[32][40];
    struct pith_fb_blit b = {
        .x = 100, .y = 60, .width = 32, .height = 32, .stride = 160};
    uint8_t *row = calloc(1, fixed.line_length);

    must(lseek(fb, 0, SEEK_SET) == 0, "lseek");
    for (uint32_t y = 0; y < mode.yres; y++) {
        for (uint32_t x = 0; x < mode.xres; x++)
            ((uint32_t *)row)[x] = pattern(x, y);
        must(write(fb, row, fixed.line_length) == (ssize_t)fixed.line_length,
             "write");
    }
    must(write(fb, row, 1) == -1 && errno == ENOSPC, "a write beyond the end");
    for (int y = 0; y < 32; y++)
        for (int x = 0; x < 32; x++)
            square[y][x] = 0x00ff8000;
    b.pixels = (pith_gp)(uintptr_t)square;
    must(ioctl(fb, PITH_FBIOBLIT, &b) == 0, "FBIOBLIT");
    b.x = mode.xres - 31;
    must(ioctl(fb, PITH_FBIOBLIT, &b) == -1 && errno == EINVAL,
         "a blit beyond the edge");
    b.x = 0;
    b.pixels = 0xfffff000;
    must(ioctl(fb, PITH_FBIOBLIT, &b) == -1 && errno == EFAULT,
         "a blit from nowhere");
    must(pread(fb, row, 4, 60 * fixed.line_length + 100 * 4) == 4 &&
             *(uint32_t *)row == 0x00ff8000,
         "read back");
    printf("drawn %ux%u\n", mode.xres, mode.yres);
}

/* Sizes come while it draws: what it knows of them may be of the one before. */
static void
follow(uint32_t width, uint32_t height)
{
    struct pollfd p = {.fd = fb, .events = POLLPRI};
    static uint32_t row[4096];

    printf("following\n");
    while (mode.xres != width || mode.yres != height) {
        must(poll(&p, 1, PATIENCE_MS) == 1, "POLLPRI");
        must(ioctl(fb, FBIOGET_VSCREENINFO, &mode) == 0, "VSCREENINFO");
        for (uint32_t y = 0; y < mode.yres; y++)
            if (pwrite(fb, row, mode.xres * 4, (off_t)y * mode.xres * 4) < 0)
                must(errno == ENOSPC, "write");
    }
    ask();
    must(mode.xres == width && mode.yres == height, "the last one stays");
    draw();
}

/* Packets of a key that repeats, for whoever holds it is slow, do not count. */
static void
input(int packets)
{
    bool repeats[8] = {false};
    struct pollfd p[8];
    int n = 0;

    for (;; n++) {
        char path[32], name[64] = "";
        struct input_absinfo a = {0};

        snprintf(path, sizeof path, "/dev/input/event%d", n);
        p[n].fd = open(path, O_RDONLY | O_NONBLOCK);
        p[n].events = POLLIN;
        if (p[n].fd < 0)
            break;
        must(ioctl(p[n].fd, EVIOCGNAME(63), name) > 0, "EVIOCGNAME");
        ioctl(p[n].fd, EVIOCGABS(ABS_X), &a);
        printf("event%d: %s, to %d\n", n, name, a.maximum);
    }
    printf("listening\n");
    while (packets > 0) {
        must(poll(p, (nfds_t)n, PATIENCE_MS) > 0, "poll");
        for (int i = 0; i < n; i++) {
            struct input_event e;

            while (read(p[i].fd, &e, sizeof e) == sizeof e) {
                if (e.type == EV_SYN) {
                    packets -= !repeats[i];
                    repeats[i] = false;
                } else if (e.type == EV_KEY && e.value == 2) {
                    repeats[i] = true;
                } else {
                    printf("event%d %d %d %d\n", i, e.type, e.code,
                           (int)e.value);
                }
            }
        }
    }
    printf("heard\n");
}

int
main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    struct pollfd p = {.events = POLLPRI};

    setvbuf(stdout, NULL, _IOLBF, 0);
    if (strcmp(what, "input") == 0) {
        input(atoi(argv[2]));
        return 0;
    }
    p.fd = fb = open("/dev/fb0", O_RDWR);
    must(fb >= 0, "/dev/fb0");
    ask();
    if (strcmp(what, "follow") == 0) {
        follow((uint32_t)atoi(argv[2]), (uint32_t)atoi(argv[3]));
        return 0;
    }
    if (strcmp(what, "mode") == 0) {
        mode.xres = (uint32_t)atoi(argv[2]);
        mode.yres = (uint32_t)atoi(argv[3]);
        must(ioctl(fb, FBIOPUT_VSCREENINFO, &mode) == 0, "PUT");
        ask();
    } else if (strcmp(what, "resized") == 0) {
        must(poll(&p, 1, 0) == 0, "no change yet");
        printf("waiting at %ux%u\n", mode.xres, mode.yres);
        must(poll(&p, 1, PATIENCE_MS) == 1 && p.revents == POLLPRI, "POLLPRI");
        ask();
        must(poll(&p, 1, 0) == 0, "seen");
    }
    draw();
    return 0;
}
