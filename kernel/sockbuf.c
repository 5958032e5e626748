/* SPDX-License-Identifier: Apache-2.0 */
/* Queues of received messages; see sockbuf.h. */
#include "sockbuf.h"

#include <string.h>

#include "call.h"
#include "ipc.h"
#include "memory.h"
#include "pith_errno.h"
#include "unix.h"

/* Small pieces of a stream get room for more, so that a writer of single bytes
 * does not cost a message for each. */
#define STREAM_ROOM 512u
#define STREAM_PIECE 65536u
#define FILE_CHARGE 256u /* what a file on its way counts in the queue */
#define FLOOR 4096u      /* what each may hold when the budget is spent */

static uint64_t budget_used;

static uint64_t
msg_charge(const struct sock_msg *m)
{
    return sizeof *m + m->room + (uint64_t)m->nfiles * FILE_CHARGE;
}

/* ---- files on their way --------------------------------------------- */

/*
 * Closing a socket closes the files in its queue, which may be sockets with
 * files in their queues, and so on: a chain that a program can make as long as
 * it likes. Hence a list and one loop instead of recursion.
 */
struct doomed {
    struct doomed *next;
    struct file *file;
};
static struct doomed *doomed;
static bool dropping;

static void
drop_one(struct file *f)
{
    struct doomed *d;

    if (dropping && (d = host_alloc(sizeof *d)) != NULL) {
        d->file = f;
        d->next = doomed;
        doomed = d;
        return;
    }
    file_put(f);
}

void
sock_files_drop(struct file **files, uint32_t n)
{
    bool outermost = !dropping;
    struct doomed *d;
    uint32_t i;

    dropping = true;
    for (i = 0; i < n; i++)
        drop_one(files[i]);
    while (outermost && (d = doomed) != NULL) {
        doomed = d->next;
        file_put(d->file);
        host_free(d);
    }
    if (outermost)
        dropping = false;
}

static int
attach_files(struct sock_msg *m, struct file **files, uint32_t n)
{
    uint32_t i;
    int r;

    if (!n)
        return 0;
    if (n > SOCK_FILES_MAX)
        return -E_INVAL;
    r = unix_may_send_files(n);
    if (r < 0)
        return r;
    m->files = host_alloc(n * sizeof files[0]);
    if (!m->files)
        return -E_NOMEM;
    for (i = 0; i < n; i++) {
        m->files[i] = file_ref(files[i]);
        unix_file_sent(files[i]);
    }
    m->nfiles = n;
    return 0;
}

/* Take the files off m: they are the caller's to close. */
static void
detach_files(struct sock_msg *m)
{
    uint32_t i;

    for (i = 0; i < m->nfiles; i++)
        unix_file_arrived(m->files[i]);
}

/* ---- messages ------------------------------------------------------- */

static struct sock_msg *
msg_alloc(uint32_t room, const struct sock_name *from)
{
    struct sock_msg *m;

    room = (room + 7) & ~7u;
    m = host_alloc(sizeof *m + room + (from ? sizeof *from : 0));
    if (!m)
        return NULL;
    m->room = room;
    if (from) {
        m->from = (struct sock_name *)(void *)(m->data + room);
        *m->from = *from;
    }
    return m;
}

static int
fill(struct sock_msg *m, struct uio *u, uint32_t n)
{
    while (n) {
        int64_t r = uio_get(u, m->data + m->start + m->len, n);

        if (r < 0)
            return (int)r;
        if (r == 0)
            break;
        m->len += (uint32_t)r;
        n -= (uint32_t)r;
    }
    return 0;
}

static int
msg_create(struct uio *u, uint32_t n, uint32_t room, struct file **files,
           uint32_t nfiles, const struct pith_ucred *sender,
           const struct sock_name *from, struct sock_msg **out)
{
    struct sock_msg *m = msg_alloc(room, from);
    int r;

    if (!m)
        return -E_NOMEM;
    m->sender = *sender;
    r = fill(m, u, n);
    if (r >= 0)
        r = attach_files(m, files, nfiles);
    if (r < 0) {
        host_free(m);
        return r;
    }
    *out = m;
    return 0;
}

int
sock_msg_create(struct uio *u, uint32_t n, struct file **files, uint32_t nfiles,
                const struct pith_ucred *sender, const struct sock_name *from,
                struct sock_msg **out)
{
    return msg_create(u, n, n, files, nfiles, sender, from, out);
}

void
sock_msg_destroy(struct sock_msg *m)
{
    if (!m)
        return;
    detach_files(m);
    sock_files_drop(m->files, m->nfiles);
    host_free(m->files);
    host_free(m);
}

/* ---- queues --------------------------------------------------------- */

static void
charge(struct sock_queue *q, uint64_t n)
{
    q->charge += n;
    budget_used += n;
    memory_charge(n);
    ipc_count.bytes += n;
}

static void
uncharge(struct sock_queue *q, uint64_t n)
{
    q->charge -= n;
    budget_used -= n;
    memory_give(n);
    ipc_count.bytes -= n;
}

void
sock_queue_put(struct sock_queue *q, struct sock_msg *m)
{
    m->next = NULL;
    if (q->last)
        q->last->next = m;
    else
        q->first = m;
    q->last = m;
    q->bytes += m->len;
    charge(q, msg_charge(m));
}

struct sock_msg *
sock_queue_take(struct sock_queue *q)
{
    struct sock_msg *m = q->first;

    if (!m)
        return NULL;
    q->first = m->next;
    if (!q->first)
        q->last = NULL;
    q->bytes -= m->len;
    uncharge(q, msg_charge(m));
    return m;
}

void
sock_queue_clear(struct sock_queue *q)
{
    struct sock_msg *m;

    host_free(q->spare);
    q->spare = NULL;
    while ((m = sock_queue_take(q)) != NULL)
        sock_msg_destroy(m);
}

