/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The line discipline: what happens to bytes between a terminal and programs,
 * as Linux's n_tty does it (POSIX.1-2017 base definitions, chapter 11). It
 * knows no files, no processes and no locks: bytes in, bytes out, events up.
 *
 *   device -> ldisc_input -> [tail ... canon ... head] -> ldisc_read -> program
 *                 |echo            lines    line being edited
 *   device <- ring_take(out) <---------- ldisc_output <- program
 *
 * The input ring's counters run freely; a set flag bit marks the last byte of
 * a line in canonical mode. An end-of-file character is kept in the ring as
 * such a byte that a reader does not get to see.
 */
#ifndef KERNEL_LDISC_H
#define KERNEL_LDISC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../abi/pith/abi.h"
#include "../abi/pith/termios.h"

#define LDISC_IN 4096u  /* MAX_CANON too */
#define LDISC_OUT 8192u

/* What input asked for; the owner acts on it after ldisc_input. */
struct ldisc_events {
    uint32_t signals;   /* bit n: signal n to the foreground group */
    bool readable;      /* readers may go on */
    bool restarted;     /* output that was stopped goes on */
};

struct ldisc {
    struct pith_termios termios;
    /* input */
    uint8_t in[LDISC_IN];
    uint8_t line_end[LDISC_IN / 8];
    uint32_t tail, canon, head;
    bool literal;       /* after VLNEXT: the next byte is data */
    bool push;          /* canonical mode came upon raw bytes: a line as is */
    bool stopped;       /* by VSTOP */
    bool held;          /* by TCOOFF: only TCOON lets go */
    bool input_stopped; /* VSTOP was sent to the device (IXOFF) */
    uint8_t urgent;     /* a VSTART or VSTOP to send before all else; or 0 */
    /* output */
    uint8_t out[LDISC_OUT];
    uint32_t out_tail, out_head;
    uint32_t column;       /* where the cursor is, as far as we know */
    uint32_t line_column;  /* where the line being edited began */
};

void ldisc_init(struct ldisc *d); /* cooked, UTF-8 */

/*
 * Take n bytes from the device; returns how many. Bytes that do not fit are
 * dropped with a bell as on Linux, or, when keep is set, left to the caller.
 */
size_t ldisc_input(struct ldisc *d, const uint8_t *data, size_t n, bool keep,
                   struct ldisc_events *events);
/* Would ldisc_input with keep take a byte? */
bool ldisc_has_room(const struct ldisc *d);

/* Bytes that a read would give now; in canonical mode, whole lines only. */
uint32_t ldisc_available(const struct ldisc *d);
/* True when a canonical read would return (a line, or an end of file). */
bool ldisc_line_ready(const struct ldisc *d);
/*
 * Move up to n bytes to buf. Canonical: at most one line; *end tells that its
 * end was taken, which may have been an end-of-file mark (so 0 bytes and *end
 * is end of file). May make a VSTART urgent.
 */
size_t ldisc_read(struct ldisc *d, uint8_t *buf, size_t n, bool *end);
void ldisc_flush_input(struct ldisc *d);
/* Nothing will follow: make the unfinished line readable as it is. */
void ldisc_end_input(struct ldisc *d);

/* Process up to n bytes of program output into the out ring; bytes consumed,
 * fewer when the ring is full. */
size_t ldisc_output(struct ldisc *d, const uint8_t *data, size_t n);
uint32_t ldisc_out_used(const struct ldisc *d);
/* Take up to n bytes for the device. Nothing while stopped. */
size_t ldisc_take(struct ldisc *d, uint8_t *buf, size_t n);
void ldisc_flush_output(struct ldisc *d);

/* TCSETS: keeps what is in the ring and makes it readable in the new mode. */
void ldisc_set_termios(struct ldisc *d, const struct pith_termios *t);
/* Send VSTOP (true) or VSTART to the device (TCIOFF, TCION). */
void ldisc_send_flow(struct ldisc *d, bool stop);

#endif
