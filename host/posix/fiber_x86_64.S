/* SPDX-License-Identifier: Apache-2.0 */
/* The fiber switch for x86-64, System V: rbx, rbp, r12 to r15. See fiber.h. */
#ifdef __x86_64__
        .text
        .p2align 4
        .globl  fiber_swap
        .hidden fiber_swap
        .type   fiber_swap, @function
fiber_swap:                     /* rdi: where to save sp; rsi: new sp */
        .cfi_startproc
        pushq   %rbp
        pushq   %rbx
        pushq   %r12
        pushq   %r13
        pushq   %r14
        pushq   %r15
        movq    %rsp, (%rdi)
        movq    %rsi, %rsp
        popq    %r15
        popq    %r14
        popq    %r13
        popq    %r12
        popq    %rbx
        popq    %rbp
        /* Not ret: its predictor holds the other stack's address. */
        popq    %rcx
        jmpq    *%rcx
        .cfi_endproc
        .size   fiber_swap, . - fiber_swap

        .p2align 4
        .globl  fiber_begin
        .hidden fiber_begin
        .type   fiber_begin, @function
fiber_begin:
        .cfi_startproc
        .cfi_undefined rip      /* the outermost frame */
        leaq    -8(%rsp), %rsp  /* 16-byte aligned at the call */
        movq    %r12, %rdi
        callq   *%r13
        ud2
        .cfi_endproc
        .size   fiber_begin, . - fiber_begin
#endif
        .section .note.GNU-stack, "", @progbits
