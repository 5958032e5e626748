/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fork, setjmp and longjmp by Binaryen's asyncify, for programs linked with
 * pith-cc --fork.
 *
 *        _start -> drive -> main -> ... -> fork -> switch_over
 *                    ^                                 |
 *                    +------ unwind: frames to data ---+
 *                    |
 *        FORK     the kernel copies memory and globals; both processes
 *                 rewind data and return from fork
 *        SETJMP   data is copied to a snapshot, then rewound
 *        LONGJMP  data is replaced by a snapshot, then rewound
 *        ABANDON  a jump out of a signal handler: the handler's drive ends,
 *                 and the jump happens when its system call returns
 *
 * drive is the outermost frame of main and of each signal handler; asyncify
 * leaves it alone because it calls stop_unwind, and everything between it and
 * switch_over is instrumented. Locals of C live in wasm locals (in data) or
 * on the C stack (in memory, which stays); only its pointer must be put back.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
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

enum request { NONE, FORK, SETJMP, LONGJMP, ABANDON };

/* The stack as it was in setjmp; found through the jmp_buf at env. */
struct snapshot {
    struct snapshot *next;
    void *env;
    unsigned long serial;
    int depth;
    uintptr_t stack;
    size_t size;
    char frames[];
};

struct buffer { /* in the jmp_buf */
    struct snapshot *snapshot;
    unsigned long serial;
};
_Static_assert(sizeof(struct buffer) <= sizeof(jmp_buf), "jmp_buf");

static enum request request;
static int busy; /* between the start of an unwind and the end of its rewind */
static int rewinding, result, depth;
static struct data data;
static char *room; /* data's memory */
static size_t room_size;
static uintptr_t stack;      /* C stack at the unwind */
static void *jump_env;
static int jump_value;
static struct snapshot *snapshots;
static unsigned long serials;
static struct {
    void *env;
    int value;
} pending;

/* Handlers that fell due while busy, when no frame may run: played later. */
static struct {
    void (*fn)(int, unsigned);
    int sig;
    unsigned handler;
} late[64];
static int nlate;

/* Frames take room in proportion to the C stack, roughly; four times its use
 * is plenty, and asyncify traps rather than overruns. */
static int
reserve(uintptr_t at)
{
    uintptr_t top = (uintptr_t)&__stack_high;
    size_t need = 65536 + 4 * (top > at ? top - at : 0);
    if (need <= room_size)
        return 0;
    free(room);
    room = malloc(need);
    room_size = room ? need : 0;
    return room ? 0 : -1;
}

__attribute__((noinline)) static int
switch_over(enum request why)
{
    if (rewinding) {
        asyncify_stop_rewind();
        rewinding = 0;
        busy = 0;
        return result;
    }
    busy = 1;
    request = why;
    data.at = room;
    data.end = room + room_size;
    asyncify_start_unwind(&data);
    return 0;
}

static void
forget(struct snapshot **link)
{
    struct snapshot *s = *link;
    *link = s->next;
    free(s);
}

/* Drop snapshots whose jmp_buf is set anew, or lay in a frame that is gone. */
static void
sweep(void *env)
{
    struct snapshot **link = &snapshots;
    while (*link) {
        uintptr_t at = (uintptr_t)(*link)->env;
        if (at < stack || (*link)->env == env)
            forget(link);
        else
            link = &(*link)->next;
    }
}

static void
take_snapshot(void)
{
    size_t size = (size_t)(data.at - room);
    struct buffer *b = jump_env;
    struct snapshot *s;
    sweep(jump_env);
    s = malloc(sizeof *s + size);
    if (!s)
        __builtin_trap();
    s->next = snapshots;
    s->env = jump_env;
    s->serial = ++serials;
    s->depth = depth;
    s->stack = stack;
    s->size = size;
    memcpy(s->frames, room, size);
    snapshots = s;
    b->snapshot = s;
    b->serial = s->serial;
}

static struct snapshot *
find_snapshot(const void *env)
{
    const struct buffer *b = env;
    for (struct snapshot *s = snapshots; s; s = s->next)
        if (s == b->snapshot && s->serial == b->serial)
            return s;
    __builtin_trap(); /* a jump to a function that has returned */
}

