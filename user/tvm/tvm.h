/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TVM: a stack machine for bytecode of .trymon packages (docs/tvm.md).
 *
 *     file --> tvm_load --> struct tvm --> tvm_run --> exit code, or a sentence
 *                              |
 *                              `--> struct tvm_host: files, clock
 *
 * Code is hostile: each instruction is checked as it runs, memory is one array
 * that grows up to a limit, and what takes longer than an instruction should is
 * paid for in cycles, which are limited a second and, if wanted, in all.
 *
 *     address   0 16           const_end        heap
 *               | | constants  | room for brk   | ALLOC, mmap, strings ...
 * limit nothing (read-only)
 */
#ifndef PITH_TVM_H
#define PITH_TVM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report.h"

#define TVM_CODE_MAX (16u << 20)
#define TVM_CONST_MAX (4u << 20)
#define TVM_STACK 8192u /* values: 64 KiB */
#define TVM_DEPTH 256u  /* calls in each other */
#define TVM_MEMORY (64u << 20)
#define TVM_MEMORY_MAX (1u << 30)
#define TVM_PER_SECOND 1000000u
#define TVM_CALLS_PER_SECOND 10000u
#define TVM_CONST_AT 16u
#define TVM_CLASSES 27u /* blocks of 16 bytes to 1 GiB */

/* Linux' numbers, as programs see them. */
enum {
    TVM_EPERM = 1,
    TVM_ENOENT = 2,
    TVM_EIO = 5,
    TVM_EBADF = 9,
    TVM_ENOMEM = 12,
    TVM_EACCES = 13,
    TVM_EFAULT = 14,
    TVM_EEXIST = 17,
    TVM_ENODEV = 19,
    TVM_ENOTDIR = 20,
    TVM_EISDIR = 21,
    TVM_EINVAL = 22,
    TVM_EMFILE = 24,
    TVM_EFBIG = 27,
    TVM_ENOSPC = 28,
    TVM_EROFS = 30,
    TVM_EPIPE = 32,
    TVM_ENAMETOOLONG = 36,
    TVM_ENOSYS = 38,
    TVM_ENOTEMPTY = 39,
    TVM_ELOOP = 40,
};

enum { TVM_SP = 8, TVM_BP, TVM_PC, TVM_FLAGS, TVM_SYS, TVM_REGISTERS };
enum { TVM_EQUAL = 1, TVM_LESS = 2, TVM_GREATER = 4 }; /* FLAGS */

/* What TYPEOF tells of a value. */
enum tvm_kind { TVM_NUMBER, TVM_STRING, TVM_OBJECT, TVM_BLOCK };

enum tvm_state { TVM_RUNNING, TVM_ENDED, TVM_FAILED };

struct tvm;

/* The world outside; all of it may be NULL but call. */
struct tvm_host {
    /* One of call.def that needs the outside: the result, or -TVM_E... */
    int64_t (*call)(struct tvm *t, uint32_t number, const uint32_t arg[6]);
    uint64_t (*now)(void *ctx); /* ns, monotonic */
    void (*sleep)(void *ctx, uint64_t ns);
    void *ctx;
};

struct tvm_limits {
    uint32_t memory;           /* bytes */
    uint64_t per_second;       /* cycles; 0: any number */
    uint64_t calls_per_second; /* system calls; 0: any number */
    uint64_t cycles;           /* in all; 0: any number */
};
#define TVM_LIMITS                                                             \
    ((struct tvm_limits){TVM_MEMORY, TVM_PER_SECOND, TVM_CALLS_PER_SECOND, 0})

struct tvm_stats {
    uint64_t instructions, calls, syscalls, allocations, cycles;
};

struct tvm_op {
    const char *name; /* NULL: no instruction */
    uint8_t length, pops, pushes;
};
extern const struct tvm_op tvm_ops[256];

struct tvm {
    const uint8_t *code; /* the caller's */
    uint32_t code_size;
    struct tvm_limits limits;
    struct tvm_host host;

    int64_t stack[TVM_STACK];
    uint32_t reg[TVM_REGISTERS]; /* SP, BP and PC are these: */
    uint32_t sp, bp, pc;
    uint32_t at; /* of the instruction that runs */
    struct {
        uint32_t pc, bp, base;
    } frame[TVM_DEPTH];
    uint32_t depth;
    bool protected_; /* between ENTER_PROT and EXIT_PROT */

    uint8_t *mem;
    uint32_t mem_size, const_end, brk, heap, heap_end;
    uint8_t *block; /* a byte for 16 of the heap: 0, or kind and class */
    struct {
        uint32_t *at, n, room;
    } free_list[TVM_CLASSES];

    struct tvm_stats stats;
    uint64_t cycles_left, calls_left, second_at;
    enum tvm_state state;
    int32_t exit_code;
    struct report error; /* of TVM_FAILED; its offset is the instruction's */
};

/*
 * A program from a file's bytes, which must stay. Entry, constants and limits
 * are looked at. False: r says why, and there is nothing to finish.
 */
bool tvm_load(struct tvm *t, const uint8_t *bytes, size_t size,
              const struct tvm_limits *limits, const struct tvm_host *host,
              struct report *r);
void tvm_finish(struct tvm *t);
/* One instruction. False: it has ended or failed. */
bool tvm_step(struct tvm *t);
/* Until then. */
void tvm_run(struct tvm *t);

/* ---- what the parts share ------------------------------------------- */

/* The program has failed: always false. */
bool tvm_fail(struct tvm *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* n cycles. False: no more are allowed. */
bool tvm_spend(struct tvm *t, uint64_t n);
/* A second of system calls. False: as above. */
bool tvm_spend_call(struct tvm *t);

/* n bytes at an address, which may be written when write; NULL: no such. */
uint8_t *tvm_look(struct tvm *t, uint64_t address, uint64_t n, bool write);
/* The same; the program has failed when it is NULL. */
uint8_t *tvm_at(struct tvm *t, uint64_t address, uint64_t n, bool write);
/* A zeroed block; its address, or 0: there is no memory. */
uint32_t tvm_alloc(struct tvm *t, uint64_t size, enum tvm_kind kind);
/* False: nothing was allocated there. */
bool tvm_free(struct tvm *t, uint64_t address);
/* The bytes that the block at an address has, 0: there is none. */
uint32_t tvm_block_size(const struct tvm *t, uint64_t address);
enum tvm_kind tvm_kind_of(const struct tvm *t, uint64_t address);

static inline uint16_t
tvm_get16(const uint8_t *b)
{
    return (uint16_t)(b[0] | b[1] << 8);
}

static inline uint32_t
tvm_get32(const uint8_t *b)
{
    return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 |
           (uint32_t)b[3] << 24;
}

static inline uint64_t
tvm_get64(const uint8_t *b)
{
    return tvm_get32(b) | (uint64_t)tvm_get32(b + 4) << 32;
}

static inline void
tvm_put(uint8_t *b, uint64_t v, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        b[i] = (uint8_t)(v >> 8 * i);
}

enum {
#define OP(code, name, length, pops, pushes) OP_##name = code,
#include "opcode.def"
#undef OP
};

/* The table's row has been looked at: there is room, there are values. */
static inline void
tvm_push(struct tvm *t, int64_t v)
{
    t->stack[t->sp++] = v;
}

static inline int64_t
tvm_pop(struct tvm *t)
{
    return t->stack[--t->sp];
}

/* What follows the code of the instruction that runs. */
static inline const uint8_t *
tvm_operand(const struct tvm *t)
{
    return t->code + t->at + 1;
}

/* Groups of instructions; false: the run is over, however. */
bool tvm_group_stack(struct tvm *t, uint8_t op); /* number.c */
bool tvm_group_arithmetic(struct tvm *t, uint8_t op);
bool tvm_group_bits(struct tvm *t, uint8_t op);
bool tvm_group_compare(struct tvm *t, uint8_t op);
bool tvm_group_value(struct tvm *t, uint8_t op); /* value.c: strings ... */
bool tvm_group_convert(struct tvm *t, uint8_t op);
bool tvm_system_call(struct tvm *t, uint32_t number); /* call.c */

#endif
