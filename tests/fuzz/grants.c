/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target: grants as text, which any program can hand to spawn and
 * cap_drop. What is accepted is written the way it is read, covers itself, and
 * is covered by everything, also with parts taken out; what is made to fit into a
 * set is no more than it; what is refused has a sentence.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "app.h"
#include "broker.h"
#include "cap.h"
#include "host.h"
#include "pith_errno.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

void *
host_alloc(size_t n)
{
    return calloc(1, n);
}

void *
host_realloc(void *p, size_t n)
{
    return realloc(p, n);
}

void
host_free(void *p)
{
    free(p);
}

uint64_t
host_mono_ns(void)
{
    return 1;
}

uint64_t
host_wall_ns(void)
{
    return 1;
}

void
host_log(const char *text, size_t n)
{
    (void)text, (void)n;
}

void
broker_note(struct proc *p, const char *line)
{
    (void)p, (void)line;
}

const struct grants *
broker_once(struct proc *p)
{
    (void)p;
    return NULL;
}

static char *
text_of(const struct grants *g)
{
    size_t n = grants_format(g, NULL, 0) + 1;
    char *text = malloc(n);

    if (grants_format(g, text, n) != n - 1 || strlen(text) != n - 1)
        abort();
    return text;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct grants *g = NULL, *again = NULL, *all, *fits;
    struct report r = {0};
    char *text, *same;
    int e = grants_parse((const char *)data, size, &g, &r);

    if (e < 0) {
        if (e == -E_INVAL && !r.text[0])
            abort();
        return 0;
    }
    text = text_of(g);
    if (grants_parse(text, strlen(text), &again, &r) < 0)
        abort();
    same = text_of(again);
    all = grants_create();
    if (strcmp(text, same) != 0 || !grants_subset(g, again) ||
        !grants_subset(again, g) || grants_add_all(all) < 0 ||
        !grants_subset(g, all))
        abort();
    if (grants_fit(all, g, &fits) == 0) {
        if (!grants_subset(fits, g))
            abort();
        grants_unref(fits);
    }
    /* more than g is made to fit into it, or refused */
    if (grants_fit(g, all, &fits) < 0 || !grants_subset(fits, all))
        abort();
    grants_unref(fits);
    grants_unref(all);
    grants_unref(again);
    grants_unref(g);
    free(text);
    free(same);
    return 0;
}
