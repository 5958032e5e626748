/* SPDX-License-Identifier: Apache-2.0 */
/* Text into fixed buffers, numbers out of text; see lib.h. */
#include "lib.h"

#include <string.h>

#include "host.h"

struct spec {
    bool left, zero;
    int width, precision; /* precision < 0: none */
    int size;             /* -2 hh, -1 h, 0, 1 l, 2 ll */
};

static void
put(struct text *t, char c)
{
    if (t->used + 1 < t->room)
        t->out[t->used] = c;
    t->used++;
}

static void
pad(struct text *t, char c, int n)
{
    while (n-- > 0)
        put(t, c);
}

static void
put_string(struct text *t, const struct spec *s, const char *str)
{
    size_t n = 0;

    if (!str)
        str = "(null)";
    while ((s->precision < 0 || n < (size_t)s->precision) && str[n])
        n++;
    if (!s->left)
        pad(t, ' ', s->width - (int)n);
    text_add_bytes(t, str, n);
    if (s->left)
        pad(t, ' ', s->width - (int)n);
}

static void
put_number(struct text *t, const struct spec *s, uint64_t v, unsigned base,
           bool negative, const char *digits)
{
    char buf[24];
    int n = 0, zeros;

    while (v) {
        buf[n++] = digits[v % base];
        v /= base;
    }
    zeros = (s->precision < 0 ? 1 : s->precision) - n;
    if (zeros < 0)
        zeros = 0;
    if (s->zero && !s->left && s->precision < 0 &&
        s->width - negative > n + zeros)
        zeros = s->width - negative - n;
    if (!s->left)
        pad(t, ' ', s->width - negative - zeros - n);
    if (negative)
        put(t, '-');
    pad(t, '0', zeros);
    if (s->left)
        pad(t, ' ', 0);
    zeros += n + negative;
    while (n)
        put(t, buf[--n]);
    if (s->left)
        pad(t, ' ', s->width - zeros);
}

static int
parse_int(const char **f, va_list *ap)
{
    int v = 0;

    if (**f == '*') {
        (*f)++;
        return va_arg(*ap, int);
    }
    while (**f >= '0' && **f <= '9')
        v = v * 10 + (*(*f)++ - '0');
    return v;
}

static void
parse_spec(struct spec *s, const char **f, va_list *ap)
{
    *s = (struct spec){.precision = -1};
    for (;; (*f)++) {
        if (**f == '-')
            s->left = true;
        else if (**f == '0')
            s->zero = true;
        else
            break;
    }
    s->width = parse_int(f, ap);
    if (s->width < 0) {
        s->left = true;
        s->width = -s->width;
    }
    if (**f == '.') {
        (*f)++;
        s->precision = parse_int(f, ap);
    }
    for (;; (*f)++) {
        if (**f == 'l')
            s->size++;
        else if (**f == 'h')
            s->size--;
        else if (**f == 'z')
            s->size = sizeof(size_t) == sizeof(long) ? 1 : 0;
        else if (**f == 'j')
            s->size = 2;
        else
            break;
    }
}

static int64_t
take_signed(const struct spec *s, va_list *ap)
{
    if (s->size >= 2)
        return va_arg(*ap, long long);
    if (s->size == 1)
        return va_arg(*ap, long);
    return va_arg(*ap, int);
}

static uint64_t
take_unsigned(const struct spec *s, va_list *ap)
{
    unsigned v;

    if (s->size >= 2)
        return va_arg(*ap, unsigned long long);
    if (s->size == 1)
        return va_arg(*ap, unsigned long);
    v = va_arg(*ap, unsigned);
    return s->size == -1 ? (uint16_t)v : s->size == -2 ? (uint8_t)v : v;
}

static void
put_conversion(struct text *t, const struct spec *s, char c, va_list *ap)
{
    static const char lower[] = "0123456789abcdef", upper[] =
                                                        "0123456789ABCDEF";
    int64_t d;

    switch (c) {
    case 'd':
    case 'i':
        d = take_signed(s, ap);
        put_number(t, s, d < 0 ? 0 - (uint64_t)d : (uint64_t)d, 10, d < 0,
                   lower);
        break;
    case 'u':
        put_number(t, s, take_unsigned(s, ap), 10, false, lower);
        break;
    case 'o':
        put_number(t, s, take_unsigned(s, ap), 8, false, lower);
        break;
    case 'x':
    case 'X':
        put_number(t, s, take_unsigned(s, ap), 16, false,
                   c == 'x' ? lower : upper);
        break;
    case 'p':
        text_add_bytes(t, "0x", 2);
        put_number(t, s, (uintptr_t)va_arg(*ap, void *), 16, false, lower);
        break;
    case 'c':
        put(t, (char)va_arg(*ap, int));
        break;
    case 's':
        put_string(t, s, va_arg(*ap, const char *));
        break;
    default: /* % itself, and what we do not know, as it stands */
        put(t, c);
    }
}

static void
formatv(struct text *t, const char *f, va_list *ap)
{
    struct spec s;

    for (; *f; f++) {
        if (*f != '%') {
            put(t, *f);
            continue;
        }
        f++;
        parse_spec(&s, &f, ap);
        if (!*f)
            break;
        put_conversion(t, &s, *f, ap);
    }
    if (t->room)
        t->out[t->used < t->room ? t->used : t->room - 1] = 0;
}

size_t
text_formatv(char *out, size_t room, const char *format, va_list ap)
{
    struct text t = {out, room, 0};
    va_list copy;

    va_copy(copy, ap);
    formatv(&t, format, &copy);
    va_end(copy);
    return t.used;
}

size_t
text_format(char *out, size_t room, const char *format, ...)
{
    va_list ap;
    size_t n;

    va_start(ap, format);
    n = text_formatv(out, room, format, ap);
    va_end(ap);
    return n;
}

void
text_add(struct text *t, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    formatv(t, format, &ap);
    va_end(ap);
}

void
text_add_bytes(struct text *t, const char *s, size_t n)
{
    size_t fits = t->used + 1 < t->room ? t->room - 1 - t->used : 0;

    if (fits > n)
        fits = n;
    if (fits)
        memcpy(t->out + t->used, s, fits);
    t->used += n;
    if (t->room)
        t->out[t->used < t->room ? t->used : t->room - 1] = 0;
}

bool
text_number(const char *s, size_t n, uint64_t max, uint64_t *out)
{
    uint64_t v = 0;
    size_t i;

    for (i = 0; i < n; i++) {
        uint64_t digit = (uint64_t)(s[i] - '0');

        if (s[i] < '0' || s[i] > '9' || v > (UINT64_MAX - digit) / 10)
            return false;
        v = v * 10 + digit;
    }
    *out = v;
    return n > 0 && v <= max;
}

char *
text_copy(const char *s, size_t n)
{
    char *c = host_alloc(n + 1);

    if (c) {
        memcpy(c, s, n);
        c[n] = 0;
    }
    return c;
}

const char *
text_basename(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

void
kernel_log(const char *format, ...)
{
    char line[512];
    va_list ap;
    size_t n;

    va_start(ap, format);
    n = text_formatv(line, sizeof line - 1, format, ap);
    va_end(ap);
    if (n > sizeof line - 2)
        n = sizeof line - 2;
    line[n++] = '\n';
    host_log(line, n);
}
