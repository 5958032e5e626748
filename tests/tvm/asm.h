/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TVM code from text, for tests: names of opcodes and numbers, separated by
 * blanks. "x:" is a place, ".x" where it is. r0 to r7, sp, bp, pc, flags, sys
 * and tos are registers. Nothing is checked that a row of tests would not show.
 */
#ifndef PITH_TVM_ASM_H
#define PITH_TVM_ASM_H

#include "tvm.h"

/* The code's size; aborts with a sentence when text is wrong. */
uint32_t tvm_assemble(const char *text, uint8_t *out, uint32_t room);
/* A file: header, constants, code. Its size. */
uint32_t tvm_file(const char *text, const void *constants, uint32_t n,
                  uint8_t *out, uint32_t room);

#endif
