/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stencils cannot say on AArch64: calls, returns, entries, tables of
 * jumps, and the code out of the way.
 *
 * preserve_none's registers: x20 in, x21 fp, x22 mem, x23 budget; x24 to x28,
 * x0, x1, x2 are r0..r7. x3 to x17 and x19 are free between stencils. C keeps
 * x20 to x23. A function that calls keeps its return address on the native
 * stack; fp it gets back by subtracting what it added.
 *
 * A chunk begins with a jump to each helper, its address behind it, and the
 * pool of constants.
 */
#include "config.h"

#if ENGINE_JIT && defined(__aarch64__)
#include "jit/aarch64.h"

#include <linux/membarrier.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>


/* ---- instructions ---- */

void
a64_move(struct jit *j, unsigned rd, uint64_t v)
{
    a64(j, 0xd2800000 | ((uint32_t)v & 0xffff) << 5 | rd);
    for (uint32_t part = 1; part < 4; part++)
        if (v >> part * 16 & 0xffff)
            a64(j, 0xf2800000 | part << 21 |
                       (uint32_t)(v >> part * 16 & 0xffff) << 5 | rd);
}

static void
add_or_sub(struct jit *j, uint32_t insn, unsigned rd, unsigned rn, uint32_t v)
{
    if (v >> 12) {
        a64(j, insn | 1u << 22 | (v >> 12) << 10 | rn << 5 | rd);
        rn = rd;
    }
    if (v & 0xfff || !(v >> 12))
        a64(j, insn | (v & 0xfff) << 10 | rn << 5 | rd);
}

void
a64_add(struct jit *j, unsigned rd, unsigned rn, uint64_t v)
{
    if (v >> 24) {
        a64_move(j, rd, v);
        a64(j, 0x8b000000 | rd << 16 | rn << 5 | rd);
    } else {
        add_or_sub(j, 0x91000000, rd, rn, (uint32_t)v);
    }
}

void
a64_sub(struct jit *j, unsigned rd, unsigned rn, uint32_t v)
{
    add_or_sub(j, 0xd1000000, rd, rn, v);
}

static void
load_or_store(struct jit *j, uint32_t insn, unsigned rt, unsigned rn,
              uint32_t offset)
{
    if (offset >= 8 << 12) {
        a64_add(j, 8, rn, offset);
        rn = 8;
        offset = 0;
    }
    a64(j, insn | offset / 8 << 10 | rn << 5 | rt);
}

void
a64_load(struct jit *j, unsigned rt, unsigned rn, uint32_t offset)
{
    load_or_store(j, 0xf9400000, rt, rn, offset);
}

void
a64_store(struct jit *j, unsigned rt, unsigned rn, uint32_t offset)
{
    load_or_store(j, 0xf9000000, rt, rn, offset);
}

/* b.lo to code out of the way, over a jump where that may be far. */
static void
if_below(struct jit *j, uint32_t insn, enum helper helper)
{
    if (j->far)
        a64(j, 0x54000042); /* b.hs 8 */
    jit_cold(j, (uint32_t)j->at, insn, helper);
    a64(j, j->far ? 0x14000000 : 0x54000003);
}

/* ---- chunks ---- */

/* ldr x16, 8; br x16 */
const uint8_t jit_machine_veneer[8] = {0x50, 0x00, 0x00, 0x58, 0x00, 0x02, 0x1f, 0xd6};

static bool barrier;

static void
ask_for_barrier(void)
{
    barrier =
        syscall(SYS_membarrier,
                MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0) == 0;
}

/* Caches of instructions are told here, pipelines of other cores by the kernel;
 * one that lacks the call has only ever run on cores that look at addresses
 * they have not been at anew. */
void
jit_machine_written(uint8_t *code, size_t n)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    __builtin___clear_cache((char *)code, (char *)code + n);
    pthread_once(&once, ask_for_barrier);
    if (barrier)
        syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, 0,
                0);
}

