/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine under the kernel. A host is a small folder that implements this
 * header; the kernel has no other way out.
 *
 * One lock. All of kernel/ and abi/ runs under kernel_lock() unless a function
 * says otherwise; user code (wasm) runs without it. Blocking releases it. Any
 * host call that may block the thread (files, fsync) is made between
 * kernel_unlock() and kernel_lock() by the caller.
 *
 * A task is a thread of control: a process's, or a kernel task's. It is a fiber
 * on posix, a Worker on the web. Park and unpark are the only primitives; wait
 * queues (wait.h) are built on them. An unpark before the park is remembered.
 */
#ifndef KERNEL_HOST_H
#define KERNEL_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HOST_FOREVER UINT64_MAX

/* Memory; NULL when there is none. host_free(NULL) is fine. Any thread. */
void *host_alloc(size_t bytes); /* zeroed */
void *host_realloc(void *p, size_t bytes);
void host_free(void *p);

/*
 * kernel_unlock() is for code that is about to block its thread in the host:
 * it hands waiting work to another thread first. The way out of a system call
 * is kernel_leave(): the cheap one, for code that is back soon.
 */
void kernel_lock(void);
void kernel_unlock(void);
void kernel_leave(void);

/* Clocks in ns: wall (since 1970), monotonic (since boot, never backwards). */
uint64_t host_wall_ns(void);
uint64_t host_mono_ns(void);
uint64_t host_clock_resolution_ns(void);
/* How much of the time that a task has run, by host_task_cpu_ns, it may have
 * waited for a CPU that others outside had. */
uint64_t host_cpu_wait_ns(void);
/* CPU time that all of this has had. It stands still while a task that runs waits
 * for a CPU that others outside have; a host that does not know goes on. */
uint64_t host_cpu_ns(void);
void host_random(void *out, size_t n); /* cryptographic quality */
void host_log(const char *text, size_t n); /* the kernel's own messages */
uint32_t host_cpus(void);
/* Installed and free memory in bytes, as far as the host tells. */
void host_memory(uint64_t *total, uint64_t *free_);
/* Is a machine that nobody else uses about to have none left? */
bool host_memory_low(void);
uint64_t host_heap_used(void); /* bytes that are allocated now; 0: not known */

struct host_task;
/*
 * Make a task that will run main(arg) with the kernel lock held, and put it on
 * the run queue. stack_bytes is for the engine's value stack (0: none), handed
 * out by host_task_value_stack(); the C stack is the host's business. Returns 0
 * or -E_NOMEM / -E_AGAIN (no more tasks).
 */
#define HOST_TASK_STACK ((size_t)768 << 10) /* of the C stack, for compiled
                                             * code; the rest is the host's */
int host_task_create(struct host_task **out, void (*main)(void *), void *arg,
                     size_t stack_bytes);
struct host_task *host_task_self(void); /* NULL outside tasks */
void *host_task_arg(struct host_task *t);
/* One pointer of the kernel's per task, NULL at first: its process. */
void **host_task_local(struct host_task *t);
/* How long the task has run on a CPU so far; lock held or own task. */
uint64_t host_task_cpu_ns(const struct host_task *t);
/* How often it was put on a CPU. */
uint64_t host_task_switches(const struct host_task *t);
void *host_task_value_stack(struct host_task *t, size_t *bytes);
/* End the calling task (lock held; released for good). Its memory goes later. */
_Noreturn void host_task_exit(void);
/*
 * Lock held. Sleep until host_task_unpark(self) or host_mono_ns() >= deadline.
 * Returns with the lock held; true when unparked, false on time-out. Spurious
 * wake-ups are allowed.
 */
bool host_task_park(uint64_t deadline_ns);
void host_task_unpark(struct host_task *t); /* lock held */
/* Lock held: let other runnable tasks go first, if there are any. */
void host_task_yield(void);
/*
 * To be called now and then by code that runs long, without the lock: looks
 * after timers and the host's events, and yields when the time slice is used
 * up and others wait. True when it did yield. Costs a clock reading.
 */
bool host_task_tick(void);
/* True when this task has used its time slice and others wait. Lock-free. */
bool host_task_should_yield(void);

/*
 * The console: one terminal, whose line discipline is the kernel's
 * (kernel/tty.c). Writing takes everything or fails; it may block, so it is
 * called without the lock. Input, size and hang-up come to the kernel by
 * console_input(), console_resize() and console_hangup() (kernel/tty.h).
 */
int host_console_write(const void *data, size_t n);
bool host_console_present(void);
void host_console_size(uint16_t *rows, uint16_t *cols);

/* The end: what kernel_main's caller should exit with. Wakes the host. */
void host_halt(int code);

#endif
