/* SPDX-License-Identifier: Apache-2.0 */
/* The line discipline by itself: the table, and its limits. */
#include "ipc_test.h"
#include "ldisc.h"
#include "ldisc_rows.h"

static struct ldisc d;
static struct ldisc_events events;

static void
setup(const struct ldisc_row *row)
{
    struct pith_termios t;

    ldisc_init(&d);
    t = d.termios;
    t.iflag = (t.iflag | row->iflag_on) & ~row->iflag_off;
    t.oflag = (t.oflag | row->oflag_on) & ~row->oflag_off;
    t.lflag = (t.lflag | row->lflag_on) & ~row->lflag_off;
    if (row->cc)
        t.cc[row->cc] = (uint8_t)row->cc_value;
    ldisc_set_termios(&d, &t);
}

static void
reads(char *out)
{
    bool canonical = (d.termios.lflag & PITH_ICANON) != 0;

    while (canonical ? ldisc_line_ready(&d) : ldisc_available(&d) > 0) {
        uint8_t buf[512];
        bool end;
        size_t i, n = ldisc_read(&d, buf, sizeof buf, &end);

        if (n == 0)
            out += sprintf(out, "<EOF>");
        for (i = 0; i < n; i++)
            if (buf[i])
                *out++ = (char)buf[i];
            else
                out += sprintf(out, "\\0");
        *out++ = '|';
    }
    *out = '\0';
}

static void
table(void)
{
    size_t i;

    for (i = 0; i < sizeof ldisc_rows / sizeof ldisc_rows[0]; i++) {
        const struct ldisc_row *row = &ldisc_rows[i];
        size_t n = row->typed_len ? row->typed_len : strlen(row->typed);
        uint8_t screen[512];
        size_t shown = 0;
        char got[512];

        setup(row);
        if (row->written) {
            ldisc_output(&d, (const uint8_t *)row->written,
                         strlen(row->written));
            shown = ldisc_take(&d, screen, sizeof screen);
        }
        ldisc_input(&d, (const uint8_t *)row->typed, n, false, &events);
        shown += ldisc_take(&d, screen + shown, sizeof screen - shown);
        reads(got);
        if (strcmp(got, row->read) || shown != strlen(row->screen) ||
            memcmp(screen, row->screen, shown))
            printf("row: %s\n", row->name);
        CHECK_BYTES(got, strlen(got), row->read);
        CHECK_BYTES(screen, shown, row->screen);
    }
}

static size_t
type(const char *s, size_t n, bool keep)
{
    return ldisc_input(&d, (const uint8_t *)s, n, keep, &events);
}

static void
signals(void)
{
    uint8_t kept[16];
    bool end;

    ldisc_init(&d);
    type("\3", 1, false);
    CHECK_EQ(events.signals, 1u << PITH_SIGINT);
    type("\34\32", 2, false);
    CHECK_EQ(events.signals, 1u << PITH_SIGQUIT | 1u << PITH_SIGTSTP);
    /* what was typed before it is lost, what comes behind it is not */
    type("lost\nand\3kept\n", 14, false);
    CHECK_EQ(events.signals, 1u << PITH_SIGINT);
    CHECK_BYTES(kept, ldisc_read(&d, kept, sizeof kept, &end), "kept\n");
    type("a", 1, false);
    CHECK_EQ(events.signals, 0);
    CHECK(!events.readable);
    type("\n", 1, false);
    CHECK(events.readable);
    type("\23", 1, false);
    CHECK(d.stopped);
    type("\21", 1, false);
    CHECK(events.restarted && !d.stopped);
}

/* A line too long loses its middle but not its end; a full ring loses input,
 * or leaves it to the caller. */
static void
full(void)
{
    static char x[LDISC_IN + 100];
    static uint8_t buf[2 * LDISC_IN];
    bool end;

    memset(x, 'x', sizeof x);
    ldisc_init(&d);
    CHECK_EQ(type(x, sizeof x, false), sizeof x);
    CHECK(ldisc_has_room(&d));
    type("\n", 1, false);
    CHECK_EQ(ldisc_available(&d), LDISC_IN);
    CHECK(!ldisc_has_room(&d));
    CHECK_EQ(type("more", 4, true), 0);
    CHECK_EQ(type("more", 4, false), 4);
    CHECK_EQ(ldisc_read(&d, buf, sizeof buf, &end), LDISC_IN);
    CHECK(end);
    CHECK_EQ(buf[LDISC_IN - 1], '\n');
    CHECK_EQ(ldisc_available(&d), 0);
    /* ^C gets through a full ring */
    type(x, sizeof x, false);
    type("\n\3", 2, false);
    CHECK_EQ(events.signals, 1u << PITH_SIGINT);
    CHECK_EQ(ldisc_available(&d), 0);
}