/* b or bl; the distance is known when the function has its place: memory.c. */
static void
to_helper(struct jit *j, uint32_t insn, enum helper h)
{
    jit_fixup(j, (uint32_t)j->at, JIT_HELPER + (uint32_t)h);
    a64(j, insn);
}
#define B 0x14000000u
#define BL 0x94000000u

/* ---- entries ---- */

/* Handlers are landed at from deeper down. */
static bool
framed(const struct jit *j)
{
    return !j->leaf || j->t->nhandlers;
}

static void
save_return(struct jit *j)
{
    a64(j, 0xf81f0ffe); /* str x30, [sp, -16]! */
}

static void
restore_return(struct jit *j)
{
    a64(j, 0xf84107fe); /* ldr x30, [sp], 16 */
}

/* Called by C, a native_fn: x0 in, x1 fp, x2 link. x3 becomes the body. */
void
jit_machine_thunk(struct jit *j)
{
    a64(j, 0x10000043); /* adr x3, 8 */
    to_helper(j, B, HELPER_ENTRY);
}

/* r0: link. */
void
jit_machine_entry(struct jit *j, uint32_t link, uint32_t frame, uint32_t units)
{
    if (framed(j))
        save_return(j);
    a64_load(j, 8, X_IN, offsetof(struct engine_instance, stack_limit));
    a64(j, 0xcb000108 | X_FP << 16); /* sub x8, x8, fp */
    a64_move(j, 9, (frame + 8) * 8);
    a64(j, 0xeb09011f); /* cmp x8, x9 */
    if_below(j, 0, HELPER_STACK);
    if (framed(j)) {
        a64_load(j, 8, X_IN, offsetof(struct engine_instance, store));
        a64_load(j, 8, 8, offsetof(struct engine_store, native_low));
        a64(j, 0x910003e9); /* mov x9, sp */
        a64(j, 0xeb08013f); /* cmp x9, x8 */
        if_below(j, 0, HELPER_STACK);
    }
    a64_store(j, X_R0, X_FP, link * 8);
    /* subs budget, budget, units */
    a64(j, 0xf1000000 | units << 10 | X_BUDGET << 5 | X_BUDGET);
    if_below(j, 1, HELPER_POLL);
}

void
jit_machine_save_stack(struct jit *j, uint32_t slot)
{
    a64(j, 0x910003e9); /* mov x9, sp */
    a64_store(j, 9, X_FP, slot * 8);
}

/* At a function's beginning. */
void
jit_machine_zero(struct jit *j, uint32_t slot, uint32_t n)
{
    a64_add(j, 8, X_FP, (uint64_t)slot * 8);
    a64_move(j, 9, n);
    a64(j, 0xf800851f); /* str xzr, [x8], 8 */
    a64(j, 0xf1000529); /* subs x9, x9, 1 */
    a64(j, 0x54ffffc1); /* b.ne -8 */
}

/* ---- calls ---- */

static void
call_begin(struct jit *j, const struct insn *pc)
{
    a64_move(j, X_R0, (uintptr_t)pc);
    a64_add(j, X_FP, X_FP, pc->a * 8u);
}

/* x8: the function's machine code; r1: its index. */
static void
load_callee(struct jit *j, uint32_t func)
{
    uint64_t at = (uint64_t)func * sizeof(struct func_code) +
                  offsetof(struct func_code, jit);

    a64_load(j, 8, X_IN, offsetof(struct engine_instance, code));
    a64_move(j, X_R1, func + j->m->nfuncs_imported);
    if (at < 1u << 24) {
        a64_load(j, 8, 8, (uint32_t)at);
    } else {
        a64_add(j, 9, 8, at);
        a64_load(j, 8, 9, 0);
    }
}

static void
call_end(struct jit *j, const struct insn *pc)
{
    a64(j, 0xd63f0100); /* blr x8 */
    a64_sub(j, X_FP, X_FP, pc->a * 8u);
}

