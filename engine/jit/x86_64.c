/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stencils cannot say on x86-64: calls, returns, entries, tables of jumps,
 * and the code out of the way.
 *
 * preserve_none's registers: r12 in, r13 fp, r14 mem, r15 budget; rdi, rsi,
 * rdx, rcx, r8, r9, r11, rax are r0..r7. rbx, rbp, r10 are free between
 * stencils. C keeps r12..r15. Within a function's body rsp is 8 below a
 * multiple of 16, as where a function begins: a call pushes the frame pointer
 * first.
 *
 * A chunk begins with a jump to each helper, their addresses, and the pool of
 * constants, so that code reaches all of them by 32-bit distances.
 */
#include "config.h"

#if ENGINE_JIT && defined(__x86_64__)
#include "jit.h"

#include <stddef.h>

#define BYTES(...)                                                             \
    do {                                                                       \
        static const uint8_t bytes_[] = {__VA_ARGS__};                         \
        jit_bytes(j, bytes_, sizeof bytes_);                                   \
    } while (0)

static void
u32(struct jit *j, uint32_t v)
{
    jit_bytes(j, &v, sizeof v);
}

static void
u64(struct jit *j, uint64_t v)
{
    jit_bytes(j, &v, sizeof v);
}

/* ---- chunks ---- */

/* jmp *2(%rip); nop nop */
const uint8_t jit_machine_veneer[8] = {0xff, 0x25, 2, 0, 0, 0, 0x66, 0x90};

/* Processors of this kind see to it. */
void
jit_machine_written(uint8_t *code, size_t n)
{
    (void)code;
    (void)n;
}

/* The distance is known when the function has its place: memory.c. */
static void
to_helper(struct jit *j, enum helper h)
{
    jit_fixup(j, (uint32_t)j->at, JIT_HELPER + (uint32_t)h);
    u32(j, (uint32_t)-4);
}

/* ---- entries ---- */

/* Called by C, a native_fn: rdi in, rsi fp, rdx link. rcx becomes the body. */
void
jit_machine_thunk(struct jit *j)
{
    BYTES(0x48, 0x8d, 0x0d, 5, 0, 0, 0); /* lea 5(%rip), %rcx */
    BYTES(0xe9);
    to_helper(j, HELPER_ENTRY);
}

/* rdi: link. */
void
jit_machine_entry(struct jit *j, uint32_t link, uint32_t frame, uint32_t units)
{
    BYTES(0x49, 0x8b, 0x5c, 0x24, /* mov stack_limit(%r12), %rbx */
          offsetof(struct engine_instance, stack_limit));
    BYTES(0x4c, 0x29, 0xeb,  /* sub %r13, %rbx */
          0x48, 0x81, 0xfb); /* cmp $, %rbx */
    u32(j, (frame + 8) * 8);
    BYTES(0x0f, 0x82); /* jb */
    jit_cold(j, (uint32_t)j->at, 0, HELPER_STACK);
    u32(j, (uint32_t)-4);
    if (!j->leaf) {
        BYTES(0x49, 0x8b, 0x5c, 0x24, /* mov store(%r12), %rbx */
              offsetof(struct engine_instance, store));
        BYTES(0x48, 0x3b, 0x63, /* cmp native_low(%rbx), %rsp */
              offsetof(struct engine_store, native_low));
        BYTES(0x0f, 0x82);
        jit_cold(j, (uint32_t)j->at, 0, HELPER_STACK);
        u32(j, (uint32_t)-4);
    }
    BYTES(0x49, 0x89, 0xbd); /* mov %rdi, link(%r13) */
    u32(j, link * 8);
    BYTES(0x49, 0x81, 0xef); /* sub $, %r15 */
    u32(j, units);
    BYTES(0x0f, 0x82);
    jit_cold(j, (uint32_t)j->at, 1, HELPER_POLL);
    u32(j, (uint32_t)-4);
}

void
jit_machine_save_stack(struct jit *j, uint32_t slot)
{
    BYTES(0x49, 0x89, 0xa5); /* mov %rsp, slot(%r13) */
    u32(j, slot * 8);
}

/* At a function's beginning, where rdi, rcx and rax are free. */
void
jit_machine_zero(struct jit *j, uint32_t slot, uint32_t n)
{
    BYTES(0x49, 0x8d, 0xbd); /* lea slot(%r13), %rdi */
    u32(j, slot * 8);
    BYTES(0xb9); /* mov $, %ecx */
    u32(j, n);
    BYTES(0x31, 0xc0, 0xf3, 0x48, 0xab); /* xor %eax, %eax; rep stosq */
}

/* ---- calls ---- */

