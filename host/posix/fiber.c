/* SPDX-License-Identifier: Apache-2.0 */
/* Fibers: everything but the switch; see fiber.h. */
#define _GNU_SOURCE
#include "fiber.h"

#include <stdint.h>
#include <string.h>

#include "fiber_frame.h"

/* fiber_<cpu>.S: push registers, *save = sp, sp = to, pop registers. */
void fiber_swap(void **save, void *to);
/* Where a new fiber begins: calls entry(arg) out of its first frame. */
void fiber_begin(void);

void
fiber_init(struct fiber *f, void *bottom, size_t bytes, void (*entry)(void *),
           void *arg)
{
    uintptr_t top = ((uintptr_t)bottom + bytes) & ~(uintptr_t)63;
    struct fiber_frame *frame;

    sanitize_stack(bottom, bytes);
    f->bottom = bottom;
    f->bytes = bytes;
    f->sanitize.fake_stack = NULL;
    sanitize_create(&f->sanitize);
    /* One line stays free above, for debuggers that look for a caller. */
    frame = (struct fiber_frame *)(top - 64 - sizeof *frame);
    memset(frame, 0, sizeof *frame);
    frame->begin = (uintptr_t)fiber_begin;
    frame->entry = (uintptr_t)entry;
    frame->arg = (uintptr_t)arg;
    f->sp = frame;
}

void
fiber_adopt(struct fiber *f)
{
    memset(f, 0, sizeof *f);
    sanitize_adopt(&f->sanitize);
    sanitize_thread_stack(&f->bottom, &f->bytes);
}

void
fiber_finish(struct fiber *f)
{
    sanitize_destroy(&f->sanitize);
}

void
fiber_switch(struct fiber *from, struct fiber *to)
{
    sanitize_leave(&from->sanitize, 0, to->bottom, to->bytes);
    sanitize_switch(&to->sanitize);
    fiber_swap(&from->sp, to->sp);
    sanitize_arrive(&from->sanitize);
}

void
fiber_switch_last(struct fiber *from, struct fiber *to)
{
    sanitize_leave(&from->sanitize, 1, to->bottom, to->bytes);
    sanitize_switch(&to->sanitize);
    fiber_swap(&from->sp, to->sp);
}

void
fiber_entered(struct fiber *f)
{
    sanitize_arrive(&f->sanitize);
}
