/* SPDX-License-Identifier: Apache-2.0 */
/* Says back what it is told. */
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

    if (same(from, "supervisor"))
        return;
    add(&o, "@reply: ");
    add(&o, text);
    say(&o);
}
