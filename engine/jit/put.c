/* SPDX-License-Identifier: Apache-2.0 */
/* Into the buffer: bytes, and notes of what is to be filled in later. Stencils
 * are put_*.c's, a file per machine. */
#include "config.h"

#if ENGINE_JIT
#include "jit/emit.h"

void
jit_bytes(struct jit *j, const void *p, size_t n)
{
    if (n > j->cap - j->at) {
        j->failed = true;
        return;
    }
    memcpy(j->buf + j->at, p, n);
    j->at += n;
}

void
jit_fixup(struct jit *j, uint32_t at, uint32_t insn)
{
    if (j->nfixups == j->fixups_cap &&
        !t_grow(j->t, &j->fixups, &j->fixups_cap, sizeof *j->fixups)) {
        j->failed = true;
        return;
    }
    j->fixups[j->nfixups++] = (struct fixup){at, insn};
}

void
jit_cold(struct jit *j, uint32_t at, uint32_t insn, enum helper helper)
{
    if (j->ncolds == j->colds_cap &&
        !t_grow(j->t, &j->colds, &j->colds_cap, sizeof *j->colds)) {
        j->failed = true;
        return;
    }
    j->colds[j->ncolds++] =
        (struct cold){.at = at,
                      .back = at + 4, /* unless told otherwise */
                      .insn = insn,
                      .helper = (uint8_t)helper};
}

#endif
