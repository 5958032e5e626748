/* SPDX-License-Identifier: Apache-2.0 */
/* The words for engine_status, whichever engine is behind engine.h. */
#include "engine.h"

const char *
engine_status_text(enum engine_status s)
{
    static const char *const text[] = {
        [ENGINE_OK] = "success",
        [ENGINE_UNREACHABLE] = "unreachable",
        [ENGINE_DIVIDE_BY_ZERO] = "integer divide by zero",
        [ENGINE_INTEGER_OVERFLOW] = "integer overflow",
        [ENGINE_BAD_CONVERSION] = "invalid conversion to integer",
        [ENGINE_MEMORY_BOUNDS] = "out of bounds memory access",
        [ENGINE_TABLE_BOUNDS] = "out of bounds table access",
        [ENGINE_INDIRECT_TYPE] = "indirect call type mismatch",
        [ENGINE_NULL_ELEMENT] = "uninitialized element",
        [ENGINE_NULL_REFERENCE] = "null reference",
        [ENGINE_STACK_EXHAUSTED] = "call stack exhausted",
        [ENGINE_UNALIGNED] = "unaligned atomic",
        [ENGINE_NOT_SHARED] = "expected shared memory",
        [ENGINE_CAST_FAILURE] = "cast failure",
        [ENGINE_ARRAY_BOUNDS] = "out of bounds array access",
        [ENGINE_EXCEPTION] = "uncaught exception",
        [ENGINE_NO_MEMORY] = "out of memory",
        [ENGINE_OUT_OF_FUEL] = "out of fuel",
        [ENGINE_EXIT] = "exit",
        [ENGINE_UNLINKABLE] = "incompatible import",
        [ENGINE_UNHANDLED_TAG] = "unhandled tag",
        [ENGINE_CONT_CONSUMED] = "continuation already consumed",
    };

    if ((unsigned)s >= ENGINE_STATUS_COUNT)
        return "unknown status";
    return text[s];
}
