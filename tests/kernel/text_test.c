/* SPDX-License-Identifier: Apache-2.0 */
/* kernel/lib.c prints what printf prints. */
#include <stdio.h>
#include <stdint.h>
#include <string.h>

#include "../../kernel/lib.h"
#include "bootenv.h"
#include "test.h"

#define SAME(...)                                                             \
    do {                                                                      \
        char a[64], b[64];                                                    \
        size_t n = text_format(a, sizeof a, __VA_ARGS__);                     \
        int m = snprintf(b, sizeof b, __VA_ARGS__);                           \
                                                                              \
        CHECK(n == (size_t)m && !strcmp(a, b));                               \
    } while (0)

static void
boot_state(void)
{
    char b[BOOTENV_BYTES], before[BOOTENV_BYTES], v[600], small[3];

    memset(b, '#', sizeof b);
    memcpy(b, "# GRUB Environment Block\ngood=a\ntry=\nx=1+2\n", 44);
    CHECK(bootenv_get(b, "good", v, sizeof v) && !strcmp(v, "a"));
    CHECK(bootenv_get(b, "try", v, sizeof v) && !strcmp(v, ""));
    CHECK(!bootenv_get(b, "goo", v, sizeof v));
    CHECK(!bootenv_get(b, "x", small, sizeof small));
    CHECK(bootenv_set(b, "try", "b") && bootenv_set(b, "new", "value"));
    CHECK(bootenv_get(b, "try", v, sizeof v) && !strcmp(v, "b"));
    CHECK(bootenv_get(b, "new", v, sizeof v) && !strcmp(v, "value"));
    CHECK(bootenv_get(b, "x", v, sizeof v) && !strcmp(v, "1+2"));
    CHECK(b[511] == '#' && b[1023] == '#');
    memcpy(before, b, sizeof b);
    memset(v, 'v', sizeof v);
    v[599] = '\0';
    CHECK(!bootenv_set(b, "long", v) && !bootenv_set(b, "a\nb", "c") &&
          !bootenv_set(b, "a", "b\nc"));
    CHECK(!memcmp(before, b, sizeof b));
    b[0] = 'x';
    CHECK(!bootenv_get(b, "good", v, sizeof v) &&
          !bootenv_set(b, "good", "b"));
    memset(b, '\n', sizeof b);
    memcpy(b, "# GRUB Environment Block\n", 25);
    CHECK(!bootenv_get(b, "good", v, sizeof v));
    memset(b + 25, 'a', sizeof b - 25); /* a line that does not end */
    CHECK(!bootenv_get(b, "aaa", v, sizeof v));
    CHECK(bootenv_set(b, "k", "v") &&
          bootenv_get(b, "k", v, sizeof v) && !strcmp(v, "v"));
}

static void
numbers(void)
{
    uint64_t v;

    CHECK(text_number("65535", 5, 65535, &v) && v == 65535);
    CHECK(!text_number("65536", 5, 65535, &v));
    CHECK(!text_number("", 0, 9, &v));
    CHECK(!text_number("1x", 2, 99, &v));
    CHECK(!text_number("18446744073709551616", 20, UINT64_MAX, &v));
    CHECK(text_number("18446744073709551615", 20, UINT64_MAX, &v) &&
          v == UINT64_MAX);
}

void
test_text(void)
{
    char small[5];
    struct text t = {small, sizeof small, 0};

    SAME("plain");
    SAME("%d %i %u", -5, 0, 4000000000u);
    SAME("%5d|%-5d|%05d", 42, 42, -42);
    SAME("%x %X %o %08x", 0xbeefu, 0xBEEFu, 8u, 0x1234u);
    SAME("%llu %lld", (unsigned long long)UINT64_MAX, (long long)INT64_MIN);
    SAME("%hhu %hu %zu", (unsigned char)200, (unsigned short)60000,
         (size_t)7);
    SAME("%.3s|%10s|%-10s|%c%%", "abcdef", "right", "left", 'x');
    SAME("%.*s %*d", 2, "abc", 6, 12);
    SAME("%.0d|%.4d", 0, 12);
    CHECK(text_format(small, sizeof small, "%s", "too long") == 8);
    CHECK(!strcmp(small, "too "));
    text_add(&t, "ab");
    text_add(&t, "cdef");
    CHECK(t.used == 6 && !strcmp(small, "abcd"));
    CHECK(!strcmp(text_basename("/usr/bin/dash"), "dash"));
    CHECK(!strcmp(text_basename("dash"), "dash"));
    numbers();
    boot_state();
}
