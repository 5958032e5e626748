/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The line discipline's input (ldisc.h): echo, editing, signals and flow
 * control of what is typed.
 */
#include "ldisc_internal.h"

#include <string.h>

#define INPUT_HIGH (LDISC_IN - 128) /* IXOFF: stop the device above */

static bool
is_word(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
}

/* ---- echo ----------------------------------------------------------- */

/* A typed byte as people see it: ^C for control characters. */
static void
echo(struct ldisc *d, uint8_t c)
{
    if (d->head == d->canon)
        d->line_column = d->column;
    if (lflag(d, PITH_ECHOCTL) && is_control(c) && c != '\t') {
        ldisc_put_raw(d, '^');
        ldisc_put_raw(d, c ^ 0x40);
        d->column += 2;
    } else {
        ldisc_put(d, c);
    }
}

static void
echo_rubout(struct ldisc *d)
{
    ldisc_put(d, '\b');
    ldisc_put(d, ' ');
    ldisc_put(d, '\b');
}

/* Columns that the bytes from the last tab, or the line's start, take. */
static uint32_t
columns_before_head(const struct ldisc *d)
{
    uint32_t at = d->head, columns = 0;

    while (at != d->canon) {
        uint8_t c = d->in[--at & MASK_IN];

        if (c == '\t')
            return columns;
        if (is_control(c))
            columns += lflag(d, PITH_ECHOCTL) ? 2 : 0;
        else if (!is_continuation(d, c))
            columns++;
    }
    return columns + d->line_column;
}

/* c was taken off the end of the line: wipe it from the screen. */
static void
echo_erased(struct ldisc *d, uint8_t c)
{
    uint32_t back;

    if (c == '\t') {
        back = 8 - (columns_before_head(d) & 7);
        while (back--)
            ldisc_put(d, '\b');
        return;
    }
    if (is_control(c) && !lflag(d, PITH_ECHOCTL))
        return;
    echo_rubout(d);
    if (is_control(c))
        echo_rubout(d);
}

/* ---- editing -------------------------------------------------------- */

/* Take the last character, which may be several bytes, off the line. False
 * when there is none. *first is its first byte. */
static bool
last_character(const struct ldisc *d, uint32_t *start, uint8_t *first)
{
    uint32_t at = d->head;
    uint8_t c = 0;

    if (at == d->canon)
        return false;
    do
        c = d->in[--at & MASK_IN];
    while (is_continuation(d, c) && at != d->canon);
    *start = at;
    *first = c;
    return true;
}

static void
erase_character(struct ldisc *d)
{
    uint32_t start;
    uint8_t c;

    if (!last_character(d, &start, &c))
        return;
    d->head = start;
    if (!lflag(d, PITH_ECHO))
        return;
    if (lflag(d, PITH_ECHOE))
        echo_erased(d, c);
    else
        echo(d, d->termios.cc[PITH_VERASE]);
}

static void
erase_word(struct ldisc *d)
{
    bool in_word = false;
    uint32_t start;
    uint8_t c;

    while (last_character(d, &start, &c)) {
        if (is_word(c))
            in_word = true;
        else if (in_word)
            break;
        d->head = start;
        if (lflag(d, PITH_ECHO))
            echo_erased(d, c);
    }
}

static void
erase_line(struct ldisc *d)
{
    uint32_t start;
    uint8_t c;

    if (lflag(d, PITH_ECHO | PITH_ECHOK | PITH_ECHOKE | PITH_ECHOE)) {
        while (last_character(d, &start, &c)) {
            d->head = start;
            echo_erased(d, c);
        }
        return;
    }
    if (d->head == d->canon)
        return;
    d->head = d->canon;
    if (!lflag(d, PITH_ECHO))
        return;
    echo(d, d->termios.cc[PITH_VKILL]);
    if (lflag(d, PITH_ECHOK))
        ldisc_put(d, '\n');
}

static void
reprint(struct ldisc *d)
{
    uint32_t at;

    echo(d, d->termios.cc[PITH_VREPRINT]);
    ldisc_put(d, '\n');
    for (at = d->canon; at != d->head; at++)
        echo(d, d->in[at & MASK_IN]);
}

/* ---- input ---------------------------------------------------------- */

/* A byte of data. The last place is kept for the end of a line. */
static void
store(struct ldisc *d, uint8_t c)
{
    if (d->head - d->tail >= LDISC_IN - 1) {
        if (iflag(d, PITH_IMAXBEL))
            ldisc_put_raw(d, '\a');
        return;
    }
    mark_line_end(d, d->head, false);
    d->in[d->head++ & MASK_IN] = c;
}

static void
store_line_end(struct ldisc *d, uint8_t c, struct ldisc_events *events)
{
    if (d->head - d->tail >= LDISC_IN)
        return;
    mark_line_end(d, d->head, true);
    d->in[d->head++ & MASK_IN] = c;
    d->canon = d->head;
    events->readable = true;
}

static void
restart(struct ldisc *d, struct ldisc_events *events)
{
    if (d->stopped)
        events->restarted = true;
    d->stopped = false;
}

