/* SPDX-License-Identifier: Apache-2.0 */
/*
 * strerror: musl's texts, and one for the error that Linux does not have: what
 * a program was not granted. No locales have other texts.
 */
#include <errno.h>
#include <locale.h>
#include <string.h>

#define E(number, string) [number] = string,
static const char *const text[] = {
#include "errno/__strerror.h"
    E(ENOTCAPABLE, "Not granted to this program")
};
#undef E

char *__strerror_l(int, locale_t);
char *
__strerror_l(int number, locale_t locale)
{
    const char *s = 0;

    if (number >= 0 && (size_t)number < sizeof text / sizeof *text)
        s = text[number];
    return (char *)(s ? s : text[0]);
}
char *strerror_l(int, locale_t)
    __attribute__((__weak__, __alias__("__strerror_l")));

char *
strerror(int number)
{
    return __strerror_l(number, 0);
}
