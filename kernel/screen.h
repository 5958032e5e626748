/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Screens and what people do in front of them: /dev/fb0 and /dev/input/event*,
 * with Linux's ioctls (abi.h). A host's driver registers them.
 *
 *     program --write, FBIOBLIT--> buffer --ops->show()--> what people see
 *     people --input_event()--> a ring for each open file --read--> program
 *
 * The capabilities: display for a screen, keyboard for a device that types,
 * mouse for any other. Everything is under the kernel lock unless it says
 * otherwise.
 */
#ifndef KERNEL_SCREEN_H
#define KERNEL_SCREEN_H

#include <stdbool.h>
#include <stdint.h>

#include "../abi/pith/abi.h"

/* Pixels of 32 bits, 0xXXRRGGBB, rows from the top. */
struct screen_buffer {
    uint32_t width, height; /* pixels */
    uint32_t stride;        /* bytes from row to row */
    uint8_t *pixels;        /* stride * height bytes */
    void *data;             /* the driver's */
};

struct screen;
/* All are called without the lock and may block; 0 or -E_. */
struct screen_ops {
    /* Show a rectangle, which lies inside b, as it is in the buffer now. */
    int (*show)(struct screen *s, const struct screen_buffer *b, uint32_t x,
                uint32_t y, uint32_t width, uint32_t height);
    /* A cleared buffer of that size, shown from now on. -E_INVAL: no such
     * mode. */
    int (*set_mode)(struct screen *s, uint32_t width, uint32_t height,
                    struct screen_buffer *out);
    /* b is no longer shown and nobody has it. */
    void (*drop)(struct screen *s, struct screen_buffer *b);
    int (*blank)(struct screen *s, bool dark);
    /*
     * Only of a screen that shows something else, a console, while no program
     * has it open: take() before the first that opens it (set_mode() follows),
     * give() behind the last. now.pixels is NULL meanwhile.
     */
    int (*take)(struct screen *s);
    void (*give)(struct screen *s);
};
struct screen {
    /* the driver's, before screen_register() */
    const struct screen_ops *ops;
    const char *name;         /* up to 15 characters */
    uint32_t mm_width, mm_height;
    struct screen_buffer now; /* then the kernel's */
};

/* One screen, for good: /dev/fb0. -E_BUSY: there is one. */
int screen_register(struct screen *s);
/*
 * The window or monitor has another size now: the mode follows, and whoever
 * has the screen open sees POLLPRI until it asks for the mode. In a task; it
 * may block.
 */
void screen_resized(uint32_t width, uint32_t height);

struct input_client;
struct input_device {
    /* the driver's, before input_register() */
    char name[64];
    struct pith_input_id id;
    uint8_t properties[4];
    /* bits[EV_SYN]: the types it has; bits[type]: the codes */
    uint8_t bits[PITH_EV_MAX + 1][96];
    struct pith_input_absinfo abs[64];
    /* A program has it for itself (EVIOCGRAB), or no longer: nobody below is to
     * hear of its keys. May be NULL; lock held. */
    void (*grab)(struct input_device *d, bool on);
    /* the kernel's */
    struct input_client *clients, *grabbed;
    uint8_t down[96];  /* keys */
    uint8_t lit[3][96]; /* LEDs, sounds, switches */
    int number;        /* /dev/input/event<number> */
};

/* The device is the driver's and stays. -E_NOSPC: there are 32. */
int input_register(struct input_device *d);
/* What happened; SYN_REPORT ends what belongs together. Codes that the device
 * did not announce are dropped. */
void input_event(struct input_device *d, uint16_t type, uint16_t code,
                 int32_t value);

#endif
