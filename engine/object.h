/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loading what pith-llvm.so made (llvm/unit.h): ELF relocatable objects into
 * memory, without LLVM. A set of objects is one mapping:
 *
 *   | code, r-x | constants, r-- | data, rw- |
 *
 * in which references between its objects are resolved. Nothing else is linked:
 * an undefined symbol that no object of the set defines is an error. Objects may
 * come from a file: every offset is checked, and a bad one is refused.
 */
#ifndef ENGINE_OBJECT_H
#define ENGINE_OBJECT_H

#include "module.h"

struct engine_instance;

struct object_blob {
    const uint8_t *bytes;
    size_t size;
};

/*
 * Load and publish. The bytes are not needed afterwards. The objects stay until
 * object_free_all. -E_INVAL: not objects for this module; -E_NOMEM.
 */
int object_load(struct engine_module *m, const struct object_blob *blobs,
                uint32_t n);
void object_free_all(struct engine_module *m);

/* ---- ways into loops (object_osr.c) ---- */

struct object_osr {
    struct object_osr *next;
    uint32_t func, insn, frame;
    uintptr_t code; /* what "osr" in llvm/unit.h says */
};

/* -E_NOMEM. Any thread. */
int object_osr_add(struct engine_module *m, uint32_t func, uint32_t insn,
                   uint32_t frame, uintptr_t code);
bool object_osr_known(struct engine_module *m, uint32_t func, uint32_t insn);
/* Compiled code that goes on for the loop's head pc of jit/, whose frame is fp;
 * 0: there is none, or no room for it. */
uintptr_t object_osr_at(struct engine_instance *in, const uint64_t *fp,
                        const struct insn *pc);
void object_osr_free(struct engine_module *m);

#endif