uint32_t
sock_queue_space(const struct sock_queue *q, uint32_t rcvbuf)
{
    uint32_t limit = rcvbuf;

    if (limit > FLOOR &&
        (budget_used > memory_share(SOCK_BUDGET, 8) || memory_is_short()))
        limit = FLOOR;
    return q->charge < limit ? limit - (uint32_t)q->charge : 0;
}

static bool
same_sender(const struct pith_ucred *a, const struct pith_ucred *b)
{
    return a->pid == b->pid && a->uid == b->uid && a->gid == b->gid;
}

int64_t
sock_queue_append(struct sock_queue *q, struct uio *u, uint32_t n,
                  struct file **files, uint32_t nfiles,
                  const struct pith_ucred *sender)
{
    struct sock_msg *m = q->last;
    uint32_t before, room;
    int r;

    if (n > STREAM_PIECE)
        n = STREAM_PIECE;
    if (m && !nfiles && !m->nfiles && same_sender(&m->sender, sender) &&
        m->start + m->len < m->room) {
        room = m->room - m->start - m->len;
        before = m->len;
        r = fill(m, u, n < room ? n : room);
        q->bytes += m->len - before;
        return m->len > before ? (int64_t)(m->len - before) : r;
    }
    m = q->spare;
    if (m && n <= m->room && !nfiles) {
        r = fill(m, u, n);
        if (!m->len)
            return r;
        q->spare = NULL;
        m->sender = *sender;
        sock_queue_put(q, m);
        return m->len;
    }
    room = n < STREAM_ROOM ? STREAM_ROOM : n;
    r = msg_create(u, n, room, files, nfiles, sender, NULL, &m);
    if (r < 0)
        return r;
    sock_queue_put(q, m);
    return m->len;
}

/* ---- reading -------------------------------------------------------- */

/*
 * Hand m's files to the receiver: referenced once more on peek, else moved. The
 * array of the ones he has no room for (or NULL) is for the caller to drop once
 * he is done with the queue, since closing may block.
 */
struct leftover {
    struct file **files, **first;
    uint32_t n;
};

static struct leftover
give_files(struct sock_msg *m, bool peek, struct call_msg *to)
{
    struct leftover rest = {NULL, NULL, 0};
    uint32_t i, n = m->nfiles;

    if (n > (to ? to->files_room : 0)) {
        n = to ? to->files_room : 0;
        if (to)
            to->flags |= PITH_MSG_CTRUNC;
    }
    for (i = 0; i < n; i++)
        to->files[i] = peek ? file_ref(m->files[i]) : m->files[i];
    if (to)
        to->nfiles = n;
    if (peek || !m->nfiles)
        return rest;
    detach_files(m);
    rest.files = m->files;
    rest.first = m->files + n;
    rest.n = m->nfiles - n;
    m->files = NULL;
    m->nfiles = 0;
    return rest;
}

static void
drop_leftover(struct leftover *rest)
{
    sock_files_drop(rest->first, rest->n);
    host_free(rest->files);
}

/* The front message of a stream gave n bytes and its files. */
static void
consume(struct sock_queue *q, struct sock_msg *m, uint32_t n, uint32_t nfiles)
{
    uncharge(q, (uint64_t)nfiles * FILE_CHARGE);
    m->start += n;
    m->len -= n;
    q->bytes -= n;
    if (m->len)
        return;
    sock_queue_take(q);
    if (q->spare || m->room != STREAM_ROOM) {
        sock_msg_destroy(m);
        return;
    }
    m->start = 0;
    q->spare = m;
}

int64_t
sock_queue_read(struct sock_queue *q, struct uio *u, bool peek,
                struct call_msg *to)
{
    struct sock_msg *m = q->first, *next;
    struct leftover rest = {NULL, NULL, 0};
    struct pith_ucred sender = {0};
    uint32_t nfiles = 0;
    int64_t done = 0, r = 0;

    if (m)
        sender = m->sender;
    for (; m && u->resid && !nfiles; m = next) {
        next = m->next;
        nfiles = m->nfiles;
        if (done && (nfiles || !same_sender(&m->sender, &sender)))
            break;
        r = uio_put(u, m->data + m->start, m->len);
        if (r < 0)
            break;
        done += r;
        if (nfiles)
            rest = give_files(m, peek, to);
        if (!peek)
            consume(q, m, (uint32_t)r, nfiles);
    }
    if (to)
        to->sender = sender;
    drop_leftover(&rest);
    return done ? done : r;
}

int64_t
sock_queue_read_record(struct sock_queue *q, struct uio *u, bool peek,
                       struct call_msg *to, uint32_t *full)
{
    struct sock_msg *m = q->first;
    int64_t done = 0;

    *full = m->len;
    if (!peek)
        sock_queue_take(q);
    while ((uint64_t)done < m->len && u->resid) {
        int64_t r =
            uio_put(u, m->data + m->start + done, m->len - (uint32_t)done);

        if (r <= 0) {
            done = r < 0 ? r : done;
            break;
        }
        done += r;
    }
    if (to) {
        to->sender = m->sender;
        if (done >= 0 && (uint64_t)done < m->len)
            to->flags |= PITH_MSG_TRUNC;
        if (m->from && to->name) {
            uint32_t n = m->from->len;

            memcpy(to->name, m->from->bytes, n < to->namelen ? n : to->namelen);
            to->namelen = n;
        } else {
            to->namelen = 0;
        }
    }
    if (!peek) {
        struct leftover rest = give_files(m, done < 0, done < 0 ? NULL : to);

        drop_leftover(&rest);
        sock_msg_destroy(m);
    } else if (done >= 0) {
        give_files(m, true, to);
    }
    return done;
}