/* ISIG and IXON. True when c was one of theirs. */
static bool
input_control(struct ldisc *d, uint8_t c, struct ldisc_events *events)
{
    int sig = 0;

    if (iflag(d, PITH_IXON)) {
        if (is_cc(d, PITH_VSTART, c)) {
            restart(d, events);
            return true;
        }
        if (is_cc(d, PITH_VSTOP, c)) {
            d->stopped = true;
            return true;
        }
    }
    if (!lflag(d, PITH_ISIG))
        return false;
    if (is_cc(d, PITH_VINTR, c))
        sig = PITH_SIGINT;
    else if (is_cc(d, PITH_VQUIT, c))
        sig = PITH_SIGQUIT;
    else if (is_cc(d, PITH_VSUSP, c))
        sig = PITH_SIGTSTP;
    if (!sig)
        return false;
    events->signals |= 1u << sig;
    if (!lflag(d, PITH_NOFLSH)) {
        ldisc_flush_input(d);
        ldisc_flush_output(d);
    }
    if (iflag(d, PITH_IXON))
        restart(d, events);
    if (lflag(d, PITH_ECHO))
        echo(d, c);
    return true;
}

/* Editing and line ends of canonical mode. True when c was one. */
static bool
input_canonical(struct ldisc *d, uint8_t c, struct ldisc_events *events)
{
    bool extended = lflag(d, PITH_IEXTEN);

    if (is_cc(d, PITH_VERASE, c)) {
        erase_character(d);
    } else if (is_cc(d, PITH_VKILL, c)) {
        erase_line(d);
    } else if (extended && is_cc(d, PITH_VWERASE, c)) {
        erase_word(d);
    } else if (extended && is_cc(d, PITH_VLNEXT, c)) {
        d->literal = true;
        if (lflag(d, PITH_ECHO | PITH_ECHOCTL)) {
            ldisc_put_raw(d, '^');
            ldisc_put_raw(d, '\b');
        }
    } else if (extended && lflag(d, PITH_ECHO) && is_cc(d, PITH_VREPRINT, c)) {
        reprint(d);
    } else if (c == '\n') {
        if (d->termios.lflag & (PITH_ECHO | PITH_ECHONL))
            ldisc_put(d, '\n');
        store_line_end(d, c, events);
    } else if (is_cc(d, PITH_VEOF, c)) {
        store_line_end(d, 0, events);
    } else if (is_cc(d, PITH_VEOL, c) ||
               (extended && is_cc(d, PITH_VEOL2, c))) {
        if (lflag(d, PITH_ECHO))
            echo(d, c);
        store_line_end(d, c, events);
    } else {
        return false;
    }
    return true;
}

static void
input_data(struct ldisc *d, uint8_t c, struct ldisc_events *events)
{
    if (lflag(d, PITH_ECHO))
        echo(d, c);
    if (c == 0xff && iflag(d, PITH_PARMRK) && !iflag(d, PITH_ISTRIP))
        store(d, c);
    store(d, c);
    if (!lflag(d, PITH_ICANON))
        events->readable = true;
}

static void
input_byte(struct ldisc *d, uint8_t c, struct ldisc_events *events)
{
    if (iflag(d, PITH_ISTRIP))
        c &= 0x7f;
    if (iflag(d, PITH_IUCLC) && lflag(d, PITH_IEXTEN) && c >= 'A' && c <= 'Z')
        c = (uint8_t)(c - 'A' + 'a');
    if (d->literal) {
        d->literal = false;
        input_data(d, c, events);
        return;
    }
    if (input_control(d, c, events))
        return;
    if (iflag(d, PITH_IXANY) && iflag(d, PITH_IXON))
        restart(d, events);
    if (c == '\r') {
        if (iflag(d, PITH_IGNCR))
            return;
        if (iflag(d, PITH_ICRNL))
            c = '\n';
    } else if (c == '\n' && iflag(d, PITH_INLCR)) {
        c = '\r';
    }
    if (lflag(d, PITH_ICANON) && input_canonical(d, c, events))
        return;
    input_data(d, c, events);
}

bool
ldisc_has_room(const struct ldisc *d)
{
    return d->head - d->tail < LDISC_IN - 1 ||
           (lflag(d, PITH_ICANON) && d->canon == d->tail);
}

size_t
ldisc_input(struct ldisc *d, const uint8_t *data, size_t n, bool keep,
            struct ldisc_events *events)
{
    size_t i;

    memset(events, 0, sizeof *events);
    for (i = 0; i < n; i++) {
        if (keep && !ldisc_has_room(d))
            break;
        input_byte(d, data[i], events);
    }
    if (iflag(d, PITH_IXOFF) && !d->input_stopped &&
        d->head - d->tail > INPUT_HIGH)
        ldisc_send_flow(d, true);
    return i;
}

void
ldisc_send_flow(struct ldisc *d, bool stop)
{
    d->input_stopped = stop;
    d->urgent = d->termios.cc[stop ? PITH_VSTOP : PITH_VSTART];
}
