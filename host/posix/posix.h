/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scheduler of the posix host: M fibers on N threads, one thread per CPU.
 *
 *     run queue --> worker thread: switch into a fiber, lock held
 *        ^             |   fiber parks: the next runnable one, or the worker
 *        |             v   itself, which sleeps in epoll_wait until the next
 *     unpark <---- events, timers, other fibers                    deadline
 *
 * Everything is under the kernel lock, which stays held through each switch
 * (the one who is switched in finds it held), so a fiber is never on two
 * threads. A fiber may wake up on another thread than it went to sleep on:
 * never keep the address of thread-local data (errno!) across a park.
 */
#ifndef POSIX_POSIX_H
#define POSIX_POSIX_H
/* Not sched.h: that would hide the system's. */

#include <stdbool.h>
#include <stdint.h>

/*
 * Run boot(arg) as the first task, with the lock held, and schedule until
 * host_halt(code); returns code. Blocks the calling thread, which becomes the
 * first worker. Tasks that still exist at the end are dropped as they are.
 * -E_NOMEM when it cannot begin.
 */
int posix_run(void (*boot)(void *), void *arg);

/* host_random() gives the same numbers in each run from now on: not for secrets.
 * seed is not 0. Before there are tasks. */
void posix_random_seed(uint64_t seed);

/* The machine is ours alone: memory is low (host_memory_low) when less than this
 * is left of it. Before there are tasks. */
void posix_memory_reserve(uint64_t bytes);

/*
 * Lock held. Park until the host descriptor is ready for one of `events`
 * (POLLIN, POLLOUT, ...), and return those that hold, POLLERR and POLLHUP
 * included. -E_TIMEDOUT at deadline_ns (host_mono_ns; HOST_FOREVER),
 * -E_INTR when a signal is to be handled, -E_NOMEM. What epoll does not take
 * (regular files) is always ready. Several tasks may wait on one descriptor.
 */
int posix_fd_wait(int hostfd, short events, uint64_t deadline_ns);
/* Before a descriptor that was waited on is closed; lock held. */
void posix_fd_forget(int hostfd);

#endif
