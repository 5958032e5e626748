/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Garbage among unix sockets.
 *
 * A socket that was sent to somebody lives on in the message although its
 * descriptor is closed. Sent into its own queue, or into the queue of one that
 * was sent into its queue, nobody can ever receive it: reference counts alone
 * would keep it for ever. So, now and then:
 *
 *   roots: sockets whose file somebody holds outside of messages
 *   reach: from a socket, the sockets in the messages of its queue, and in the
 *          queues of connections that wait for its accept
 *   what is in a message and was not reached: its queue is thrown away
 *
 * It is looked for a moment after a socket was closed while others are on
 * their way, and every second as long as any are.
 */
#include "unix.h"

#include "ipc.h"
#include "pith_errno.h"

#define EVERY_NS 1000000000ull
#define SOON_NS 1000000ull

static uint32_t sockets_in_flight;
static struct timer timer;
static struct unix_sock *reached;

static void
collect_timer(void *arg)
{
    (void)arg;
    unix_collect();
    if (sockets_in_flight)
        timer_arm(&timer, host_mono_ns() + EVERY_NS);
}

void
unix_collect_later(void)
{
    timer.fn = collect_timer;
    if (sockets_in_flight)
        timer_arm(&timer, host_mono_ns() + SOON_NS);
}

int
unix_may_send_files(uint32_t n)
{
    static uint64_t again_ns; /* looking costs time: not at every refusal */

    if (ipc_count.files_in_flight + n <= UNIX_IN_FLIGHT_MAX)
        return 0;
    if (host_mono_ns() >= again_ns) {
        unix_collect();
        again_ns = host_mono_ns() + SOON_NS * 10;
    }
    return ipc_count.files_in_flight + n <= UNIX_IN_FLIGHT_MAX ? 0 : -E_NOBUFS;
}

void
unix_file_sent(struct file *f)
{
    struct unix_sock *us = unix_of(f);

    ipc_count.files_in_flight++;
    if (!us)
        return;
    us->in_flight++;
    if (!sockets_in_flight++) {
        timer.fn = collect_timer;
        timer_arm(&timer, host_mono_ns() + EVERY_NS);
    }
}

void
unix_file_arrived(struct file *f)
{
    struct unix_sock *us = unix_of(f);

    ipc_count.files_in_flight--;
    if (!us)
        return;
    us->in_flight--;
    if (!--sockets_in_flight)
        timer_cancel(&timer);
}

static void
reach(struct unix_sock *us)
{
    if (us->reached)
        return;
    us->reached = true;
    us->next_reached = reached;
    reached = us;
}

static void
reach_from_queue(const struct sock_queue *q)
{
    const struct sock_msg *m;
    uint32_t i;

    for (m = q->first; m; m = m->next)
        for (i = 0; i < m->nfiles; i++) {
            struct unix_sock *us = unix_of(m->files[i]);

            if (us)
                reach(us);
        }
}

static void
mark(void)
{
    struct unix_sock *us, *e;

    reached = NULL;
    for (us = unix_first; us; us = us->next) {
        us->reached = false;
        if (us->socket.file && us->socket.file->refs > us->in_flight)
            reach(us);
    }
    /* Not in one loop: reach() must find all marks cleared. */
    while ((us = reached) != NULL) {
        reached = us->next_reached;
        reach_from_queue(&us->socket.in);
        for (e = us->pending; e; e = e->next_pending)
            reach_from_queue(&e->socket.in);
    }
}

static void
move_all(struct sock_queue *from, struct sock_msg **to)
{
    struct sock_msg *m;

    while ((m = sock_queue_take(from)) != NULL) {
        m->next = *to;
        *to = m;
    }
}

void
unix_collect(void)
{
    struct sock_msg *garbage = NULL, *m;
    struct unix_sock *us, *e;

    if (!sockets_in_flight)
        return;
    mark();
    for (us = unix_first; us; us = us->next) {
        if (us->reached || !us->socket.file || !us->in_flight)
            continue;
        move_all(&us->socket.in, &garbage);
        for (e = us->pending; e; e = e->next_pending)
            move_all(&e->socket.in, &garbage);
    }
    while ((m = garbage) != NULL) {
        garbage = m->next;
        sock_msg_destroy(m);
    }
}
