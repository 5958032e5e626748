/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The options of the process (engine_configure). The tier in force is the
 * highest asked for that this build and machine have.
 */
#include "options.h"

#include <stdlib.h>
#include <string.h>

static struct engine_options options = {.tier = ENGINE_TIER_LLVM};
static char *cache;
static enum engine_tier best = ENGINE_TIER_INTERP;
static struct engine_options in_force;

void
options_tier_available(enum engine_tier tier)
{
    if (tier > best)
        best = tier;
    in_force.tier = options.tier < best ? options.tier : best;
}

void
engine_configure(const struct engine_options *o)
{
    free(cache);
    cache = o->cache ? strdup(o->cache) : NULL;
    options = *o;
    options.cache = cache;
    in_force = options;
    options_tier_available(ENGINE_TIER_INTERP);
}

const struct engine_options *
engine_options(void)
{
    return &in_force;
}
