/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The few functions of a C library that the kernel calls: Debian's wasi-libc is
 * not made for memory that threads share. Block moves are wasm instructions.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "lib.h"

void *
memcpy(void *restrict to, const void *restrict from, size_t n)
{
    char *t = to;
    const char *f = from;

    if (n > 16)
        return __builtin_memcpy(to, from, n);
    while (n--)
        *t++ = *f++;
    return to;
}

void *
memmove(void *to, const void *from, size_t n)
{
    return __builtin_memmove(to, from, n);
}

void *
memset(void *to, int c, size_t n)
{
    return __builtin_memset(to, c, n);
}

int
memcmp(const void *a, const void *b, size_t n)
{
    const uint8_t *x = a, *y = b;

    for (; n; n--, x++, y++) {
        if (*x != *y)
            return *x - *y;
    }
    return 0;
}

void *
memchr(const void *s, int c, size_t n)
{
    const uint8_t *at = s;

    for (; n; n--, at++) {
        if (*at == (uint8_t)c)
            return (void *)(uintptr_t)at;
    }
    return NULL;
}

size_t
strlen(const char *s)
{
    const char *at = s;

    while (*at)
        at++;
    return (size_t)(at - s);
}

size_t
strnlen(const char *s, size_t n)
{
    const char *end = memchr(s, 0, n);

    return end ? (size_t)(end - s) : n;
}

int
strncmp(const char *a, const char *b, size_t n)
{
    for (; n && *a && *a == *b; n--)
        a++, b++;
    return n ? (uint8_t)*a - (uint8_t)*b : 0;
}

int
strcmp(const char *a, const char *b)
{
    return strncmp(a, b, SIZE_MAX);
}

char *
strchr(const char *s, int c)
{
    for (; *s != (char)c; s++) {
        if (!*s)
            return NULL;
    }
    return (char *)(uintptr_t)s;
}

char *
strrchr(const char *s, int c)
{
    const char *at = s + strlen(s);

    for (; *at != (char)c; at--) {
        if (at == s)
            return NULL;
    }
    return (char *)(uintptr_t)at;
}

size_t
strspn(const char *s, const char *accept)
{
    size_t n = 0;

    while (s[n] && strchr(accept, s[n]))
        n++;
    return n;
}

size_t
strcspn(const char *s, const char *reject)
{
    size_t n = 0;

    while (s[n] && !strchr(reject, s[n]))
        n++;
    return n;
}

int
vsnprintf(char *out, size_t room, const char *format, va_list ap)
{
    return (int)text_formatv(out, room, format, ap);
}
