/* SPDX-License-Identifier: Apache-2.0 */
/* The fiber switch for i386, System V: ebx, ebp, esi, edi. See fiber.h. */
#ifdef __i386__
        .text
        .p2align 4
        .globl  fiber_swap
        .hidden fiber_swap
        .type   fiber_swap, @function
fiber_swap:
        .cfi_startproc
        movl    4(%esp), %eax   /* where to save sp */
        movl    8(%esp), %ecx   /* new sp */
        pushl   %ebp
        pushl   %ebx
        pushl   %esi
        pushl   %edi
        movl    %esp, (%eax)
        movl    %ecx, %esp
        popl    %edi
        popl    %esi
        popl    %ebx
        popl    %ebp
        popl    %ecx
        jmpl    *%ecx
        .cfi_endproc
        .size   fiber_swap, . - fiber_swap

        .p2align 4
        .globl  fiber_begin
        .hidden fiber_begin
        .type   fiber_begin, @function
fiber_begin:
        .cfi_startproc
        .cfi_undefined eip      /* the outermost frame */
        andl    $-16, %esp
        subl    $12, %esp
        pushl   %edi
        calll   *%esi
        ud2
        .cfi_endproc
        .size   fiber_begin, . - fiber_begin
#endif
        .section .note.GNU-stack, "", @progbits
