/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program file:
 *
 *     "TVM1" | u16 1 | u16 flags | u32 entry | u32 instructions |
 *     u32 constants at | u32 their size | u32 code at | u32 its size
 *
 * or code alone, which starts at 0. Flags and the count of instructions tell
 * nothing that is needed.
 */
#include <stdlib.h>
#include <string.h>

#include "tvm.h"

#define HEADER 32u
#define BRK_ROOM (1u << 20)

struct image {
    const uint8_t *code, *constants;
    uint32_t code_size, constants_size, entry;
};

static bool
part(const uint8_t *bytes, size_t size, const uint8_t *field, uint32_t most,
     const char *what, const uint8_t **out, uint32_t *n, struct report *r)
{
    uint32_t at = tvm_get32(field);

    *n = tvm_get32(field + 4);
    if (*n > most)
        report_set(r, 0, "its %s are %u bytes, at most %u may be", what, *n,
                   most);
    else if (at > size || *n > size - at)
        report_set(r, 0, "its %s lie outside the file", what);
    else
        *out = bytes + at;
    return *out != NULL;
}

static bool
parse(struct image *m, const uint8_t *b, size_t size, struct report *r)
{
    memset(m, 0, sizeof *m);
    if (size < 4 || memcmp(b, "TVM1", 4) != 0) {
        m->code = b;
        m->code_size = (uint32_t)size;
        if (!size || size > TVM_CODE_MAX)
            report_set(r, 0,
                       size ? "it is longer than 16 MiB"
                            : "it is empty: no program");
        return size && size <= TVM_CODE_MAX;
    }
    if (size < HEADER || tvm_get16(b + 4) != 1) {
        report_set(r, 4,
                   size < HEADER ? "its header is cut off"
                                 : "it is of a version of TVM that is "
                                   "not known here: 1 is");
        return false;
    }
    if (!part(b, size, b + 16, TVM_CONST_MAX, "constants", &m->constants,
              &m->constants_size, r) ||
        !part(b, size, b + 24, TVM_CODE_MAX, "instructions", &m->code,
              &m->code_size, r))
        return false;
    m->entry = tvm_get32(b + 8);
    if (m->entry >= m->code_size)
        report_set(r, 8, "it begins at %u, behind its code", m->entry);
    return m->entry < m->code_size;
}

bool
tvm_load(struct tvm *t, const uint8_t *bytes, size_t size,
         const struct tvm_limits *limits, const struct tvm_host *host,
         struct report *r)
{
    struct image m;
    uint32_t room, memory = limits->memory;

    memset(t, 0, sizeof *t);
    if (!parse(&m, bytes, size, r))
        return false;
    if (memory > TVM_MEMORY_MAX)
        memory = TVM_MEMORY_MAX;
    room = memory / 4 < BRK_ROOM ? memory / 4 & ~15u : BRK_ROOM;
    t->code = m.code;
    t->code_size = m.code_size;
    t->limits = *limits;
    t->limits.memory = memory;
    t->host = *host;
    t->pc = m.entry;
    t->const_end = (TVM_CONST_AT + m.constants_size + 15u) & ~15u;
    t->brk = t->const_end;
    t->heap = t->heap_end = t->mem_size = t->const_end + room;
    if (t->heap > memory) {
        report_set(r, 0, "its constants do not fit into %u bytes of memory",
                   memory);
        return false;
    }
    t->mem = calloc(1, t->mem_size);
    t->block = calloc(1, 1);
    if (!t->mem || !t->block) {
        report_set(r, 0, "there is not enough memory for it");
        tvm_finish(t);
        return false;
    }
    if (m.constants_size)
        memcpy(t->mem + TVM_CONST_AT, m.constants, m.constants_size);
    t->cycles_left = limits->per_second;
    t->calls_left = limits->calls_per_second;
    t->second_at = host->now ? host->now(host->ctx) : 0;
    return true;
}

void
tvm_finish(struct tvm *t)
{
    free(t->mem);
    free(t->block);
    for (unsigned i = 0; i < TVM_CLASSES; i++)
        free(t->free_list[i].at);
    t->mem = t->block = NULL;
    memset(t->free_list, 0, sizeof t->free_list);
}
