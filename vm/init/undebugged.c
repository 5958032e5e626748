/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In place of cli/profile.c and engine/debug/place.c: PID 1 draws no flame
 * graphs, and its backtraces name functions, not lines (`pith` reads DWARF).
 */
#include "cli.h"
#include "debug.h"

bool
cli_profile_start(const struct cli_options *o)
{
    if (!o->profile && !o->perf_map)
        return true;
    cli_error("there is no profiler in a machine: use `pith` for that");
    return false;
}

void
cli_profile_end(const struct cli_options *o)
{
    (void)o;
}

uint32_t
engine_places(const struct engine_module *m, uint32_t offset,
              struct engine_place *out, uint32_t max)
{
    (void)m, (void)offset, (void)out, (void)max;
    return 0;
}
