/* SPDX-License-Identifier: Apache-2.0 */
/* --profile and --perf-map: what they open before, and write at the end. */
#include "profile.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "flame.h"
#include "perfmap.h"

static FILE *svg, *folded;
static char *folded_name;

static bool
open_files(const char *name)
{
    size_t n = strlen(name) + sizeof ".folded";

    folded_name = malloc(n);
    if (!folded_name) {
        cli_error("out of memory");
        return false;
    }
    snprintf(folded_name, n, "%s.folded", name);
    svg = cli_create("--profile", name);
    folded = svg ? cli_create("--profile", folded_name) : NULL;
    if (svg && !folded) {
        fclose(svg);
        svg = NULL;
    }
    return folded != NULL;
}

bool
cli_profile_start(const struct cli_options *o)
{
    int r;

    if (o->perf_map && (r = perfmap_start()) < 0) {
        cli_error("--perf-map: cannot write %s: %s", perfmap_name(),
                  strerror(-r));
        return false;
    }
    if (o->profile && !open_files(o->profile)) {
        free(folded_name);
        folded_name = NULL;
        return false;
    }
    if (o->profile)
        profile_start();
    return true;
}

struct totals {
    struct flame flame;
    uint64_t samples;
};

static void
add(void *ctx, const char *stack, uint64_t samples)
{
    struct totals *t = ctx;

    flame_add(&t->flame, stack, samples);
    t->samples += samples;
}

void
cli_profile_end(const struct cli_options *o)
{
    struct totals t = {0};
    char title[200];
    bool ok;

    if (!svg)
        return;
    profile_each(add, &t);
    snprintf(title, sizeof title, "%.120s: %" PRIu64 " samples, one a %u us",
             o->file      ? o->file
             : o->command ? o->command
                          : "pith",
             t.samples, PROFILE_PERIOD_NS / 1000);
    flame_folded(&t.flame, folded);
    flame_svg(&t.flame, title, svg);
    if (t.flame.failed)
        cli_error("%s: out of memory: stacks are missing", o->profile);
    ok = cli_close(svg, o->profile);
    ok = cli_close(folded, folded_name) && ok;
    if (ok)
        fprintf(stderr, "pith: %" PRIu64 " samples in %s and %s\n", t.samples,
                o->profile, folded_name);
    flame_finish(&t.flame);
    free(folded_name);
    svg = folded = NULL;
    folded_name = NULL;
}