void
jit_machine_call(struct jit *j, const struct insn *pc, uint32_t func)
{
    call_begin(j, pc);
    load_callee(j, func);
    call_end(j, pc);
}

/* r1: the callee's index, r2 its struct func_code. */
void
jit_machine_call_found(struct jit *j, const struct insn *pc)
{
    call_begin(j, pc);
    a64_load(j, 8, X_R1 + 1, offsetof(struct func_code, jit));
    call_end(j, pc);
}

/* x15: link. What follows moves slots. */
void
jit_machine_tail_begin(struct jit *j, uint32_t link)
{
    a64_load(j, X_OFFSET, X_FP, link * 8);
}

void
jit_machine_tail(struct jit *j, uint32_t func)
{
    if (framed(j))
        restore_return(j);
    a64(j, 0xaa0003e0 | X_OFFSET << 16 | X_R0); /* mov r0, x15 */
    load_callee(j, func);
    a64(j, 0xd61f0100); /* br x8 */
}

static void
call_helper(struct jit *j, enum helper h)
{
    if (!framed(j))
        save_return(j);
    to_helper(j, BL, h);
    if (!framed(j))
        restore_return(j);
}

void
jit_machine_helper(struct jit *j, enum helper h, uintptr_t r0, uintptr_t r1,
                   bool two, bool jump)
{
    a64_move(j, X_R0, r0);
    if (two)
        a64_move(j, X_R1, r1);
    if (!jump) {
        call_helper(j, h);
        return;
    }
    if (framed(j))
        restore_return(j);
    to_helper(j, B, h);
}

void
jit_machine_ret(struct jit *j)
{
    if (framed(j))
        restore_return(j);
    a64(j, 0xd65f03c0);
}

/* ---- jumps ---- */

void
jit_machine_jump(struct jit *j, uint32_t insn)
{
    jit_fixup(j, (uint32_t)j->at, insn);
    a64(j, B);
}

uint32_t
jit_machine_jump_out(struct jit *j)
{
    a64(j, B);
    return (uint32_t)j->at - 4;
}

/* To the r0-th jump of those that come next, at most the last. */
void
jit_machine_table(struct jit *j, uint32_t i)
{
    a64_move(j, 8, j->code[i].uimm);
    a64(j, 0x6b08001f | X_R0 << 5); /* cmp w24, w8 */
    a64(j, 0x1a883008 | X_R0 << 5); /* csel w8, w24, w8, lo */
    a64(j, 0x10000069);             /* adr x9, 12 */
    a64(j, 0x8b284929);             /* add x9, x9, w8, uxtw 2 */
    a64(j, 0xd61f0120);             /* br x9 */
}

void
jit_machine_table_entry(struct jit *j, uint32_t k, uint32_t insn)
{
    (void)k;
    jit_machine_jump(j, insn);
}

/* ---- out of the way ---- */

static void
cold(struct jit *j, const struct cold *c)
{
    uint64_t pc = (uintptr_t)(j->published + c->insn);
    enum helper h = (enum helper)c->helper;

    jit_patch(j, c->at, (uint32_t)j->at);
    if (h == HELPER_STACK) {
        to_helper(j, B, h);
        return;
    }
    if (h == HELPER_LOOP)
        jit_store_dirty(j, c);
    a64_move(j, h == HELPER_POLL || h == HELPER_LOOP ? X_R0 : X_R1, pc);
    if (h == HELPER_TRAP) {
        to_helper(j, B, h);
        return;
    }
    call_helper(j, h);
    if (h == HELPER_LOOP)
        a64(j, 0xb5000040 | X_R0); /* cbnz r0, 8 */
    a64(j, B);
    jit_patch(j, (uint32_t)j->at - 4, c->back);
    if (h != HELPER_LOOP)
        return;
    if (framed(j))
        restore_return(j);
    a64(j, 0xd61f0000 | X_R0 << 5); /* br r0 */
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
    if (!framed(j))
        restore_return(j);
}