static void
call_begin(struct jit *j, const struct insn *pc)
{
    BYTES(0x41, 0x55, 0x48, 0xbf); /* push %r13; mov $, %rdi */
    u64(j, (uintptr_t)pc);
    BYTES(0x49, 0x81, 0xc5); /* add $, %r13 */
    u32(j, pc->a * 8u);
}

static void
load_index(struct jit *j, uint32_t func)
{
    BYTES(0x49, 0x8b, 0x5c, 0x24, /* mov code(%r12), %rbx */
          offsetof(struct engine_instance, code));
    BYTES(0xbe); /* mov $, %esi */
    u32(j, func + j->m->nfuncs_imported);
}

static uint32_t
cell(uint32_t func)
{
    return func * (uint32_t)sizeof(struct func_code) +
           (uint32_t)offsetof(struct func_code, jit);
}

void
jit_machine_call(struct jit *j, const struct insn *pc, uint32_t func)
{
    call_begin(j, pc);
    load_index(j, func);
    BYTES(0xff, 0x93); /* call *cell(%rbx) */
    u32(j, cell(func));
    BYTES(0x41, 0x5d); /* pop %r13 */
}

/* rsi: the callee's index, rdx its struct func_code. */
void
jit_machine_call_found(struct jit *j, const struct insn *pc)
{
    call_begin(j, pc);
    BYTES(0xff, 0x92); /* call *jit(%rdx) */
    u32(j, (uint32_t)offsetof(struct func_code, jit));
    BYTES(0x41, 0x5d);
}

void
jit_machine_tail_begin(struct jit *j, uint32_t link)
{
    BYTES(0x49, 0x8b, 0xad); /* mov link(%r13), %rbp */
    u32(j, link * 8);
}

void
jit_machine_tail(struct jit *j, uint32_t func)
{
    BYTES(0x48, 0x89, 0xef); /* mov %rbp, %rdi */
    load_index(j, func);
    BYTES(0xff, 0xa3); /* jmp *cell(%rbx) */
    u32(j, cell(func));
}

void
jit_machine_helper(struct jit *j, enum helper h, uintptr_t r0, uintptr_t r1,
                   bool two, bool jump)
{
    BYTES(0x48, 0xbf); /* mov $, %rdi */
    u64(j, r0);
    if (two) {
        BYTES(0x48, 0xbe); /* mov $, %rsi */
        u64(j, r1);
    }
    if (jump) {
        BYTES(0xe9);
        to_helper(j, h);
        return;
    }
    BYTES(0x41, 0x55, 0xe8); /* push %r13; call */
    to_helper(j, h);
    BYTES(0x41, 0x5d);
}

void
jit_machine_ret(struct jit *j)
{
    BYTES(0xc3);
}

/* ---- jumps ---- */

void
jit_machine_jump(struct jit *j, uint32_t insn)
{
    BYTES(0xe9);
    jit_fixup(j, (uint32_t)j->at, insn);
    u32(j, (uint32_t)-4);
}

uint32_t
jit_machine_jump_out(struct jit *j)
{
    BYTES(0xe9);
    u32(j, (uint32_t)-4);
    return (uint32_t)j->at - 4;
}

/* To the r0-th entry of the table that comes next, at most the last. */
void
jit_machine_table(struct jit *j, uint32_t i)
{
    BYTES(0x81, 0xff); /* cmp $, %edi */
    u32(j, j->code[i].uimm);
    BYTES(0xbb); /* mov $, %ebx */
    u32(j, j->code[i].uimm);
    BYTES(0x0f, 0x47, 0xfb,              /* cmova %ebx, %edi */
          0x48, 0x8d, 0x1d, 9, 0, 0, 0,  /* lea 9(%rip), %rbx */
          0x48, 0x63, 0x3c, 0xbb,        /* movslq (%rbx,%rdi,4), %rdi */
          0x48, 0x01, 0xfb, 0xff, 0xe3); /* add %rdi, %rbx; jmp *%rbx */
}

/* Distances from the table's start. */
void
jit_machine_table_entry(struct jit *j, uint32_t k, uint32_t insn)
{
    jit_fixup(j, (uint32_t)j->at, insn);
    u32(j, 4 * k);
}

/* ---- out of the way ---- */

