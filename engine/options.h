/* SPDX-License-Identifier: Apache-2.0 */
/* Options of the process, for the engine's own parts. */
#ifndef ENGINE_OPTIONS_H
#define ENGINE_OPTIONS_H

#include "engine.h"

/* A compiler says, before the first module is loaded, that it is there. */
void options_tier_available(enum engine_tier tier);

/*
 * How many polls a module's functions are only interpreted for; then what is
 * called is compiled. 0: at the first call.
 */
uint32_t options_warm_up(void);

#endif
