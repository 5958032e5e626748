/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a small app needs and no more: no C library, so a program is a few
 * hundred bytes. Lines in, lines out; `from: text` taken apart.
 *
 *     void on_line(const char *from, const char *text);   each line that comes
 *     void on_start(void);                                once
 */
#ifndef APP_H
#define APP_H

#include <pith/abi.h>
#include <pith/pith_import.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void on_start(void);
void on_line(const char *from, const char *text);

static inline size_t
length(const char *s)
{
    size_t n = 0;

    while (s[n])
        n++;
    return n;
}

static inline bool
same(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return *a == *b;
}

static inline void
put(int fd, const char *s)
{
    size_t n = length(s);

    while (n) {
        int32_t r = pith_write(fd, s, (int32_t)n);

        if (r <= 0)
            pith_exit(1);
        s += r;
        n -= (size_t)r;
    }
}

/* Text that grows in a fixed place; what does not fit is left out. */
struct out {
    char text[1024];
    size_t used;
};

static inline void
add(struct out *o, const char *s)
{
    while (*s && o->used < sizeof o->text - 1)
        o->text[o->used++] = *s++;
    o->text[o->used] = 0;
}

static inline void
add_number(struct out *o, uint64_t n)
{
    char digits[21];
    int at = 20;

    digits[at] = 0;
    do
        digits[--at] = (char)('0' + n % 10);
    while (n /= 10);
    add(o, digits + at);
}

/* One line, in one write, so that none comes between. */
static inline void
say(struct out *o)
{
    add(o, "\n");
    put(1, o->text);
    o->used = 0;
}

static char line[4096];

static inline void
take(char *s)
{
    char *at = s;

    while (*at && !(at[0] == ':' && at[1] == ' '))
        at++;
    if (*at) {
        *at = 0;
        on_line(s, at + 2);
    } else {
        on_line("", s);
    }
}

__attribute__((export_name("_start"))) void
_start(void)
{
    size_t used = 0;
    int32_t n;

    on_start();
    while ((n = pith_read(0, line + used, (int32_t)(sizeof line - 1 - used))) >
           0) {
        size_t from = 0, end = used + (size_t)n;

        for (size_t i = used; i < end; i++) {
            if (line[i] != '\n')
                continue;
            line[i] = 0;
            take(line + from);
            from = i + 1;
        }
        for (used = 0; from < end; from++)
            line[used++] = line[from];
        if (used == sizeof line - 1)
            used = 0; /* no line is that long */
    }
}

#endif
