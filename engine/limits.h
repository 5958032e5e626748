/* SPDX-License-Identifier: Apache-2.0 */
/* LIMIT_TYPES and so on, from limits.def. */
#ifndef ENGINE_LIMITS_H
#define ENGINE_LIMITS_H

enum engine_limit {
#define X(name, value, text) LIMIT_##name = value,
#include "limits.def"
#undef X
};

#endif
