/* SPDX-License-Identifier: Apache-2.0 */
/* Modules to begin with: files, and what Binaryen makes of random bytes. */
#define _GNU_SOURCE
#include "tiers.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_SEED = 24 << 10, MOST_PATH = 600 };

/* Everything of Binaryen's that is a standard, or a proposal that we have. */
#define FEATURES                                                               \
    "-all --disable-custom-descriptors --disable-strings "                     \
    "--disable-shared-everything --disable-fp16 "                              \
    "--disable-compact-imports --disable-multibyte "                           \
    "--disable-relaxed-atomics --disable-acquire-release-atomics"

static struct source *walking;

bool
bytes_read(struct bytes *b, const char *path)
{
    FILE *f = fopen(path, "rb");
    char buf[4096];
    size_t n;

    b->n = 0;
    if (!f)
        return false;
    while ((n = fread(buf, 1, sizeof buf, f)))
        bytes_add(b, buf, n);
    return !fclose(f);
}

bool
bytes_write(const struct bytes *b, const char *path)
{
    FILE *f = fopen(path, "wb");
    bool ok = f && fwrite(b->p, 1, b->n, f) == b->n;

    if (f && fclose(f))
        ok = false;
    return ok;
}

static int
add(const char *path, const struct stat *st, int flag, struct FTW *at)
{
    size_t n = strlen(path);
    char **p;

    (void)at;
    if (flag != FTW_F || n < 5 || strcmp(path + n - 5, ".wasm") ||
        st->st_size > MOST_SEED)
        return 0;
    p = realloc(walking->seeds, (walking->nseeds + 1) * sizeof *p);
    if (!p)
        return -1;
    walking->seeds = p;
    p[walking->nseeds] = strdup(path);
    return p[walking->nseeds++] ? 0 : -1;
}

static int
by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int
source_add(struct source *s, const char *path)
{
    int r;

    walking = s;
    r = nftw(path, add, 16, FTW_PHYS);
    qsort(s->seeds, s->nseeds, sizeof *s->seeds, by_name);
    return r ? -1 : 0;
}

/* Only our own words and a directory that the user named are in the command. */
static bool
binaryen(struct source *s, struct bytes *out)
{
    static const char *const passes[] = {"", "", "-O1", "-O3",
                                         "--flatten --rereloop"};
    char in[MOST_PATH], wasm[MOST_PATH], command[4 * MOST_PATH];
    uint32_t n = 200 + rng_below(s->rng, rng_one_in(s->rng, 4) ? 20000 : 5000);
    struct bytes random = {0};
    bool ok;

    for (uint32_t i = 0; i < n; i++)
        bytes_u8(&random, (uint8_t)rng_next(s->rng));
    snprintf(in, sizeof in, "%s/in", s->dir);
    snprintf(wasm, sizeof wasm, "%s/ttf.wasm", s->dir);
    snprintf(command, sizeof command,
             "timeout 60 %s '%s' -ttf " FEATURES " %s -o '%s' >'%s/log' 2>&1",
             s->wasm_opt, in, passes[rng_below(s->rng, 5)], wasm, s->dir);
    ok = bytes_write(&random, in) && system(command) == 0 &&
         bytes_read(out, wasm);
    bytes_free(&random);
    s->made += ok;
    return ok;
}

bool
source_next(struct source *s, struct bytes *out)
{
    out->n = 0;
    s->last = UINT32_MAX;
    if (s->wasm_opt && (!s->nseeds || rng_one_in(s->rng, 2)))
        return binaryen(s, out);
    s->last = rng_below(s->rng, s->nseeds);
    return s->nseeds && bytes_read(out, s->seeds[s->last]);
}

void
source_reject(struct source *s)
{
    if (s->last >= s->nseeds)
        return;
    free(s->seeds[s->last]);
    s->seeds[s->last] = s->seeds[--s->nseeds];
}

void
source_close(struct source *s)
{
    for (uint32_t i = 0; i < s->nseeds; i++)
        free(s->seeds[i]);
    free(s->seeds);
}
