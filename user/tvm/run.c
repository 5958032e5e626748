/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The instructions. Before one runs its table row has been looked at: it is
 * whole, the stack holds what it pops and has room for what it pushes; so
 * bodies push and pop without looking. A body returns false when the run is
 * over.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tvm.h"

#define SECOND 1000000000u
#define NUMBER_IN_R0 255u
#define ON_STACK 255u /* a register's number: the stack instead */

const struct tvm_op tvm_ops[256] = {
#define OP(code, name, length, pops, pushes)                                   \
    [code] = {#name, length, pops, pushes},
#include "opcode.def"
#undef OP
};
bool
tvm_fail(struct tvm *t, const char *format, ...)
{
    char text[200];
    va_list ap;

    if (t->state != TVM_RUNNING)
        return false;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    report_set(&t->error, t->at, "at %u: %s", t->at, text);
    t->state = TVM_FAILED;
    t->exit_code = 134;
    return false;
}

static bool
end(struct tvm *t, int32_t code)
{
    t->state = TVM_ENDED;
    t->exit_code = code;
    return false;
}

/* ---- what it may use a second ------------------------------------------- */

/* This second's share is used up: the next one's. */
static void
next_second(struct tvm *t)
{
    uint64_t now = 0, gone;

    if (t->host.now) {
        now = t->host.now(t->host.ctx);
        gone = now - t->second_at;
        if (gone < SECOND && t->host.sleep)
            t->host.sleep(t->host.ctx, SECOND - gone);
        now = t->host.now(t->host.ctx);
    }
    t->second_at = now;
    t->cycles_left = t->limits.per_second;
    t->calls_left = t->limits.calls_per_second;
}

bool
tvm_spend(struct tvm *t, uint64_t n)
{
    t->stats.cycles += n;
    if (t->limits.cycles && t->stats.cycles > t->limits.cycles)
        return tvm_fail(t, "it has used its %llu cycles",
                        (unsigned long long)t->limits.cycles);
    while (t->limits.per_second && n > t->cycles_left) {
        n -= t->cycles_left;
        next_second(t);
    }
    t->cycles_left -= n;
    return true;
}

bool
tvm_spend_call(struct tvm *t)
{
    t->stats.syscalls++;
    if (t->limits.calls_per_second && !t->calls_left)
        next_second(t);
    t->calls_left--;
    return true;
}

/* ---- the stack, registers -------------------------------------------------
 */

/* What the table does not know that an instruction pops. */
static bool
pop_more(struct tvm *t, int64_t *v)
{
    if (!t->sp)
        return tvm_fail(t, "the stack is empty");
    *v = tvm_pop(t);
    return true;
}

static bool
jump(struct tvm *t, uint32_t to)
{
    if (to >= t->code_size)
        return tvm_fail(t, "it jumps to %u, behind its code", to);
    t->pc = to;
    return true;
}

static bool
get_register(struct tvm *t, unsigned n, uint32_t *v)
{
    if (n >= TVM_REGISTERS)
        return tvm_fail(t, "there is no register %u", n);
    *v = n == TVM_SP   ? t->sp
         : n == TVM_BP ? t->bp
         : n == TVM_PC ? t->pc
                       : t->reg[n];
    return true;
}

static bool
set_register(struct tvm *t, unsigned n, uint32_t v)
{
    if (n >= TVM_REGISTERS)
        return tvm_fail(t, "there is no register %u", n);
    if (n == TVM_PC)
        return jump(t, v);
    if ((n == TVM_SP || n == TVM_BP) && v > TVM_STACK)
        return tvm_fail(t, "its stack has %u values, not %u", TVM_STACK, v);
    if (n == TVM_SP) {
        if (v > t->sp)
            memset(t->stack + t->sp, 0, (v - t->sp) * sizeof *t->stack);
        t->sp = v;
    } else if (n == TVM_BP) {
        t->bp = v;
    } else {
        t->reg[n] = v;
    }
    return true;
}

/* ---- 4: memory
 * ----------------------------------------------------------------------- */

/*
 * LOAD and STORE: a register and a width. Width 0 means the register itself;
 * otherwise it holds the address, or the stack does (register 255). Bit 7 of
 * the width: with the sign.
 */
static bool
address_of(struct tvm *t, unsigned reg, int64_t *address)
{
    uint32_t v = 0;

    if (reg == ON_STACK)
        return pop_more(t, address);
    if (!get_register(t, reg, &v))
        return false;
    *address = v;
    return true;
}

static bool
load(struct tvm *t, unsigned reg, unsigned width)
{
    unsigned n = width & 127;
    uint64_t v = 0;
    uint32_t r = 0;
    int64_t at;
    const uint8_t *p;

    if (!width) {
        if (!get_register(t, reg, &r))
            return false;
        tvm_push(t, r);
        return true;
    }
    if (n != 1 && n != 2 && n != 4 && n != 8)
        return tvm_fail(t, "it loads %u bytes: 1, 2, 4 or 8 it can be", n);
    if (!address_of(t, reg, &at) || !(p = tvm_at(t, (uint64_t)at, n, false)))
        return false;
    for (unsigned i = 0; i < n; i++)
        v |= (uint64_t)p[i] << 8 * i;
    if (width & 128 && n < 8 && v >> (8 * n - 1))
        v |= ~(uint64_t)0 << 8 * n;
    tvm_push(t, (int64_t)v);
    return true;
}

static bool
store(struct tvm *t, unsigned reg, unsigned width)
{
    int64_t v = tvm_pop(t), at;
    uint8_t *p;

    if (!width)
        return set_register(t, reg, (uint32_t)v);
    if (width != 1 && width != 2 && width != 4 && width != 8)
        return tvm_fail(t, "it stores %u bytes: 1, 2, 4 or 8 it can be", width);
    if (!address_of(t, reg, &at) || !(p = tvm_at(t, (uint64_t)at, width, true)))
        return false;
    tvm_put(p, (uint64_t)v, width);
    return true;
}

/* A value of the frame; the arguments of a call have negative numbers. */
static int64_t *
frame_value(struct tvm *t, int16_t n)
{
    int64_t at = (int64_t)t->bp + n;

    if (at >= 0 && at < t->sp)
        return t->stack + at;
    tvm_fail(t, "its frame has no value %d", n);
    return NULL;
}

static bool
allocate(struct tvm *t, uint64_t size)
{
    int64_t n = (int64_t)size;

    if (!size && !pop_more(t, &n))
        return false;
    if (!tvm_spend(t, n > 0 && n < TVM_MEMORY_MAX ? (uint64_t)n / 64 : 0))
        return false;
    tvm_push(t, n < 0 ? 0 : tvm_alloc(t, (uint64_t)n, TVM_BLOCK));
    return true;
}

static bool
group_memory(struct tvm *t, uint8_t op)
{
    const uint8_t *o = tvm_operand(t);
    int64_t *p, v;

    switch (op) {
    case OP_LOAD:
        return load(t, o[0], o[1]);
    case OP_STORE:
        return store(t, o[0], o[1]);
    case OP_LOAD_FRAME:
        p = frame_value(t, (int16_t)tvm_get16(o));
        if (p)
            tvm_push(t, *p);
        return p != NULL;
    case OP_STORE_FRAME:
        v = tvm_pop(t);
        p = frame_value(t, (int16_t)tvm_get16(o));
        if (p)
            *p = v;
        return p != NULL;
    case OP_ALLOC:
        return allocate(t, tvm_get16(o));
    case OP_FREE:
        v = tvm_pop(t);
        if (v && !tvm_free(t, (uint64_t)v))
            return tvm_fail(t, "it frees %lld, where nothing was allocated",
                            (long long)v);
        break;
    }
    return true;
}

/* ---- 5: where to go on
 * --------------------------------------------------------------- */

static bool
call(struct tvm *t, uint32_t to)
{
    if (t->depth == TVM_DEPTH)
        return tvm_fail(t, "its calls are more than %u deep", TVM_DEPTH);
    t->frame[t->depth].pc = t->pc;
    t->frame[t->depth].bp = t->bp;
    t->frame[t->depth].base = t->sp;
    t->depth++;
    t->stats.calls++;
    t->bp = t->sp;
    return jump(t, to);
}

/* What the function left on the stack goes; arguments that it took are gone. */
static bool
leave(struct tvm *t, int32_t code)
{
    if (!t->depth)
        return end(t, code);
    t->depth--;
    if (t->sp > t->frame[t->depth].base)
        t->sp = t->frame[t->depth].base;
    t->bp = t->frame[t->depth].bp;
    t->pc = t->frame[t->depth].pc;
    return true;
}

static bool
group_control(struct tvm *t, uint8_t op)
{
    const uint8_t *o = tvm_operand(t);
    uint32_t flags = t->reg[TVM_FLAGS];
    int64_t v;

    switch (op) {
    case OP_JMP:
        return jump(t, tvm_get32(o));
    case OP_JZ:
        return tvm_pop(t) ? true : jump(t, tvm_get32(o));
    case OP_JNZ:
        return tvm_pop(t) ? jump(t, tvm_get32(o)) : true;
    case OP_JL:
        return flags & TVM_LESS ? jump(t, tvm_get32(o)) : true;
    case OP_JG:
        return flags & TVM_GREATER ? jump(t, tvm_get32(o)) : true;
    case OP_CALL:
        return call(t, tvm_get32(o));
    case OP_RET:
        return leave(t, 0);
    case OP_RET_VAL:
        v = tvm_pop(t);
        if (!leave(t, (int32_t)v))
            return false;
        tvm_push(t, v); /* there was room for v */
        return true;
    case OP_HALT:
        return end(t, (int32_t)tvm_get32(o));
    }
    return true;
}

/* ---- 6, 7: registers, the system
 * -------------------------------------------------------- */

static bool
copy(struct tvm *t)
{
    int64_t n = tvm_pop(t), from = tvm_pop(t), to = tvm_pop(t);
    const uint8_t *a = tvm_at(t, (uint64_t)from, (uint64_t)n, false);
    uint8_t *b = a ? tvm_at(t, (uint64_t)to, (uint64_t)n, true) : NULL;

    if (!b)
        return false;
    memmove(b, a, (size_t)n);
    return tvm_spend(t, (uint64_t)n / 8);
}

static bool
group_register(struct tvm *t, uint8_t op)
{
    const uint8_t *o = tvm_operand(t);
    int64_t v;
    uint32_t r = 0;

    switch (op) {
    case OP_MOV:
        return get_register(t, o[1], &r) && set_register(t, o[0], r);
    case OP_MOVI:
        return set_register(t, o[0], tvm_get32(o + 1));
    case OP_LEA:
        v = tvm_pop(t);
        tvm_push(t, (uint32_t)((uint64_t)tvm_pop(t) + (uint64_t)v));
        break;
    case OP_MEMCPY:
        return copy(t);
    }
    return true;
}

static bool
group_system(struct tvm *t, uint8_t op)
{
    uint32_t v;

    switch (op) {
    case OP_SYSCALL:
        v = tvm_operand(t)[0]; /* openat's number does not fit */
        return tvm_system_call(t, v == NUMBER_IN_R0 ? t->reg[0] : v);
    case OP_ENTER_PROT:
        t->protected_ = true;
        break;
    case OP_EXIT_PROT:
        t->protected_ = false;
        break;
    case OP_BREAK:
        return tvm_fail(t, "a breakpoint");
    case OP_NOP:
        break;
    }
    return true;
}

/* ---- all together
 * ------------------------------------------------------------------------ */

static bool (*const groups[16])(struct tvm *t, uint8_t op) = {
    tvm_group_stack,   tvm_group_arithmetic, tvm_group_bits, tvm_group_compare,
    group_memory,      group_control,        group_register, group_system,
    tvm_group_convert, tvm_group_value,
};

bool
tvm_step(struct tvm *t)
{
    const struct tvm_op *op;
    uint8_t code;

    t->at = t->pc;
    if (t->pc >= t->code_size)
        return tvm_fail(t, "it runs off the end of its code");
    code = t->code[t->pc];
    op = &tvm_ops[code];
    if (!op->name)
        return tvm_fail(t, "there is no instruction 0x%02x", code);
    if (op->length > t->code_size - t->pc)
        return tvm_fail(t, "its last instruction, %s, is cut off", op->name);
    if (t->sp < op->pops)
        return tvm_fail(t, "the stack is empty for %s", op->name);
    if (t->sp - op->pops + op->pushes > TVM_STACK)
        return tvm_fail(t, "the stack is full (64 KiB)");
    t->pc += op->length;
    t->stats.instructions++;
    return tvm_spend(t, 1) && groups[code >> 4](t, code);
}

void
tvm_run(struct tvm *t)
{
    while (t->state == TVM_RUNNING && tvm_step(t))
        ;
}
