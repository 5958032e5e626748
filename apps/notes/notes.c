/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps lines in a file of its own; `read` gives the last kilobyte back. */
#include "../app.h"

static int32_t file;

void
on_start(void)
{
    file = pith_open(PITH_AT_FDCWD, "notes", PITH_O_RDWR | PITH_O_CREAT |
                     PITH_O_APPEND, 0600);
    put(1, file < 0 ? "no file\n" : "@supervisor: ready\n");
}

static void
give_back(void)
{
    struct out o = {.used = 0};
    int64_t end = pith_lseek(file, 0, PITH_SEEK_END);
    char text[900];
    int32_t n;

    pith_lseek(file, end > 800 ? end - 800 : 0, PITH_SEEK_SET);
    n = pith_read(file, text, sizeof text - 1);
    add(&o, "@reply: ");
    for (int32_t i = 0; i < n; i++)
        if (text[i] == '\n')
            text[i] = ';';
    text[n < 0 ? 0 : n] = 0;
    add(&o, text);
    say(&o);
}

void
on_line(const char *from, const char *text)
{
    if (same(from, "supervisor"))
        return;
    if (same(text, "read")) {
        give_back();
        return;
    }
    put(file, from);
    put(file, ": ");
    put(file, text);
    put(file, "\n");
}
