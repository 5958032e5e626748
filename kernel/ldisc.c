/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The line discipline (ldisc.h): input with editing and signals, echo, output
 * processing. Where POSIX leaves room it does what Linux does, down to which
 * bytes are echoed, because programs and people are used to it.
 */
#include "ldisc.h"

#include <string.h>

#define MASK_IN (LDISC_IN - 1)
#define MASK_OUT (LDISC_OUT - 1)
/* Programs leave this much of the output ring for echoes. */
#define ECHO_RESERVE 512u
/* IXOFF: stop the device above, let it go on below. */
#define INPUT_HIGH (LDISC_IN - 128)
#define INPUT_LOW 128u

static bool
flag(uint32_t flags, uint32_t bits)
{
    return (flags & bits) == bits;
}

static bool
iflag(const struct ldisc *d, uint32_t bit)
{
    return flag(d->termios.iflag, bit);
}

static bool
oflag(const struct ldisc *d, uint32_t bit)
{
    return flag(d->termios.oflag, bit);
}

static bool
lflag(const struct ldisc *d, uint32_t bits)
{
    return flag(d->termios.lflag, bits);
}

/* Is c the special character `which`? 0 disables one. */
static bool
is_cc(const struct ldisc *d, int which, uint8_t c)
{
    return c && d->termios.cc[which] == c;
}

static bool
is_control(uint8_t c)
{
    return c < 0x20 || c == 0x7f;
}

/* The second and later bytes of a UTF-8 sequence take no column. */
static bool
is_continuation(const struct ldisc *d, uint8_t c)
{
    return iflag(d, PITH_IUTF8) && (c & 0xc0) == 0x80;
}

static bool
is_word(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
}

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

static void
put_raw(struct ldisc *d, uint8_t c)
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
            put_raw(d, '\r');
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
                put_raw(d, ' ');
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
    put_raw(d, c);
}

static void
put(struct ldisc *d, uint8_t c)
{
    if (oflag(d, PITH_OPOST))
        put_cooked(d, c);
    else
        put_raw(d, c);
}

size_t
ldisc_output(struct ldisc *d, const uint8_t *data, size_t n)
{
    size_t i;

    for (i = 0; i < n; i++) {
        /* The longest that one byte becomes is a tab of eight spaces. */
        if (ldisc_out_used(d) + 8 > LDISC_OUT - ECHO_RESERVE)
            break;
        put(d, data[i]);
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

/* ---- echo ----------------------------------------------------------- */

/* A typed byte as people see it: ^C for control characters. */
static void
echo(struct ldisc *d, uint8_t c)
{
    if (d->head == d->canon)
        d->line_column = d->column;
    if (lflag(d, PITH_ECHOCTL) && is_control(c) && c != '\t') {
        put_raw(d, '^');
        put_raw(d, c ^ 0x40);
        d->column += 2;
    } else {
        put(d, c);
    }
}

static void
echo_rubout(struct ldisc *d)
{
    put(d, '\b');
    put(d, ' ');
    put(d, '\b');
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
            put(d, '\b');
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
        put(d, '\n');
}

static void
reprint(struct ldisc *d)
{
    uint32_t at;

    echo(d, d->termios.cc[PITH_VREPRINT]);
    put(d, '\n');
    for (at = d->canon; at != d->head; at++)
        echo(d, d->in[at & MASK_IN]);
}

/* ---- input ---------------------------------------------------------- */

static void
mark_line_end(struct ldisc *d, uint32_t at, bool end)
{
    uint8_t bit = (uint8_t)(1u << (at & 7));
    uint8_t *byte = &d->line_end[(at & MASK_IN) >> 3];

    if (end)
        *byte = (uint8_t)(*byte | bit);
    else
        *byte = (uint8_t)(*byte & ~bit);
}

static bool
is_line_end(const struct ldisc *d, uint32_t at)
{
    return (d->line_end[(at & MASK_IN) >> 3] >> (at & 7)) & 1;
}

/* A byte of data. The last place is kept for the end of a line. */
static void
store(struct ldisc *d, uint8_t c)
{
    if (d->head - d->tail >= LDISC_IN - 1) {
        if (iflag(d, PITH_IMAXBEL))
            put_raw(d, '\a');
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
            put_raw(d, '^');
            put_raw(d, '\b');
        }
    } else if (extended && lflag(d, PITH_ECHO) &&
               is_cc(d, PITH_VREPRINT, c)) {
        reprint(d);
    } else if (c == '\n') {
        if (d->termios.lflag & (PITH_ECHO | PITH_ECHONL))
            put(d, '\n');
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
