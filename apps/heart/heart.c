/* SPDX-License-Identifier: Apache-2.0 */
/* Asks echo once a second whether it is there: what a watchdog watches. */
#include "../app.h"

void
on_start(void)
{
    put(1, "@supervisor: ready\n@echo: are you there?\n");
}

void
on_line(const char *from, const char *text)
{
    struct pith_timespec t = {1, 0};

    (void)from, (void)text;
    pith_nanosleep(PITH_CLOCK_MONOTONIC, 0, &t, &t);
    put(1, "@echo: are you there?\n");
}
