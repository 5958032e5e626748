/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The options of the process (engine_configure). The tier in force is the
 * highest asked for that this build and machine have.
 */
#include "options.h"
#include "config.h"
#include "compiler.h"

#include <stdlib.h>
#include <string.h>

#define WARM_UP 2u /* polls */

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
    char *copy = o->cache ? strdup(o->cache) : NULL;

    free(cache);
    cache = copy;
    options = *o;
    options.cache = cache;
    in_force = options;
    if (compiler_available() || (ENGINE_GUARD && o->cache)) /* kept code */
        best = ENGINE_TIER_LLVM;
    options_tier_available(ENGINE_TIER_INTERP);
}

/* A program that ends soon does not pay for machine code. Who asks for a tier
 * gets it from the beginning. */
uint32_t
options_warm_up(void)
{
    return options.tier == ENGINE_TIER_LLVM && !options.eager ? WARM_UP : 0;
}

static bool
number(const char *text, uint32_t *out)
{
    char *end;
    unsigned long n = strtoul(text, &end, 10);

    *out = (uint32_t)n;
    return *text >= '0' && *text <= '9' && !*end && n && n <= INT32_MAX;
}

bool
engine_option(const char *word)
{
    static const char *const tiers[] = {"--tier=interp", "--tier=jit",
                                        "--tier=llvm"};
    struct engine_options o = options;
    unsigned known = 0;
    uint32_t n;

    for (unsigned i = 0; i < sizeof tiers / sizeof tiers[0]; i++)
        if (!strcmp(word, tiers[i]) && ++known)
            o.tier = (enum engine_tier)i;
    if (!strcmp(word, "--eager") && ++known)
        o.eager = true;
    if (!strcmp(word, "--canonical-nan") && ++known)
        o.canonical_nan = true;
    if (!strcmp(word, "--no-cache") && ++known)
        o.cache = NULL;
    if (!strncmp(word, "--cache=", 8) && word[8] && ++known)
        o.cache = word + 8;
    if (!strncmp(word, "--poll-interval=", 16) && number(word + 16, &n)) {
        o.poll_interval = n;
        known++;
    }
    if (known)
        engine_configure(&o);
    return known;
}

const struct engine_options *
engine_options(void)
{
    return &in_force;
}
