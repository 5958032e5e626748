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

#endif
