/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The threads proposal's instructions (0xfe). They are rare and dear anyway, so
 * that one handler calls atomic_execute for all of them. Sequential consistency
 * between everybody who has the memory mapped.
 */
#ifndef ENGINE_ATOMIC_H
#define ENGINE_ATOMIC_H

#include "runtime.h"

enum atomic_shape {
    ATOMIC_NONE, /* no such opcode */
    ATOMIC_LOAD,
    ATOMIC_STORE,
    ATOMIC_RMW,
    ATOMIC_CMPXCHG,
    ATOMIC_FENCE,
    ATOMIC_NOTIFY,
    ATOMIC_WAIT,
};

struct atomic_op {
    uint8_t shape; /* enum atomic_shape */
    uint8_t vt;
    uint8_t size; /* log2 of the bytes */
};

#define ATOMIC_OPS 0x4f
extern const struct atomic_op atomic_ops[ATOMIC_OPS];

/*
 * One instruction on memory m: operands from sp[0] on (address first), the
 * result to sp[0]. A wait polls the store while it lasts, which may end it.
 */
enum engine_status atomic_execute(struct engine_store *s,
                                  struct engine_memory *m, uint32_t op,
                                  uint64_t offset, uint64_t *sp);

#endif
