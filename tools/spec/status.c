/* SPDX-License-Identifier: Apache-2.0 */
/* Which ways to end are the program's own. */
#include "spec.h"

bool
status_is_trap(enum engine_status st)
{
    switch (st) {
    case ENGINE_OK:
    case ENGINE_STACK_EXHAUSTED:
    case ENGINE_EXCEPTION:
    case ENGINE_NO_MEMORY:
    case ENGINE_OUT_OF_FUEL:
    case ENGINE_EXIT:
    case ENGINE_UNLINKABLE:
    case ENGINE_STATUS_COUNT:
        return false;
    default:
        return true;
    }
}
