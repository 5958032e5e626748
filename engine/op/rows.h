/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of op/all.def to entries Y: of every form, or of those that compilers
 * take (config.h). */
#include "config.h"

#if ENGINE_PLAIN
#include "op/rows_plain.h"
#else
#include "op/rows_all.h"
#endif
