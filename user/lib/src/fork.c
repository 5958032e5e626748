/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fork by Binaryen's asyncify, for programs linked with pith-cc --fork.
 *
 *        _start -> drive -> main -> ... -> fork -> switch_over
 *                    ^                                 |
 *                    +------ unwind: frames to data ---+
 *                    |
 *          pith.fork: the kernel copies memory, tables and globals; the child
 *          begins at __pith_fork_child. Both rewind data and so return from
 *          fork, with different results.
 *
 * drive is the outermost frame; asyncify leaves it alone because it calls
 * stop_unwind. What lies between it and switch_over is instrumented. Locals of
 * C live in wasm locals (in data) or on the C stack (in memory, which stays);
 * only its pointer must be put back. Jumps are as in other programs.
 *
 * From the start of the unwind to the end of the rewind no other instrumented
 * function may run: __pith_busy keeps signal handlers away (src/signal.c).
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "pith.h"

#define ASYNCIFY(fn) \
    __attribute__((import_module("asyncify"), import_name(#fn)))

/* What asyncify writes to: it moves at from start up to end. */
struct data {
    char *at, *end;
};

ASYNCIFY(start_unwind) void asyncify_start_unwind(struct data *);
ASYNCIFY(stop_unwind) void asyncify_stop_unwind(void);
ASYNCIFY(start_rewind) void asyncify_start_rewind(struct data *);
ASYNCIFY(stop_rewind) void asyncify_stop_rewind(void);
uintptr_t __pith_stack_get(void);
void __pith_stack_set(uintptr_t);
extern char __stack_high; /* the C stack ends here (pith-cc: --stack-first) */

static void (*entry)(void);
static int forking, rewinding, result;
static struct data data;
static char *room; /* data's memory */
static size_t room_size;
static uintptr_t stack; /* C stack at the unwind */

/* Frames take room in proportion to the C stack, roughly; four times its use
 * is plenty, and asyncify traps rather than overruns. */
static int
reserve(uintptr_t at)
{
    size_t need = 65536 + 4 * ((uintptr_t)&__stack_high - at);
    if (need <= room_size)
        return 0;
    free(room);
    room = malloc(need);
    room_size = room ? need : 0;
    return room ? 0 : -1;
}

__attribute__((__noinline__)) static int
switch_over(void)
{
    if (rewinding) {
        asyncify_stop_rewind();
        rewinding = 0;
        __pith_busy = 0;
        return result;
    }
    __pith_busy = 1;
    forking = 1;
    data.at = room;
    data.end = room + room_size;
    asyncify_start_unwind(&data);
    return 0;
}

__attribute__((__noinline__)) static void
drive(int resume)
{
    for (;;) {
        if (resume) {
            __pith_stack_set(stack);
            rewinding = 1;
            data.end = room + room_size;
            asyncify_start_rewind(&data);
        }
        entry();
        if (!forking)
            return;
        asyncify_stop_unwind();
        forking = 0;
        resume = 1;
        result = pith_fork();
    }
}

void
__pith_enter(void (*fn)(void))
{
    entry = fn;
    drive(0);
}

/* The kernel enters a forked child here, with the parent's memory. */
__attribute__((export_name("__pith_fork_child"))) void
__pith_fork_child(void)
{
    __pith_late_set = 0; /* those were the parent's */
    forking = 0;
    result = 0;
    drive(1);
}

pid_t
fork(void)
{
    int r;
    if (__pith_depth > 0) { /* the interrupted frames are out of reach */
        errno = ENOSYS;
        return -1;
    }
    stack = __pith_stack_get();
    if (reserve(stack) < 0) {
        errno = ENOMEM;
        return -1;
    }
    r = (int)left(switch_over());
    if (r < 0) {
        errno = -r;
        return -1;
    }
    return r;
}
pid_t vfork(void) __attribute__((__weak__, __alias__("fork")));
pid_t _Fork(void) __attribute__((__weak__, __alias__("fork")));