/* ---- C to machine code and back ----
 *
 * uint64_t jit_shim(in, fp, mem, budget, link, body, index): the budget left.
 */
#define SAVE_REGISTERS                                                         \
    "  stp x29, x30, [sp, #-160]!\n"                                           \
    "  mov x29, sp\n"                                                          \
    "  stp x19, x20, [sp, #16]\n"                                              \
    "  stp x21, x22, [sp, #32]\n"                                              \
    "  stp x23, x24, [sp, #48]\n"                                              \
    "  stp x25, x26, [sp, #64]\n"                                              \
    "  stp x27, x28, [sp, #80]\n"                                              \
    "  stp d8, d9, [sp, #96]\n"                                                \
    "  stp d10, d11, [sp, #112]\n"                                             \
    "  stp d12, d13, [sp, #128]\n"                                             \
    "  stp d14, d15, [sp, #144]\n"                                             \
    "  mov x20, x0\n"                                                          \
    "  mov x21, x1\n"                                                          \
    "  mov x22, x2\n"                                                          \
    "  mov x23, x3\n"
__asm__(".text\n"
        ".globl jit_shim\n"
        ".hidden jit_shim\n"
        ".type jit_shim, %function\n"
        "jit_shim:\n" SAVE_REGISTERS "  mov x24, x4\n"
        "  mov x25, x6\n"
        "  blr x5\n"
        ".Ljit_back:\n"
        "  mov x0, x23\n"
        "  ldp x19, x20, [sp, #16]\n"
        "  ldp x21, x22, [sp, #32]\n"
        "  ldp x23, x24, [sp, #48]\n"
        "  ldp x25, x26, [sp, #64]\n"
        "  ldp x27, x28, [sp, #80]\n"
        "  ldp d8, d9, [sp, #96]\n"
        "  ldp d10, d11, [sp, #112]\n"
        "  ldp d12, d13, [sp, #128]\n"
        "  ldp d14, d15, [sp, #144]\n"
        "  ldp x29, x30, [sp], #160\n"
        "  ret\n"
        ".size jit_shim, . - jit_shim\n"
        /* jit_shim_back(in, fp, mem, budget, at, stack): a function that calls
         * has its return address on the stack */
        ".globl jit_shim_back\n"
        ".hidden jit_shim_back\n"
        ".type jit_shim_back, %function\n"
        "jit_shim_back:\n" SAVE_REGISTERS "  adr x9, .Ljit_back\n"
        "  str x9, [sp, #-16]!\n"
        "  mov x9, sp\n"
        "  str x9, [x5]\n"
        "  br x4\n"
        ".size jit_shim_back, . - jit_shim_back\n"
        /* a helper's end: its arguments are the registers */
        ".globl jit_return\n"
        ".hidden jit_return\n"
        ".type jit_return, %function\n"
        "jit_return:\n"
        "  ret\n"
        ".size jit_return, . - jit_return\n"
        ".globl jit_leave\n" /* the same for compiled code */
        ".hidden jit_leave\n"
        ".set jit_leave, jit_return\n"
        ".globl jit_jump_r7\n"
        ".hidden jit_jump_r7\n"
        ".type jit_jump_r7, %function\n"
        "jit_jump_r7:\n"
        "  br x2\n"
        ".size jit_jump_r7, . - jit_jump_r7\n"
        /* jit_resume(in, fp, mem, budget, target, sp) */
        ".globl jit_resume\n"
        ".hidden jit_resume\n"
        ".type jit_resume, %function\n"
        "jit_resume:\n"
        "  mov x20, x0\n"
        "  mov x21, x1\n"
        "  mov x22, x2\n"
        "  mov x23, x3\n"
        "  mov sp, x5\n"
        "  br x4\n"
        ".size jit_resume, . - jit_resume\n"
        ".section .note.GNU-stack,\"\",%progbits\n"
        ".text\n");
#endif
