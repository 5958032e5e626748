/* SPDX-License-Identifier: Apache-2.0 */
/* The fiber switch for AArch64, AAPCS64: x19 to x30, d8 to d15. See fiber.h. */
#ifdef __aarch64__
        .text
        .p2align 4
        .globl  fiber_swap
        .hidden fiber_swap
        .type   fiber_swap, @function
fiber_swap:                     /* x0: where to save sp; x1: new sp */
        .cfi_startproc
        sub     sp, sp, #160
        stp     x19, x20, [sp, #0]
        stp     x21, x22, [sp, #16]
        stp     x23, x24, [sp, #32]
        stp     x25, x26, [sp, #48]
        stp     x27, x28, [sp, #64]
        stp     x29, x30, [sp, #80]
        stp     d8, d9, [sp, #96]
        stp     d10, d11, [sp, #112]
        stp     d12, d13, [sp, #128]
        stp     d14, d15, [sp, #144]
        mov     x2, sp
        str     x2, [x0]
        mov     sp, x1
        ldp     x19, x20, [sp, #0]
        ldp     x21, x22, [sp, #16]
        ldp     x23, x24, [sp, #32]
        ldp     x25, x26, [sp, #48]
        ldp     x27, x28, [sp, #64]
        ldp     x29, x30, [sp, #80]
        ldp     d8, d9, [sp, #96]
        ldp     d10, d11, [sp, #112]
        ldp     d12, d13, [sp, #128]
        ldp     d14, d15, [sp, #144]
        add     sp, sp, #160
        br      x30
        .cfi_endproc
        .size   fiber_swap, . - fiber_swap

        .p2align 4
        .globl  fiber_begin
        .hidden fiber_begin
        .type   fiber_begin, @function
fiber_begin:
        .cfi_startproc
        .cfi_undefined x30      /* the outermost frame */
        mov     x0, x19
        blr     x20
        brk     #0
        .cfi_endproc
        .size   fiber_begin, . - fiber_begin
#endif
        .section .note.GNU-stack, "", @progbits
