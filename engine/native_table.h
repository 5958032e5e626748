/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What compiled objects (llvm/unit.h) call: a table that every instance points
 * to, in place of symbols. `at` is a place (a site or a link), fp the frame
 * `at` is in; base is the first slot of arguments, whose link has been stored
 * behind them, in slot `link`, by the caller.
 */
#ifndef ENGINE_NATIVE_TABLE_H
#define ENGINE_NATIVE_TABLE_H

#include "native.h"

struct object_step;

struct native_table {
    /* Call with arguments and results at base: function func of in; import i;
     * a function object. */
    void (*call)(struct engine_instance *in, uint64_t *base, uint32_t link,
                 uint32_t func);
    void (*call_import)(struct engine_instance *in, uint64_t *base,
                        uint32_t link, uint32_t i);
    void (*call_func)(struct engine_instance *in, uint64_t *base, uint32_t link,
                      struct engine_func *f);
    /* Does f fit the canonical type? */
    uint32_t (*subtype)(struct engine_func *f, uint32_t type);
    /* Trap at `at`; at the call instruction that base's link tells. */
    void (*trap)(struct engine_instance *in, uint64_t *fp,
                 const struct insn *at, uint32_t status);
    void (*trap_caller)(struct engine_instance *in, uint64_t *base,
                        uint32_t link, uint32_t status);
    /* The same where base's link is not stored yet. */
    void (*trap_link)(struct engine_instance *in, uint64_t *base,
                      const struct insn *link, uint32_t status);
    void (*poll)(struct engine_instance *in, uint64_t *fp,
                 const struct insn *at);
    void (*step)(struct engine_instance *in, uint64_t *fp,
                 struct object_step *step);
    uint64_t (*grow)(struct engine_instance *in, uint32_t memory,
                     uint64_t pages);
    /* Where code that was called by code of jit/ ends (jit/registers.h); NULL:
     * there is none. */
    void (*jit_return)(void);
    /* Return 0, or the status to trap with. */
    uint32_t (*fill)(struct engine_instance *in, uint32_t memory, uint64_t to,
                     uint32_t value, uint64_t n);
    uint32_t (*copy)(struct engine_instance *in, uint32_t memory_to,
                     uint32_t memory_from, uint64_t to, uint64_t from,
                     uint64_t n);
};

extern const struct native_table native_table;

#endif
