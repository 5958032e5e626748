/* SPDX-License-Identifier: Apache-2.0 */
/* The sampling profile; see profile.h. All state is under the kernel lock but
 * for `on`, which does not change while processes run. */
#include "profile.h"

#include <string.h>

#include "host.h"
#include "lib.h"

#define MAX_FRAMES 200u
#define MAX_TEXT 16384u              /* bytes of a stack */
#define MAX_BYTES ((size_t)64 << 20) /* of all stacks */

struct stack {
    uint64_t hash, samples;
    char *text; /* NULL: a free place */
};

static bool on;
static struct stack *stacks; /* open addressing */
static uint32_t nstacks, capacity;
static size_t bytes;
static struct engine_frame frames[MAX_FRAMES];
static char buffer[MAX_TEXT];

void
profile_start(void)
{
    on = true;
}

bool
profile_on(void)
{
    return on;
}

/* The first sample is due somewhere in the first period, lest programs that
 * run for less are never seen. */
void
profile_begin(struct thread *t)
{
    if (!on)
        return;
    t->profile_cpu = host_cpu_ns();
    t->profile_due = 1 + (uint32_t)(t->proc->pid + t->tid) * 2654435761u %
                                 PROFILE_PERIOD_NS;
}

/* ---- stacks ---- */

static uint64_t
hash_text(const char *s)
{
    uint64_t h = 14695981039346656037u;

    for (; *s; s++)
        h = (h ^ (uint8_t)*s) * 1099511628211u;
    return h;
}

static struct stack *
place(struct stack *in, uint32_t cap, uint64_t hash, const char *text)
{
    uint32_t i = (uint32_t)hash & (cap - 1);

    while (in[i].text && (in[i].hash != hash || strcmp(in[i].text, text) != 0))
        i = (i + 1) & (cap - 1);
    return &in[i];
}

static bool
grow(void)
{
    uint32_t cap = capacity ? capacity * 2 : 1024;
    struct stack *v;

    if (nstacks * 2 < capacity)
        return true;
    v = host_alloc(cap * sizeof *v);
    if (!v)
        return false;
    for (uint32_t i = 0; i < capacity; i++)
        if (stacks[i].text)
            *place(v, cap, stacks[i].hash, stacks[i].text) = stacks[i];
    host_free(stacks);
    stacks = v;
    capacity = cap;
    return true;
}

static void
count(const char *text, uint64_t samples)
{
    uint64_t hash = hash_text(text);
    size_t n = strlen(text);
    struct stack *s;

    if (!grow())
        return;
    s = place(stacks, capacity, hash, text);
    if (!s->text) {
        if (bytes + n > MAX_BYTES || !(s->text = text_copy(text, n)))
            return;
        bytes += n;
        s->hash = hash;
        nstacks++;
    }
    s->samples += samples;
}

/* ---- samples ---- */

/* A frame's name; what separates frames does not get into it. */
static void
add_name(struct text *t, const char *name)
{
    size_t from = t->used;

    text_add(t, "%.200s", name);
    for (size_t i = from; i < t->used && i + 1 < t->room; i++)
        if (t->out[i] == ';' || (unsigned char)t->out[i] < 0x20)
            t->out[i] = ':';
}

static void
record(struct thread *of, const char *call, uint64_t samples)
{
    struct text t = {buffer, sizeof buffer, 0};
    uint32_t n;

    kernel_lock();
    n = of->store ? engine_stack(of->store, frames, MAX_FRAMES) : 0;
    add_name(&t, of->proc->name);
    if (n == MAX_FRAMES)
        text_add(&t, ";...");
    for (uint32_t i = n; i-- > 0;) {
        text_add(&t, ";");
        if (frames[i].name)
            add_name(&t, frames[i].name);
        else
            text_add(&t, "function %u", frames[i].func);
    }
    if (call)
        text_add(&t, ";[%s]", call);
    count(buffer, samples);
    kernel_leave();
}

/* A task's time goes on where others outside have the CPU: no more of it counts
 * than all of us have had meanwhile. */
static void
sample(struct thread *t, const char *call)
{
    uint64_t now = host_task_cpu_ns(t->task), n, cpu, most;

    if (now < t->profile_due)
        return;
    n = (now - t->profile_due) / PROFILE_PERIOD_NS + 1;
    t->profile_due += n * PROFILE_PERIOD_NS;
    cpu = host_cpu_ns();
    most = (cpu - t->profile_cpu) / PROFILE_PERIOD_NS + 1;
    t->profile_cpu = cpu;
    record(t, call, n < most ? n : most);
}

void
profile_poll(struct thread *t)
{
    sample(t, NULL);
}

void
profile_call(struct thread *t, const char *name)
{
    sample(t, name);
}

void
profile_each(void (*fn)(void *ctx, const char *stack, uint64_t samples),
             void *ctx)
{
    for (uint32_t i = 0; i < capacity; i++)
        if (stacks[i].text)
            fn(ctx, stacks[i].text, stacks[i].samples);
}
