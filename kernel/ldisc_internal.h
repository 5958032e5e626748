/* SPDX-License-Identifier: Apache-2.0 */
/* What ldisc.c (output, reading) and ldisc_input.c (editing, echo) share. */
#ifndef KERNEL_LDISC_INTERNAL_H
#define KERNEL_LDISC_INTERNAL_H

#include "ldisc.h"

#define MASK_IN (LDISC_IN - 1)
#define MASK_OUT (LDISC_OUT - 1)

static inline bool
flag(uint32_t flags, uint32_t bits)
{
    return (flags & bits) == bits;
}

static inline bool
iflag(const struct ldisc *d, uint32_t bit)
{
    return flag(d->termios.iflag, bit);
}

static inline bool
oflag(const struct ldisc *d, uint32_t bit)
{
    return flag(d->termios.oflag, bit);
}

static inline bool
lflag(const struct ldisc *d, uint32_t bits)
{
    return flag(d->termios.lflag, bits);
}

/* Is c the special character `which`? 0 disables one. */
static inline bool
is_cc(const struct ldisc *d, int which, uint8_t c)
{
    return c && d->termios.cc[which] == c;
}

static inline bool
is_control(uint8_t c)
{
    return c < 0x20 || c == 0x7f;
}

/* The second and later bytes of a UTF-8 sequence take no column. */
static inline bool
is_continuation(const struct ldisc *d, uint8_t c)
{
    return iflag(d, PITH_IUTF8) && (c & 0xc0) == 0x80;
}

static inline void
mark_line_end(struct ldisc *d, uint32_t at, bool end)
{
    uint8_t bit = (uint8_t)(1u << (at & 7));
    uint8_t *byte = &d->line_end[(at & MASK_IN) >> 3];

    if (end)
        *byte = (uint8_t)(*byte | bit);
    else
        *byte = (uint8_t)(*byte & ~bit);
}

static inline bool
is_line_end(const struct ldisc *d, uint32_t at)
{
    return (d->line_end[(at & MASK_IN) >> 3] >> (at & 7)) & 1;
}

/* ldisc.c: a byte to the device, as it is or through OPOST. */
void ldisc_put_raw(struct ldisc *d, uint8_t c);
void ldisc_put(struct ldisc *d, uint8_t c);

#endif
