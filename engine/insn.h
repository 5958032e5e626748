/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The translated form: three-address instructions over frame slots.
 *
 *   | code            | a   | b   | imm     |
 *   |                 |     |     | c   | d |
 *
 * a, b, c, d are slots (fp[a]); imm a constant, an offset, or a branch's
 * distance in instructions. Some instructions are followed by another one that
 * only holds data. code is the handler's address, or the number of the case
 * where there is no tail call; see op/dispatch_*.h.
 *
 * A frame: parameters, locals, the link (the caller's call instruction), then
 * the operand stack; results come back in the first slots.
 *
 *   fp -> | p0 | p1 | l0 | link | s0 | s1 | (callee: p0 | p1 | ... )
 */
#ifndef ENGINE_INSN_H
#define ENGINE_INSN_H

#include <stdint.h>
#include <string.h>

struct insn {
    uintptr_t code;
    uint16_t a, b;
    union {
        int32_t imm;
        uint32_t uimm;
        struct {
            uint16_t c, d;
        };
    };
};

/* 64 bits of data in an instruction's b..d or code: memcpy into code. */
static inline uint64_t
insn_u64(const struct insn *i)
{
    uint64_t v;

    memcpy(&v, i, sizeof v);
    return v;
}

static inline void
insn_set_u64(struct insn *i, uint64_t v)
{
    memcpy(i, &v, sizeof v);
}

#endif
