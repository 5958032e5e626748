/* SPDX-License-Identifier: Apache-2.0 */
/* Counts what it is told, and tells how much that was. */
#include "../app.h"

static uint64_t count;

void
on_start(void)
{
    put(1, "@supervisor: ready\n");
}

void
on_line(const char *from, const char *text)
{
    struct out o = {.used = 0};

    (void)text;
    if (same(from, "supervisor"))
        return;
    add(&o, "@reply: ");
    add_number(&o, ++count);
    say(&o);
}
