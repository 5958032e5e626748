/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System calls: which are allowed and how many, and those about the program's
 * own memory. The others are the host's. Arguments in R1 to R6, the result in
 * R0: 32 bits, errors negative, as Linux has them.
 */
#include "tvm.h"

#define PAGE 4096u
#define MAP_FIXED 0x10u
#define MAP_ANONYMOUS 0x20u
#define PROT_EXEC 4u
#define RLIMIT_STACK 3u
#define RLIMIT_AS 9u

enum {
#define CALL(number, name, allowed) CALL_##name = number,
#include "call.def"
#undef CALL
};

static int
allowed(uint32_t number)
{
    switch (number) {
#define CALL(number, name, allowed)                                            \
    case number:                                                               \
        return allowed ? 1 : -TVM_EPERM;
#include "call.def"
#undef CALL
    }
    return -TVM_ENOSYS;
}

static int64_t
map(struct tvm *t, const uint32_t a[6])
{
    uint32_t at, n = a[1];

    if (!n || n > TVM_MEMORY_MAX || a[3] & MAP_FIXED || a[2] & PROT_EXEC)
        return -TVM_EINVAL;
    if (!(a[3] & MAP_ANONYMOUS))
        return -TVM_ENODEV;
    at = tvm_alloc(t, n < PAGE ? PAGE : n, TVM_BLOCK);
    return at ? (int64_t)at : -TVM_ENOMEM;
}

/* Whole mappings only. */
static int64_t
unmap(struct tvm *t, uint32_t at, uint32_t n)
{
    uint32_t size = tvm_block_size(t, at);

    if (at % PAGE || size < PAGE || n > size ||
        n <= (size == PAGE ? 0 : size / 2))
        return -TVM_EINVAL;
    tvm_free(t, at);
    return 0;
}

/* Memory is there to read and write, however it is asked for. */
static int64_t
protect(struct tvm *t, const uint32_t a[6])
{
    if (a[0] % PAGE)
        return -TVM_EINVAL;
    if (a[2] & PROT_EXEC)
        return -TVM_EACCES;
    return tvm_look(t, a[0], a[1], true) ? 0 : -TVM_ENOMEM;
}

static int64_t
set_brk(struct tvm *t, uint32_t to)
{
    if (to >= t->const_end && to <= t->heap)
        t->brk = to;
    return t->brk;
}

static int64_t
limit(struct tvm *t, uint32_t what, uint32_t at)
{
    uint8_t *p = tvm_look(t, at, 16, true);
    uint64_t v = what == RLIMIT_AS      ? t->limits.memory
                 : what == RLIMIT_STACK ? sizeof t->stack
                                        : ~(uint64_t)0;

    if (what > 15)
        return -TVM_EINVAL;
    if (!p)
        return -TVM_EFAULT;
    tvm_put(p, v, 8);
    tvm_put(p + 8, v, 8);
    return 0;
}

static int64_t
own_call(struct tvm *t, uint32_t number, const uint32_t a[6])
{
    switch (number) {
    case CALL_mmap:
        return map(t, a);
    case CALL_munmap:
        return unmap(t, a[0], a[1]);
    case CALL_mprotect:
        return protect(t, a);
    case CALL_brk:
        return set_brk(t, a[0]);
    case CALL_getrlimit:
        return limit(t, a[0], a[1]);
    }
    return t->host.call(t, number, a);
}

bool
tvm_system_call(struct tvm *t, uint32_t number)
{
    int64_t r = allowed(number);

    if (!tvm_spend_call(t))
        return false;
    t->reg[TVM_SYS] = number;
    if (number == CALL_exit || number == CALL_exit_group) {
        t->state = TVM_ENDED;
        t->exit_code = (int32_t)t->reg[1];
        return false;
    }
    if (r > 0)
        r = t->protected_ ? -TVM_EPERM : own_call(t, number, t->reg + 1);
    t->reg[0] = (uint32_t)r;
    return t->state == TVM_RUNNING;
}