/* Do what the unwind was for; 0: rewind, -1: leave this drive. */
static int
act(void)
{
    struct snapshot *s;
    switch (request) {
    case FORK:
        result = pith_fork();
        return 0;
    case SETJMP:
        take_snapshot();
        result = 0;
        return 0;
    case LONGJMP:
        s = find_snapshot(jump_env);
        if (s->size > room_size)
            __builtin_trap();
        memcpy(room, s->frames, s->size);
        data.at = room + s->size;
        stack = s->stack;
        result = jump_value;
        return 0;
    default:
        return -1;
    }
}

static void (*entry)(void);
static void (*handler_fn)(int, unsigned);
static int handler_sig;
static unsigned handler_index;

__attribute__((noinline)) static void
run_handler(void)
{
    handler_fn(handler_sig, handler_index);
}

__attribute__((noinline)) static void
drive(void (*fn)(void), int resume)
{
    for (;;) {
        if (resume) {
            __pith_stack_set(stack);
            rewinding = 1;
            data.end = room + room_size;
            asyncify_start_rewind(&data);
        }
        fn();
        if (request == NONE)
            return;
        asyncify_stop_unwind();
        resume = 1;
        if (act() < 0) {
            request = NONE;
            busy = 0;
            return;
        }
        request = NONE;
    }
}

void
__pith_enter(void (*fn)(void))
{
    entry = fn;
    drive(fn, 0);
}

/* The kernel enters a forked child here, with the parent's memory. */
__attribute__((export_name("__pith_fork_child"))) void
__pith_fork_child(void)
{
    result = 0;
    request = NONE;
    drive(entry, 1);
}

void
__pith_guard(void (*fn)(int, unsigned), int sig, unsigned handler)
{
    uintptr_t at = __pith_stack_get();
    if (busy) {
        if (nlate < 64) {
            late[nlate].fn = fn;
            late[nlate].sig = sig;
            late[nlate++].handler = handler;
            __pith_jump_pending = 1;
        }
        return;
    }
    handler_fn = fn;
    handler_sig = sig;
    handler_index = handler;
    depth++;
    drive(run_handler, 0);
    depth--;
    __pith_stack_set(at);
}

pid_t
fork(void)
{
    int r;
    if (depth > 0) { /* the interrupted frames are out of reach */
        errno = ENOSYS;
        return -1;
    }
    stack = __pith_stack_get();
    if (reserve(stack) < 0) {
        errno = ENOMEM;
        return -1;
    }
    r = switch_over(FORK);
    if (r < 0) {
        errno = -r;
        return -1;
    }
    return r;
}
pid_t vfork(void) __attribute__((__weak__, alias("fork")));
pid_t _Fork(void) __attribute__((__weak__, alias("fork")));

#undef setjmp
int
setjmp(jmp_buf env)
{
    if (__pith_jump_pending)
        __pith_jump();
    stack = __pith_stack_get();
    if (reserve(stack) < 0)
        __builtin_trap();
    jump_env = env;
    return switch_over(SETJMP);
}

_Noreturn void
longjmp(jmp_buf env, int value)
{
    struct snapshot *s = find_snapshot(env);
    stack = __pith_stack_get();
    if (reserve(stack) < 0)
        __builtin_trap();
    if (s->depth < depth) {
        pending.env = env;
        pending.value = value;
        __pith_jump_pending = 1;
        switch_over(ABANDON);
    } else {
        jump_env = env;
        jump_value = value ? value : 1;
        switch_over(LONGJMP);
    }
    __builtin_unreachable();
}

void
__pith_jump(void)
{
    void *env = pending.env;
    __pith_jump_pending = 0;
    pending.env = 0;
    while (nlate > 0) {
        nlate--;
        late[nlate].fn(late[nlate].sig, late[nlate].handler);
    }
    if (env)
        longjmp(env, pending.value);
}
_Noreturn void _longjmp(jmp_buf, int)
    __attribute__((__weak__, __alias__("longjmp")));
