/* SPDX-License-Identifier: Apache-2.0 */
/* GRUB's environment block; see bootenv.h. */
#include "bootenv.h"

#include <string.h>

#define SIGNATURE "# GRUB Environment Block\n"
#define WHOLE 512 /* bytes that a disk writes at once */

/* Where the line at `at` ends; BOOTENV_BYTES when it does not. */
static size_t
line_end(const char *block, size_t at)
{
    const char *nl = memchr(block + at, '\n', BOOTENV_BYTES - at);

    return nl ? (size_t)(nl - block) : BOOTENV_BYTES;
}

static bool
is_block(const char *block)
{
    return memcmp(block, SIGNATURE, strlen(SIGNATURE)) == 0;
}

static bool
is_key(const char *line, size_t n, const char *key)
{
    size_t k = strlen(key);

    return n > k && line[k] == '=' && memcmp(line, key, k) == 0;
}

bool
bootenv_get(const char block[BOOTENV_BYTES], const char *key, char *out,
            size_t room)
{
    size_t at = strlen(SIGNATURE), end, n;

    if (!is_block(block))
        return false;
    for (; (end = line_end(block, at)) < BOOTENV_BYTES; at = end + 1) {
        if (!is_key(block + at, end - at, key))
            continue;
        at += strlen(key) + 1;
        n = end - at;
        if (n >= room || memchr(block + at, '\0', n))
            return false;
        memcpy(out, block + at, n);
        out[n] = '\0';
        return true;
    }
    return false;
}

bool
bootenv_set(char block[BOOTENV_BYTES], const char *key, const char *value)
{
    char new[BOOTENV_BYTES];
    size_t at = strlen(SIGNATURE), used = at, end, k = strlen(key),
           v = strlen(value);

    if (!is_block(block) || strpbrk(key, "\n=") || strchr(value, '\n'))
        return false;
    memset(new, '#', sizeof new);
    memcpy(new, block, at);
    for (; (end = line_end(block, at)) < BOOTENV_BYTES; at = end + 1) {
        if (block[at] == '#' || is_key(block + at, end - at, key))
            continue;
        memcpy(new + used, block + at, end + 1 - at);
        used += end + 1 - at;
    }
    if (used + k + v + 2 > WHOLE)
        return false;
    memcpy(new + used, key, k);
    new[used + k] = '=';
    memcpy(new + used + k + 1, value, v);
    new[used + k + 1 + v] = '\n';
    memcpy(block, new, sizeof new);
    return true;
}
