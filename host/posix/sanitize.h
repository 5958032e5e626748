/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What ThreadSanitizer and AddressSanitizer must be told when stacks are
 * switched, as functions that are empty without them; no other file knows which
 * build it is in.
 */
#ifndef POSIX_SANITIZE_H
#define POSIX_SANITIZE_H

#include <stddef.h>

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZE_ADDRESS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZE_ADDRESS 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define SANITIZE_THREAD 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define SANITIZE_THREAD 1
#endif
#endif

struct sanitize_fiber {
    void *tsan, *fake_stack;
};

#ifdef SANITIZE_ADDRESS
#include <pthread.h>
int pthread_getattr_np(pthread_t, pthread_attr_t *); /* a GNU extension */
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#define SANITIZE_STACK_FACTOR 8u /* frames have red zones */

static inline void
sanitize_leave(struct sanitize_fiber *from, int last, const void *bottom,
               size_t bytes)
{
    __sanitizer_start_switch_fiber(last ? NULL : &from->fake_stack, bottom,
                                   bytes);
}
static inline void
sanitize_arrive(struct sanitize_fiber *me)
{
    __sanitizer_finish_switch_fiber(me->fake_stack, NULL, NULL);
}
static inline void
sanitize_stack(const void *bottom, size_t bytes)
{
    __asan_unpoison_memory_region(bottom, bytes);
}
/* Where the calling thread's own stack is (slow: only for the sanitizer). */
static inline void
sanitize_thread_stack(void **bottom, size_t *bytes)
{
    pthread_attr_t attr;

    if (pthread_getattr_np(pthread_self(), &attr) != 0)
        return;
    pthread_attr_getstack(&attr, bottom, bytes);
    pthread_attr_destroy(&attr);
}
#else
#define SANITIZE_STACK_FACTOR 1u

static inline void
sanitize_leave(struct sanitize_fiber *from, int last, const void *bottom,
               size_t bytes)
{
    (void)from, (void)last, (void)bottom, (void)bytes;
}
static inline void
sanitize_arrive(struct sanitize_fiber *me)
{
    (void)me;
}
static inline void
sanitize_stack(const void *bottom, size_t bytes)
{
    (void)bottom, (void)bytes;
}
static inline void
sanitize_thread_stack(void **bottom, size_t *bytes)
{
    (void)bottom, (void)bytes;
}
#endif

#ifdef SANITIZE_THREAD
#include <sanitizer/tsan_interface.h>

static inline void
sanitize_create(struct sanitize_fiber *f)
{
    f->tsan = __tsan_create_fiber(0);
}
static inline void
sanitize_adopt(struct sanitize_fiber *f)
{
    f->tsan = __tsan_get_current_fiber();
}
static inline void
sanitize_destroy(struct sanitize_fiber *f)
{
    if (f->tsan)
        __tsan_destroy_fiber(f->tsan);
    f->tsan = NULL;
}
static inline void
sanitize_switch(struct sanitize_fiber *to)
{
    __tsan_switch_to_fiber(to->tsan, 0);
}
#else
static inline void
sanitize_create(struct sanitize_fiber *f)
{
    f->tsan = NULL;
}
static inline void
sanitize_adopt(struct sanitize_fiber *f)
{
    f->tsan = NULL;
}
static inline void
sanitize_destroy(struct sanitize_fiber *f)
{
    (void)f;
}
static inline void
sanitize_switch(struct sanitize_fiber *to)
{
    (void)to;
}
#endif

#endif
