/* SPDX-License-Identifier: Apache-2.0 */
/* Longer than either implementation (src/setjmp.c, src/fork.c) needs. */
typedef unsigned long __jmp_buf[8];
