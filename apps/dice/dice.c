/* SPDX-License-Identifier: Apache-2.0 */
/* Throws a die for who asks. */
#include "../app.h"

void
on_start(void)
{
    put(1, "@supervisor: ready\n");
}

void
on_line(const char *from, const char *text)
{
    struct out o = {.used = 0};
    uint8_t byte = 0;

    (void)text;
    if (same(from, "supervisor"))
        return;
    do { /* 252 is the largest multiple of 6 in a byte */
        if (pith_getrandom(&byte, 1, 0) != 1)
            pith_exit(1);
    } while (byte >= 252);
    add(&o, "@reply: ");
    add_number(&o, byte % 6u + 1);
    say(&o);
}
