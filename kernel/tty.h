/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Terminals: what /dev/tty1, /dev/console and /dev/pts/N have in common.
 *
 *      programs                 struct tty                     device
 *     read  <---- line discipline (ldisc.c) <-- tty_receive --- keyboard,
 *     write ----> output ring --------------------- driver --> screen, pty
 *                 session, foreground group                    master
 *
 * All under the kernel lock. A tty is referenced by its open files, by its
 * driver, and by the session it controls. A hang-up moves the generation on:
 * files opened before it read end of file and fail otherwise, while the tty
 * can be opened again.
 */
#ifndef KERNEL_TTY_H
#define KERNEL_TTY_H

#include "file.h"
#include "ldisc.h"

struct session;
struct tty;

struct tty_driver {
    const char *name;
    /* There is output in tty->disc to take (ldisc_take), or it was stopped or
     * flushed. Must not block; calls tty_output_taken() later. */
    void (*output)(struct tty *t);
    /* The last file on the tty was closed. */
    void (*closed)(struct tty *t);
    /* The tty's memory is about to go. */
    void (*destroy)(struct tty *t);
};

struct tty {
    uint32_t refs;
    uint32_t opens;           /* open files on it (not the pty master) */
    const struct tty_driver *driver;
    void *data;               /* the driver's own */
    uint32_t index;           /* /dev/pts/<index> */
    uint64_t rdev;
    struct ldisc disc;
    struct pith_winsize size;
    struct session *session;  /* that it controls, borrowed; or NULL */
    int32_t pgrp;             /* foreground group; 0: none */
    uint32_t generation;      /* of open files that are not hung up */
    bool gone;                /* the device is; no open any more */
    bool keep_input;          /* it is data, not typed: flushing keeps it */
    bool input_ended;         /* 0 after the last byte, nothing more comes */
    bool sending;             /* the driver took output, but is not done */
    struct wait_queue read_wait, write_wait;
    struct wait_queue room_wait; /* for room in the input ring */
};

/* refs = 1. NULL: no memory. */
struct tty *tty_create(const struct tty_driver *driver, void *data,
                       uint32_t index, uint64_t rdev);
struct tty *tty_ref(struct tty *t);
void tty_unref(struct tty *t); /* NULL is fine */

/* An open file on t; becomes the caller's controlling terminal as POSIX says
 * unless flags hold PITH_O_NOCTTY. inode (borrowed) may be NULL. */
int tty_open(struct tty *t, struct inode *inode, uint32_t flags,
             struct file **out);
/* /dev/tty: the caller's controlling terminal, or -E_NXIO. */
int tty_open_current(struct inode *inode, uint32_t flags, struct file **out);
/* ioctl on t; master: from the other side of a pty, where job control does not
 * apply. */
int tty_ioctl(struct tty *t, struct proc *p, uint32_t req, struct gptr arg,
              bool master);
/* Job control (tty_job.c): may p, a process of t's session, read (SIGTTIN) or
 * change or write (SIGTTOU) now? 0, -E_IO, or -E_INTR: it was sent sig. */
int tty_check_job(struct tty *t, struct proc *p, int sig);

/* The device has n bytes of input. How many were taken: fewer only when the
 * ring is full of unread input and `wait` asks not to drop any. */
size_t tty_receive(struct tty *t, const void *data, size_t n, bool wait);
/* The device is gone: SIGHUP and SIGCONT to the session, end of file for
 * readers, -E_IO for the rest. */
void tty_hangup(struct tty *t);
/* The device took output: writers may go on, and who waits for a drain. */
void tty_output_taken(struct tty *t);
/* Throw away what was typed and not read yet. */
void tty_flush_input(struct tty *t);
/* No more input will come; readers get what is there, then end of file. */
void tty_end_input(struct tty *t);
/* New size; SIGWINCH to the foreground group when it differs. */
void tty_resize(struct tty *t, const struct pith_winsize *size);

/* The session's leader has ended: its terminal gets hung up and is free for
 * another session. s->tty may be NULL. */
void tty_session_exit(struct session *s);
/* The session's last reference is going. */
void tty_session_detach(struct session *s);
/* Make t the controlling terminal of p's session and p's group its foreground,
 * without opening it: for the first process. -E_PERM: p leads no session, or
 * one of the two has another already. */
int tty_control(struct tty *t, struct proc *p);
/* Make pgid the foreground group without job-control checks (spawn). */
void tty_set_foreground(struct tty *t, int32_t pgid);
/* Device number of a session's terminal; 0: none. For /proc/<pid>/stat. */
uint64_t tty_rdev(const struct tty *t);

/*
 * The console: the one tty that the host is behind. tty_boot() makes it and
 * registers /dev/{tty,console,tty1,ptmx,pts}; call it once after devfs is
 * there, with the kernel lock held.
 */
int tty_boot(void);
/* Called, unless NULL, when someone waits for what is typed at the console and all
 * that was written has been shown. */
extern void (*console_at_rest)(void);
struct tty *tty_console(void); /* borrowed; NULL before tty_boot */

/* For hosts; called with the lock held, from a task. */
size_t console_input(const void *data, size_t n); /* never drops; bytes taken */
void console_type(const void *data, size_t n);    /* a person: ^C always gets
                                                   * through, excess is lost */
void console_wait_room(void); /* until console_input would take a byte */
void console_resize(uint16_t rows, uint16_t cols);
void console_end(void);       /* end of input: what is there, then EOF */
void console_hangup(void);
/* Wait until everything written has reached the host. */
void console_drain(void);

#endif