static void
cold(struct jit *j, const struct cold *c)
{
    uint64_t pc = (uintptr_t)(j->published + c->insn);

    jit_patch(j, c->at, (uint32_t)j->at);
    switch ((enum helper)c->helper) {
    case HELPER_STACK:
        BYTES(0xe9);
        to_helper(j, HELPER_STACK);
        return;
    case HELPER_TRAP:
        BYTES(0x48, 0xbe); /* mov $, %rsi */
        u64(j, pc);
        BYTES(0xe9);
        to_helper(j, HELPER_TRAP);
        return;
    case HELPER_LOOP:
        jit_store_dirty(j, c);
        __attribute__((fallthrough));
    case HELPER_POLL:
        BYTES(0x48, 0xbf);
        break;
    default:
        BYTES(0x48, 0xbe);
        break;
    }
    u64(j, pc);
    BYTES(0x41, 0x55, 0xe8);
    to_helper(j, (enum helper)c->helper);
    BYTES(0x41, 0x5d);
    if (c->helper == HELPER_LOOP)
        BYTES(0x48, 0x85, 0xff, 0x0f, 0x84); /* test %rdi, %rdi; jz */
    else
        BYTES(0xe9);
    u32(j, (uint32_t)-4);
    jit_patch(j, (uint32_t)j->at - 4, c->back);
    if (c->helper == HELPER_LOOP)
        BYTES(0xff, 0xe7); /* jmp *%rdi */
}

void
jit_machine_colds(struct jit *j)
{
    for (uint32_t k = 0; k < j->ncolds && !j->failed; k++)
        cold(j, &j->colds[k]);
}

void
jit_machine_take_over(struct jit *j)
{
    BYTES(0x41, 0x5d); /* pop %r13 */
}

/* ---- C to machine code and back ----
 *
 * uint64_t jit_shim(in, fp, mem, budget, link, body, index): the budget left. */
__asm__(".text\n"
        ".globl jit_shim\n"
        ".hidden jit_shim\n"
        ".type jit_shim, @function\n"
        "jit_shim:\n"
        "  push %rbp\n"
        "  push %rbx\n"
        "  push %r12\n"
        "  push %r13\n"
        "  push %r14\n"
        "  push %r15\n"
        "  sub $8, %rsp\n"
        "  mov %rdi, %r12\n"
        "  mov %rsi, %r13\n"
        "  mov %rdx, %r14\n"
        "  mov %rcx, %r15\n"
        "  mov %r8, %rdi\n"
        "  mov 64(%rsp), %rsi\n" /* the first on the stack */
        "  call *%r9\n"
        "  mov %r15, %rax\n"
        "  add $8, %rsp\n"
        "  pop %r15\n"
        "  pop %r14\n"
        "  pop %r13\n"
        "  pop %r12\n"
        "  pop %rbx\n"
        "  pop %rbp\n"
        "  ret\n"
        ".size jit_shim, . - jit_shim\n"
        /* jit_shim_back(in, fp, mem, budget, at, stack): what the helper's call
         * had pushed is pushed again */
        ".globl jit_shim_back\n"
        ".hidden jit_shim_back\n"
        ".type jit_shim_back, @function\n"
        "jit_shim_back:\n"
        "  push %rbp\n"
        "  push %rbx\n"
        "  push %r12\n"
        "  push %r13\n"
        "  push %r14\n"
        "  push %r15\n"
        "  sub $8, %rsp\n"
        "  mov %rdi, %r12\n"
        "  mov %rsi, %r13\n"
        "  mov %rdx, %r14\n"
        "  mov %rcx, %r15\n"
        "  lea 1f(%rip), %rax\n"
        "  push %rax\n"
        "  mov %rsp, (%r9)\n"
        "  push %r13\n"
        "  jmp *%r8\n"
        "1: mov %r15, %rax\n"
        "  add $8, %rsp\n"
        "  pop %r15\n"
        "  pop %r14\n"
        "  pop %r13\n"
        "  pop %r12\n"
        "  pop %rbx\n"
        "  pop %rbp\n"
        "  ret\n"
        ".size jit_shim_back, . - jit_shim_back\n"
        /* a helper's end: its arguments are the registers */
        ".globl jit_return\n"
        ".hidden jit_return\n"
        ".type jit_return, @function\n"
        "jit_return:\n"
        "  ret\n"
        ".size jit_return, . - jit_return\n"
        ".globl jit_leave\n" /* the same for compiled code */
        ".hidden jit_leave\n"
        ".set jit_leave, jit_return\n"
        ".globl jit_jump_r7\n"
        ".hidden jit_jump_r7\n"
        ".type jit_jump_r7, @function\n"
        "jit_jump_r7:\n"
        "  jmp *%rax\n"
        ".size jit_jump_r7, . - jit_jump_r7\n"
        /* jit_resume(in, fp, mem, budget, target, rsp) */
        ".globl jit_resume\n"
        ".hidden jit_resume\n"
        ".type jit_resume, @function\n"
        "jit_resume:\n"
        "  mov %rdi, %r12\n"
        "  mov %rsi, %r13\n"
        "  mov %rdx, %r14\n"
        "  mov %rcx, %r15\n"
        "  mov %r9, %rsp\n"
        "  jmp *%r8\n"
        ".size jit_resume, . - jit_resume\n"
        ".section .note.GNU-stack,\"\",@progbits\n"
        ".text\n");
#endif
