/* SPDX-License-Identifier: Apache-2.0 */
/*
 * setjmp and longjmp as WebAssembly exceptions: the runtime of clang's
 * -wasm-enable-sjlj. The compiler turns a setjmp into a numbered label of its
 * function's activation, a longjmp into a throw, and every call in a function
 * with setjmp into a try that asks whether the jump is its own.
 *
 * __pith_depth counts signal handlers under way: a jump to a buffer that was
 * set outside the running handler ends the handler first (internal/pith.h).
 */
#include <setjmp.h>
#include <stdint.h>

#include "pith.h"

uintptr_t __pith_stack_get(void); /* src/stack.S */
void __pith_throw(void);
void __pith_guard(void (*fn)(int, unsigned), int sig, unsigned handler);

struct arg {
    void *env;
    int value;
};
struct buffer {
    void *activation;
    uint32_t label;
    struct arg arg;
    int depth;
};
_Static_assert(sizeof(struct buffer) <= sizeof(jmp_buf), "jmp_buf");

jmp_buf *__pith_innermost; /* way out of the innermost handler: src/guard.c */
static struct arg pending;

void
__wasm_setjmp(void *env, uint32_t label, void *activation)
{
    struct buffer *b = env;
    /* A good moment for a jump that is due and no call has made, unless it
     * leads to where this very call would not be caught. */
    if (pending.env && ((struct buffer *)pending.env)->activation != activation)
        __pith_look();
    b->activation = activation;
    b->label = label;
    b->depth = __pith_depth;
}

uint32_t
__wasm_setjmp_test(void *env, void *activation)
{
    struct buffer *b = env;
    return b->activation == activation ? b->label : 0;
}

_Noreturn void
__wasm_longjmp(void *env, int value)
{
    struct buffer *b = env;
    if (b->depth < __pith_depth) {
        pending.env = env;
        pending.value = value ? value : 1;
        __pith_pending = 1;
        b = (struct buffer *)__pith_innermost;
        value = 1;
    }
    b->arg.env = b;
    b->arg.value = value ? value : 1;
    __builtin_wasm_throw(1, &b->arg); /* the tag __c_longjmp */
}

/* A buffer whose function has returned lies below the stack: nowhere to go. */
void
__pith_jump(void)
{
    struct buffer *b = pending.env;
    pending.env = 0;
    if (b && (uintptr_t)b->activation >= __pith_stack_get())
        __wasm_longjmp(b, pending.value);
}

/* The kernel interrupted code between calls, a handler jumped, and here what it
 * throws is caught by the right function (abi.h). */
__attribute__((export_name("__pith_throw"))) void
__pith_throw(void)
{
    if (__pith_pending && !__pith_busy)
        __pith_look();
}

/* A program that jumps gets the guard around its handlers, which otherwise
 * nothing refers to but weakly (src/signal.c). */
__attribute__((__used__)) static void (*const guarded)(
    void (*)(int, unsigned), int, unsigned) = __pith_guard;
