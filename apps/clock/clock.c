/* SPDX-License-Identifier: Apache-2.0 */
/* Tells the time, in seconds since 1970, to who asks. */
#include "../app.h"

void
on_start(void)
{
    put(1, "@supervisor: ready\n");
}

void
on_line(const char *from, const char *text)
{
    struct pith_timespec t;
    struct out o = {.used = 0};

    (void)text;
    if (same(from, "supervisor"))
        return;
    add(&o, "@reply: ");
    if (pith_clock_gettime(PITH_CLOCK_REALTIME, &t) < 0)
        add(&o, "nobody lets me see a clock");
    else
        add_number(&o, (uint64_t)t.sec);
    say(&o);
}
