/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory of tasks: one mapping each, pooled when a task has ended.
 *
 *     map: | guard page | C stack <---- | struct host_task | value stack |
 *
 * The task lies at the top of its own C stack, in a page that is touched
 * anyway. Only touched pages cost memory: a sleeping task has about three.
 */
#define _GNU_SOURCE
#include "internal.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pith_errno.h"

#define C_STACK ((HOST_TASK_STACK + 256u * 1024) * SANITIZE_STACK_FACTOR)
#define GUARD 16384u /* at least a page everywhere */
#define POOL_MAX 64

static struct host_task *pool, *all;
static uint32_t pooled;

static size_t
task_offset(void)
{
    return GUARD + C_STACK - ((sizeof(struct host_task) + 63) & ~(size_t)63);
}

static struct host_task *
take_pooled(size_t value_bytes)
{
    struct host_task **at = &pool, *t;

    while ((t = *at) && t->value_bytes != value_bytes)
        at = &t->next;
    if (t) {
        *at = t->next;
        pooled--;
    }
    return t;
}

static struct host_task *
map_task(size_t value_bytes)
{
    size_t bytes = GUARD + C_STACK + value_bytes;
    struct host_task *t;
    char *map = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (map == MAP_FAILED)
        return NULL;
    if (mprotect(map, GUARD, PROT_NONE) < 0) {
        munmap(map, bytes);
        return NULL;
    }
    t = (struct host_task *)(void *)(map + task_offset());
    t->map = map;
    t->map_bytes = bytes;
    t->value_stack = value_bytes ? map + GUARD + C_STACK : NULL;
    t->value_bytes = value_bytes;
    return t;
}

struct host_task *
task_create(void (*entry)(void *), size_t value_bytes)
{
    struct host_task *t;
    void *map, *value_stack;
    size_t map_bytes;

    value_bytes = (value_bytes + GUARD - 1) & ~(size_t)(GUARD - 1);
    t = take_pooled(value_bytes);
    if (!t)
        t = map_task(value_bytes);
    if (!t)
        return NULL;
    map = t->map;
    map_bytes = t->map_bytes;
    value_stack = t->value_stack;
    memset(t, 0, sizeof *t);
    t->map = map;
    t->map_bytes = map_bytes;
    t->value_stack = value_stack;
    t->value_bytes = value_bytes;
    fiber_init(&t->fiber, (char *)map + GUARD, task_offset() - GUARD, entry,
               t);
    t->all_next = all;
    if (all)
        all->all_prev = t;
    all = t;
    return t;
}

static void
unlink_task(struct host_task *t)
{
    if (t->all_prev)
        t->all_prev->all_next = t->all_next;
    else
        all = t->all_next;
    if (t->all_next)
        t->all_next->all_prev = t->all_prev;
}

void
task_recycle(struct host_task *t)
{
    unlink_task(t);
    fiber_finish(&t->fiber);
    if (pooled >= POOL_MAX) {
        munmap(t->map, t->map_bytes);
        return;
    }
    t->next = pool;
    pool = t;
    pooled++;
}

void
task_free_all(void)
{
    struct host_task *t;

    while (all)
        task_recycle(all);
    while ((t = pool)) {
        pool = t->next;
        munmap(t->map, t->map_bytes);
    }
    pooled = 0;
}
