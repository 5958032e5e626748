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
 * driver, and by the session it controls.
 */
#ifndef KERNEL_TTY_H
#define KERNEL_TTY_H

#include "file.h"
#include "ldisc.h"

struct session;
struct tty;

struct tty_driver {
    const char *name;
    /* There may be output in tty->disc.out to take, or room again to put.
     * A driver that must block to take it says so by returning late. */
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
    struct session *session;  /* that it controls, referenced; or NULL */
    int32_t pgrp;             /* foreground group; 0: none */
    bool hung_up;             /* reads give 0, writes and ioctls -E_IO */
    bool input_ended;         /* 0 after the last byte, nothing more comes */
    bool flushing;            /* somebody is handing output to the device */
    struct wait_queue read_wait, write_wait;
    struct tty *next;         /* all ttys, for counting */
};

/* refs = 1. NULL: no memory. */
struct tty *tty_create(const struct tty_driver *driver, void *data,
                       uint32_t index, uint64_t rdev);
struct tty *tty_ref(struct tty *t);
void tty_unref(struct tty *t); /* NULL is fine */

/* An open file on t; becomes the caller's controlling terminal as POSIX says
 * unless flags hold PITH_O_NOCTTY. Takes over the inode's reference. */
int tty_open(struct tty *t, struct inode *inode, uint32_t flags,
             struct file **out);
/* /dev/tty: the caller's controlling terminal, or -E_NXIO. */
int tty_open_current(struct inode *inode, uint32_t flags, struct file **out);

/* The device has n bytes of input. How many were taken: fewer only when the
 * ring is full of unread input and `wait` asks not to drop any. */
size_t tty_receive(struct tty *t, const void *data, size_t n, bool wait);
/* The device is gone: SIGHUP and SIGCONT to the session, end of file for
 * readers, -E_IO for the rest. */
void tty_hangup(struct tty *t);
/* New size; SIGWINCH to the foreground group when it differs. */
void tty_resize(struct tty *t, const struct pith_winsize *size);

/* The session's leader has ended: its terminal gets hung up and is free for
 * another session. s->tty may be NULL. */
void tty_session_exit(struct session *s);
/* The session's last reference is going. */
void tty_session_detach(struct session *s);
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
