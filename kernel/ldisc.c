/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The line discipline (ldisc.h): output processing, reading, modes. Where POSIX
 * leaves room both halves do what Linux does, down to which bytes are echoed,
 * because programs and people are used to it. The other half, what happens to
 * typed bytes, is ldisc_input.c.
 */
#include "ldisc_internal.h"

#include <string.h>

/* Programs leave this much of the output ring for echoes. */
#define ECHO_RESERVE 512u
/* IXOFF: let the device go on below. */
#define INPUT_LOW 128u

void
ldisc_init(struct ldisc *d)
{
    static const uint8_t cc[PITH_NCCS] = {
        [PITH_VINTR] = 3,     [PITH_VQUIT] = 28,    [PITH_VERASE] = 127,
        [PITH_VKILL] = 21,    [PITH_VEOF] = 4,      [PITH_VMIN] = 1,
        [PITH_VSTART] = 17,   [PITH_VSTOP] = 19,    [PITH_VSUSP] = 26,
        [PITH_VREPRINT] = 18, [PITH_VDISCARD] = 15, [PITH_VWERASE] = 23,
        [PITH_VLNEXT] = 22,
    };

    memset(d, 0, sizeof *d);
    d->termios.iflag = PITH_ICRNL | PITH_IXON | PITH_IUTF8 | PITH_IMAXBEL;
    d->termios.oflag = PITH_OPOST | PITH_ONLCR;
    d->termios.cflag = PITH_B38400 | PITH_CS8 | PITH_CREAD;
    d->termios.lflag = PITH_ISIG | PITH_ICANON | PITH_ECHO | PITH_ECHOE |
                       PITH_ECHOK | PITH_ECHOCTL | PITH_ECHOKE | PITH_IEXTEN;
    memcpy(d->termios.cc, cc, sizeof cc);
    d->termios.ispeed = d->termios.ospeed = 38400;
}

/* ---- output --------------------------------------------------------- */

uint32_t
ldisc_out_used(const struct ldisc *d)
{
    return d->out_head - d->out_tail;
}

void
ldisc_put_raw(struct ldisc *d, uint8_t c)
{
    if (ldisc_out_used(d) < LDISC_OUT)
        d->out[d->out_head++ & MASK_OUT] = c;
}

/* One byte through OPOST, keeping track of the column. */
static void
put_cooked(struct ldisc *d, uint8_t c)
{
    uint32_t spaces;

    switch (c) {
    case '\n':
        if (oflag(d, PITH_ONLRET))
            d->column = 0;
        if (oflag(d, PITH_ONLCR)) {
            ldisc_put_raw(d, '\r');
            d->column = 0;
        }
        d->line_column = d->column;
        break;
    case '\r':
        if (oflag(d, PITH_ONOCR) && d->column == 0)
            return;
        if (oflag(d, PITH_OCRNL)) {
            c = '\n';
            if (!oflag(d, PITH_ONLRET))
                break;
        }
        d->column = d->line_column = 0;
        break;
    case '\t':
        spaces = 8 - (d->column & 7);
        d->column += spaces;
        if ((d->termios.oflag & PITH_TABDLY) == PITH_TAB3) {
            while (spaces--)
                ldisc_put_raw(d, ' ');
            return;
        }
        break;
    case '\b':
        if (d->column)
            d->column--;
        break;
    default:
        if (is_control(c))
            break;
        if (oflag(d, PITH_OLCUC) && c >= 'a' && c <= 'z')
            c = (uint8_t)(c - 'a' + 'A');
        if (!is_continuation(d, c))
            d->column++;
    }
    ldisc_put_raw(d, c);
}

void
ldisc_put(struct ldisc *d, uint8_t c)
{
    if (oflag(d, PITH_OPOST))
        put_cooked(d, c);
    else
        ldisc_put_raw(d, c);
}

size_t
ldisc_output(struct ldisc *d, const uint8_t *data, size_t n)
{
    size_t i;

    for (i = 0; i < n; i++) {
        /* The longest that one byte becomes is a tab of eight spaces. */
        if (ldisc_out_used(d) + 8 > LDISC_OUT - ECHO_RESERVE)
            break;
        ldisc_put(d, data[i]);
    }
    return i;
}

size_t
ldisc_take(struct ldisc *d, uint8_t *buf, size_t n)
{
    size_t done = 0;

    if (n && d->urgent) {
        buf[done++] = d->urgent;
        d->urgent = 0;
    }
    if (d->stopped || d->held)
        return done;
    while (done < n && d->out_tail != d->out_head)
        buf[done++] = d->out[d->out_tail++ & MASK_OUT];
    return done;
}

void
ldisc_flush_output(struct ldisc *d)
{
    d->out_tail = d->out_head;
}

/* ---- reading -------------------------------------------------------- */

bool
ldisc_line_ready(const struct ldisc *d)
{
    return d->canon != d->tail;
}

/* An end-of-file mark, which readers do not see? */
static bool
is_eof_mark(const struct ldisc *d, uint32_t at)
{
    return is_line_end(d, at) && d->in[at & MASK_IN] == 0 && !d->push;
}

uint32_t
ldisc_available(const struct ldisc *d)
{
    uint32_t at, n = 0;

    if (!lflag(d, PITH_ICANON))
        return d->head - d->tail;
    for (at = d->tail; at != d->canon; at++)
        if (!is_eof_mark(d, at))
            n++;
    return n;
}

static size_t
read_line(struct ldisc *d, uint8_t *buf, size_t n, bool *end)
{
    size_t done = 0;

    while (d->tail != d->canon) {
        bool last = is_line_end(d, d->tail);

        if (is_eof_mark(d, d->tail)) {
            /* Also when buf is just full: the mark belongs to this line. */
            d->tail++;
            *end = true;
            break;
        }
        if (done == n)
            break;
        buf[done++] = d->in[d->tail++ & MASK_IN];
        if (last) {
            d->push = false;
            *end = true;
            break;
        }
    }
    return done;
}

size_t
ldisc_read(struct ldisc *d, uint8_t *buf, size_t n, bool *end)
{
    size_t done = 0;

    *end = false;
    if (!n)
        return 0;
    if (lflag(d, PITH_ICANON)) {
        done = read_line(d, buf, n, end);
    } else {
        while (done < n && d->tail != d->head)
            buf[done++] = d->in[d->tail++ & MASK_IN];
        d->canon = d->tail;
    }
    if (d->input_stopped && iflag(d, PITH_IXOFF) &&
        d->head - d->tail <= INPUT_LOW)
        ldisc_send_flow(d, false);
    return done;
}

void
ldisc_flush_input(struct ldisc *d)
{
    d->tail = d->canon = d->head;
    d->literal = d->push = false;
    if (d->input_stopped)
        ldisc_send_flow(d, false);
}

void
ldisc_set_termios(struct ldisc *d, const struct pith_termios *t)
{
    uint32_t changed = d->termios.lflag ^ t->lflag;

    d->termios = *t;
    if (!iflag(d, PITH_IXON))
        d->stopped = false;
    if (!(changed & PITH_ICANON))
        return;
    d->literal = false;
    memset(d->line_end, 0, sizeof d->line_end);
    d->canon = d->tail;
    d->push = false;
    if (lflag(d, PITH_ICANON) && d->head != d->tail) {
        d->canon = d->head;
        mark_line_end(d, d->head - 1, true);
        d->push = true;
    }
}

void
ldisc_end_input(struct ldisc *d)
{
    if (!lflag(d, PITH_ICANON) || d->head == d->canon)
        return;
    mark_line_end(d, d->head - 1, true);
    d->canon = d->head;
}
