/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One thread a process: locks, keys and once work (musl's own), a second
 * thread is refused with EAGAIN, which programs must expect.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <threads.h>
#include <unistd.h>

int
__pthread_create(pthread_t *restrict t, const pthread_attr_t *restrict attr,
                 void *(*fn)(void *), void *restrict arg)
{
    (void)t, (void)attr, (void)fn, (void)arg;
    return EAGAIN;
}
int pthread_create(pthread_t *restrict, const pthread_attr_t *restrict,
                   void *(*)(void *), void *restrict)
    __attribute__((__weak__, alias("__pthread_create")));

_Noreturn void
__pthread_exit(void *value)
{
    (void)value;
    exit(0);
}
_Noreturn void pthread_exit(void *)
    __attribute__((__weak__, alias("__pthread_exit")));

int
pthread_cancel(pthread_t t)
{
    (void)t;
    return ENOSYS;
}
void
__pthread_testcancel(void)
{
}
void pthread_testcancel(void)
    __attribute__((__weak__, alias("__pthread_testcancel")));

void __tl_lock(void);
void __tl_unlock(void);
void __tl_sync(pthread_t);
void
__tl_lock(void)
{
}
void
__tl_unlock(void)
{
}
void
__tl_sync(pthread_t t)
{
    (void)t;
}

struct __ptcb;
void __do_cleanup_push(struct __ptcb *);
void __do_cleanup_pop(struct __ptcb *);
void
__do_cleanup_push(struct __ptcb *cb)
{
    (void)cb;
}
void
__do_cleanup_pop(struct __ptcb *cb)
{
    (void)cb;
}

/* "In every thread": in this one. */
void __synccall(void (*)(void *), void *);
void
__synccall(void (*fn)(void *), void *arg)
{
    fn(arg);
}

int
pthread_getattr_np(pthread_t t, pthread_attr_t *attr)
{
    (void)t;
    return pthread_attr_init(attr);
}
