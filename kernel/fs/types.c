/* SPDX-License-Identifier: Apache-2.0 */
/* The file system types that the kernel brings, and their mount options. */
#include "../vfs_internal.h"
#include "pith_errno.h"
#include "tmpfs.h"

#include <string.h>

void
vfs_register_types(void)
{
    fs_type_register(&tmpfs_type);
    fs_type_register(&devfs_type);
    fs_type_register(&procfs_type);
}

/* The text after name in the list, or NULL. */
static const char *
option(const char *data, const char *name)
{
    size_t len = strlen(name);

    while (*data) {
        size_t n = strcspn(data, ",");
        if (n >= len && memcmp(data, name, len) == 0 &&
            (n == len || data[len] == '='))
            return data + len;
        data += n + (data[n] == ',');
    }
    return NULL;
}

bool
fs_option(const char *data, const char *name)
{
    return option(data, name) != NULL;
}

static unsigned
suffix_shift(char c)
{
    switch (c) {
    case 'k':
    case 'K':
        return 10;
    case 'm':
    case 'M':
        return 20;
    case 'g':
    case 'G':
        return 30;
    default:
        return 0;
    }
}

int
fs_option_number(const char *data, const char *name, unsigned base,
                 uint64_t *out)
{
    const char *s = option(data, name);
    uint64_t n = 0;
    unsigned shift;

    if (!s)
        return 0;
    if (*s++ != '=' || *s < '0' || *s > '9')
        return -E_INVAL;
    for (; *s >= '0' && (unsigned)(*s - '0') < base; s++) {
        if (n > (UINT64_MAX >> 5))
            return -E_INVAL;
        n = n * base + (unsigned)(*s - '0');
    }
    shift = suffix_shift(*s);
    if (shift)
        s++;
    if ((*s && *s != ',') || (shift && n > UINT64_MAX >> shift))
        return -E_INVAL;
    *out = n << shift;
    return 0;
}
