/* SPDX-License-Identifier: Apache-2.0 */
/* The fiber switch for RISC-V 64, LP64D: ra, s0 to s11, fs0 to fs11. See
 * fiber.h. */
#if defined(__riscv) && __riscv_xlen == 64
        .text
        .p2align 2
        .globl  fiber_swap
        .hidden fiber_swap
        .type   fiber_swap, @function
fiber_swap:                     /* a0: where to save sp; a1: new sp */
        .cfi_startproc
        addi    sp, sp, -208
        sd      s0, 0(sp)
        sd      s1, 8(sp)
        sd      s2, 16(sp)
        sd      s3, 24(sp)
        sd      s4, 32(sp)
        sd      s5, 40(sp)
        sd      s6, 48(sp)
        sd      s7, 56(sp)
        sd      s8, 64(sp)
        sd      s9, 72(sp)
        sd      s10, 80(sp)
        sd      s11, 88(sp)
        sd      ra, 96(sp)
        fsd     fs0, 104(sp)
        fsd     fs1, 112(sp)
        fsd     fs2, 120(sp)
        fsd     fs3, 128(sp)
        fsd     fs4, 136(sp)
        fsd     fs5, 144(sp)
        fsd     fs6, 152(sp)
        fsd     fs7, 160(sp)
        fsd     fs8, 168(sp)
        fsd     fs9, 176(sp)
        fsd     fs10, 184(sp)
        fsd     fs11, 192(sp)
        sd      sp, 0(a0)
        mv      sp, a1
        ld      s0, 0(sp)
        ld      s1, 8(sp)
        ld      s2, 16(sp)
        ld      s3, 24(sp)
        ld      s4, 32(sp)
        ld      s5, 40(sp)
        ld      s6, 48(sp)
        ld      s7, 56(sp)
        ld      s8, 64(sp)
        ld      s9, 72(sp)
        ld      s10, 80(sp)
        ld      s11, 88(sp)
        ld      ra, 96(sp)
        fld     fs0, 104(sp)
        fld     fs1, 112(sp)
        fld     fs2, 120(sp)
        fld     fs3, 128(sp)
        fld     fs4, 136(sp)
        fld     fs5, 144(sp)
        fld     fs6, 152(sp)
        fld     fs7, 160(sp)
        fld     fs8, 168(sp)
        fld     fs9, 176(sp)
        fld     fs10, 184(sp)
        fld     fs11, 192(sp)
        addi    sp, sp, 208
        mv      t1, ra          /* not ret: its predictor has the other stack */
        jr      t1
        .cfi_endproc
        .size   fiber_swap, . - fiber_swap

        .p2align 2
        .globl  fiber_begin
        .hidden fiber_begin
        .type   fiber_begin, @function
fiber_begin:
        .cfi_startproc
        .cfi_undefined ra       /* the outermost frame */
        mv      a0, s0
        jalr    s1
        ebreak
        .cfi_endproc
        .size   fiber_begin, . - fiber_begin
#endif
        .section .note.GNU-stack, "", @progbits
