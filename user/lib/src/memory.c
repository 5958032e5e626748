/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The heap's ground, and the block moves. Allocation itself is wasi-libc's
 * dlmalloc, taken from Debian's libc.a; it asks for memory through sbrk.
 */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>

#define WASM_PAGE 65536u

void *
sbrk(intptr_t increment)
{
    size_t old = __builtin_wasm_memory_size(0) * WASM_PAGE;
    if (increment == 0)
        return (void *)old;
    if (increment < 0 || increment % WASM_PAGE ||
        __builtin_wasm_memory_grow(0, (size_t)increment / WASM_PAGE) ==
            SIZE_MAX) {
        errno = ENOMEM;
        return (void *)-1;
    }
    return (void *)old;
}

int
brk(void *end)
{
    (void)end;
    errno = ENOMEM;
    return -1;
}

void *realloc(void *, size_t);
void *
__libc_realloc(void *p, size_t n)
{
    return realloc(p, n);
}

/* The memory.copy and memory.fill instructions, for any size. */
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