static void
small_reads(void)
{
    uint8_t buf[8];
    bool end;

    ldisc_init(&d);
    type("abcd\nef\4", 8, false);
    CHECK_EQ(ldisc_available(&d), 7);
    CHECK_BYTES(buf, ldisc_read(&d, buf, 3, &end), "abc");
    CHECK(!end);
    CHECK_BYTES(buf, ldisc_read(&d, buf, 3, &end), "d\n");
    CHECK(end);
    /* the mark goes with the bytes that fill the buffer */
    CHECK_BYTES(buf, ldisc_read(&d, buf, 2, &end), "ef");
    CHECK(end);
    CHECK(!ldisc_line_ready(&d));
}

static void
mode_changes(void)
{
    struct pith_termios raw, cooked;
    uint8_t buf[16];
    bool end;

    ldisc_init(&d);
    raw = cooked = d.termios;
    raw.lflag &= ~(uint32_t)(PITH_ICANON | PITH_ECHO);
    type("ab\ncd", 5, false);
    ldisc_set_termios(&d, &raw);
    CHECK_BYTES(buf, ldisc_read(&d, buf, sizeof buf, &end), "ab\ncd");
    type("xy", 2, false);
    ldisc_set_termios(&d, &cooked);
    CHECK(ldisc_line_ready(&d));
    CHECK_BYTES(buf, ldisc_read(&d, buf, sizeof buf, &end), "xy");
    CHECK(end);
    type("z\n", 2, false);
    CHECK_BYTES(buf, ldisc_read(&d, buf, sizeof buf, &end), "z\n");
}

static void
ended(void)
{
    uint8_t buf[16];
    bool end;

    ldisc_init(&d);
    type("a\nrest", 6, false);
    ldisc_end_input(&d);
    CHECK_BYTES(buf, ldisc_read(&d, buf, sizeof buf, &end), "a\n");
    CHECK_BYTES(buf, ldisc_read(&d, buf, sizeof buf, &end), "rest");
    CHECK(!ldisc_line_ready(&d));
}

static void
device_flow(void)
{
    static char x[LDISC_IN];
    static uint8_t buf[LDISC_IN];
    struct pith_termios t;
    bool end;

    memset(x, 'x', sizeof x);
    ldisc_init(&d);
    t = d.termios;
    t.iflag |= PITH_IXOFF;
    t.lflag &= ~(uint32_t)(PITH_ICANON | PITH_ECHO);
    ldisc_set_termios(&d, &t);
    type(x, LDISC_IN - 64, false);
    CHECK_BYTES(buf, ldisc_take(&d, buf, sizeof buf), "\23");
    ldisc_read(&d, buf, sizeof buf, &end);
    CHECK_BYTES(buf, ldisc_take(&d, buf, sizeof buf), "\21");
}

static void
output_full(void)
{
    static uint8_t lines[2 * LDISC_OUT], out[2 * LDISC_OUT];
    size_t n;

    memset(lines, '\n', sizeof lines);
    ldisc_init(&d);
    n = ldisc_output(&d, lines, sizeof lines);
    CHECK(n > LDISC_OUT / 4 && n < LDISC_OUT / 2);
    CHECK_EQ(ldisc_output(&d, lines, 1), 0);
    type("e", 1, false); /* there is still room for its echo */
    CHECK_EQ(ldisc_take(&d, out, sizeof out), 2 * n + 1);
    CHECK_EQ(out[2 * n], 'e');
}

const struct test_case ldisc_cases[] =
    CASES({"ldisc: table", table}, {"ldisc: signals", signals},
          {"ldisc: full", full}, {"ldisc: small reads", small_reads},
          {"ldisc: mode changes", mode_changes}, {"ldisc: end of input", ended},
          {"ldisc: IXOFF", device_flow}, {"ldisc: full output", output_full}, );
