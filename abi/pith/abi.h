/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a program and the kernel agree on: numbers and structures of the `pith`
 * import module. Shared by kernel/, abi/ and user/lib; hence freestanding.
 *
 * Numbers are Linux's generic ones (signals, S_IF*, poll, termios, ioctls,
 * AF_*, rlimits) except errors, which are WASI's (lib/errno.def). Structures
 * are little-endian with natural alignment; `gp` is a 32-bit guest pointer.
 * Calls are in syscall.def; each returns >= 0 or -E_....
 */
#ifndef PITH_ABI_H
#define PITH_ABI_H

#include <stdint.h>

typedef uint32_t pith_gp; /* guest pointer inside a structure */

#define PITH_PATH_MAX 4096
#define PITH_NAME_MAX 255
#define PITH_AT_FDCWD (-100)

/* open: flags */
#define PITH_O_RDONLY 0
#define PITH_O_WRONLY 1
#define PITH_O_RDWR 2
#define PITH_O_ACCMODE 3
#define PITH_O_CREAT 0100
#define PITH_O_EXCL 0200
#define PITH_O_NOCTTY 0400
#define PITH_O_TRUNC 01000
#define PITH_O_APPEND 02000
#define PITH_O_NONBLOCK 04000
#define PITH_O_DSYNC 010000
#define PITH_O_DIRECTORY 0200000
#define PITH_O_NOFOLLOW 0400000
#define PITH_O_CLOEXEC 02000000
#define PITH_O_SYNC 04010000
#define PITH_O_PATH 010000000
#define PITH_O_TMPFILE 020200000

/* *at flags */
#define PITH_AT_SYMLINK_NOFOLLOW 0x100
#define PITH_AT_REMOVEDIR 0x200
#define PITH_AT_EACCESS 0x200
#define PITH_AT_SYMLINK_FOLLOW 0x400
#define PITH_AT_EMPTY_PATH 0x1000

#define PITH_RENAME_NOREPLACE 1
#define PITH_RENAME_EXCHANGE 2

#define PITH_S_IFMT 0170000
#define PITH_S_IFSOCK 0140000
#define PITH_S_IFLNK 0120000
#define PITH_S_IFREG 0100000
#define PITH_S_IFBLK 0060000
#define PITH_S_IFDIR 0040000
#define PITH_S_IFCHR 0020000
#define PITH_S_IFIFO 0010000
#define PITH_S_ISUID 04000
#define PITH_S_ISGID 02000
#define PITH_S_ISVTX 01000

#define PITH_SEEK_SET 0
#define PITH_SEEK_CUR 1
#define PITH_SEEK_END 2

struct pith_timespec {
    int64_t sec;
    int64_t nsec;
};
#define PITH_UTIME_NOW 0x3fffffff
#define PITH_UTIME_OMIT 0x3ffffffe

struct pith_stat {
    uint64_t dev, ino;
    uint32_t mode, nlink, uid, gid;
    uint64_t rdev;
    int64_t size;
    uint32_t blksize, pad;
    uint64_t blocks; /* of 512 bytes */
    struct pith_timespec atim, mtim, ctim;
};

struct pith_statfs {
    uint64_t type, bsize, blocks, bfree, bavail, files, ffree, namelen, flags;
};

/* getdents fills records back to back; reclen is a multiple of 8. */
struct pith_dirent {
    uint64_t ino;
    uint64_t next;   /* cookie for lseek to continue after this entry */
    uint16_t reclen; /* of this record */
    uint8_t type;    /* PITH_DT_* = mode >> 12 */
    uint8_t namelen;
    char name[4];    /* namelen bytes and a NUL */
};

struct pith_iovec {
    pith_gp base;
    uint32_t len;
};

/* fcntl */
#define PITH_F_DUPFD 0
#define PITH_F_GETFD 1
#define PITH_F_SETFD 2
#define PITH_F_GETFL 3
#define PITH_F_SETFL 4
#define PITH_F_GETLK 5
#define PITH_F_SETLK 6
#define PITH_F_SETLKW 7
#define PITH_F_DUPFD_CLOEXEC 1030
#define PITH_FD_CLOEXEC 1
#define PITH_F_RDLCK 0
#define PITH_F_WRLCK 1
#define PITH_F_UNLCK 2
struct pith_flock {
    int16_t type, whence;
    int32_t pid;
    int64_t start, len;
};
#define PITH_LOCK_SH 1
#define PITH_LOCK_EX 2
#define PITH_LOCK_NB 4
#define PITH_LOCK_UN 8

/* poll: poll(fds, n, timeout_ns, sigmask); timeout_ns < 0: for ever; sigmask 0 or
 * a pointer to a 64-bit mask */
#define PITH_POLLIN 1
#define PITH_POLLPRI 2
#define PITH_POLLOUT 4
#define PITH_POLLERR 8
#define PITH_POLLHUP 16
#define PITH_POLLNVAL 32
#define PITH_POLLRDHUP 0x2000
struct pith_pollfd {
    int32_t fd;
    int16_t events, revents;
};

/* signals */
#define PITH_NSIG 65 /* 1..64 */
enum {
    PITH_SIGHUP = 1, PITH_SIGINT, PITH_SIGQUIT, PITH_SIGILL, PITH_SIGTRAP,
    PITH_SIGABRT, PITH_SIGBUS, PITH_SIGFPE, PITH_SIGKILL, PITH_SIGUSR1,
    PITH_SIGSEGV, PITH_SIGUSR2, PITH_SIGPIPE, PITH_SIGALRM, PITH_SIGTERM,
    PITH_SIGSTKFLT, PITH_SIGCHLD, PITH_SIGCONT, PITH_SIGSTOP, PITH_SIGTSTP,
    PITH_SIGTTIN, PITH_SIGTTOU, PITH_SIGURG, PITH_SIGXCPU, PITH_SIGXFSZ,
    PITH_SIGVTALRM, PITH_SIGPROF, PITH_SIGWINCH, PITH_SIGIO, PITH_SIGPWR,
    PITH_SIGSYS
};
#define PITH_SIG_DFL 0
#define PITH_SIG_IGN 1
#define PITH_SA_NOCLDSTOP 1
#define PITH_SA_NOCLDWAIT 2
#define PITH_SA_RESTART 0x10000000
#define PITH_SA_NODEFER 0x40000000
#define PITH_SA_RESETHAND 0x80000000u
#define PITH_SIG_BLOCK 0
#define PITH_SIG_UNBLOCK 1
#define PITH_SIG_SETMASK 2
/*
 * handler: 0 default, 1 ignore, else any value the program likes. To run a
 * handler the kernel calls the program's export
 *     i32 __pith_signal(i32 signo, i32 handler)
 * at a system call or poll point; the mask is set and restored around it. A
 * result other than 0 (it may also have none) says that the program will go on
 * elsewhere: the interrupted call is not made again, whatever SA_RESTART says;
 * and if it was not in a call, the kernel calls the export
 *     __pith_throw()
 * at a poll point whose nearest function with exception handlers is inside one
 * of them. What that throws (if anything: the program may have gone on its way
 * at a system call meanwhile) continues in the interrupted code.
 */
struct pith_sigaction {
    uint32_t handler;
    uint32_t flags;
    uint64_t mask; /* bit n-1 is signal n */
};

/* spawn */
#define PITH_SPAWN_SETPGROUP 1  /* pgroup; 0 = own pid */
#define PITH_SPAWN_SETSID 2
#define PITH_SPAWN_SETSIGMASK 4
#define PITH_SPAWN_SETSIGDEF 8
#define PITH_SPAWN_GRANTS 16    /* grants is the child's set: a subset */
#define PITH_SPAWN_FOREGROUND 32/* make the new group the tty's foreground */
enum { PITH_FDA_CLOSE, PITH_FDA_DUP2, PITH_FDA_OPEN, PITH_FDA_CHDIR,
       PITH_FDA_FCHDIR, PITH_FDA_IDENTITY /* be who from says */ };
struct pith_fd_action {
    uint32_t op;
    int32_t fd, from;   /* DUP2: from -> fd; OPEN: path -> fd */
    pith_gp path;
    uint32_t flags, mode;
};
struct pith_spawn {
    uint32_t flags;
    int32_t pgroup;
    uint64_t sigmask, sigdefault;
    pith_gp actions;
    uint32_t nactions;
    pith_gp grants;     /* text, one grant a line (kernel/cap.h) */
    uint32_t search;    /* non-zero: path has no slash: search PATH in envp */
};

/* wait */
#define PITH_WNOHANG 1
#define PITH_WUNTRACED 2
#define PITH_WCONTINUED 8
/* status: exited code<<8; killed sig (|0x80 core); stopped sig<<8|0x7f;
 * continued 0xffff */

struct pith_rusage {
    int64_t utime_ns, stime_ns;
    uint64_t maxrss;   /* bytes */
    uint64_t syscalls, switches, bytes_in, bytes_out;
};

enum { PITH_RLIMIT_CPU, PITH_RLIMIT_FSIZE, PITH_RLIMIT_DATA, PITH_RLIMIT_STACK,
       PITH_RLIMIT_CORE, PITH_RLIMIT_RSS, PITH_RLIMIT_NPROC,
       PITH_RLIMIT_NOFILE, PITH_RLIMIT_MEMLOCK, PITH_RLIMIT_AS,
       PITH_RLIMIT_COUNT };
struct pith_rlimit {
    uint64_t cur, max; /* UINT64_MAX: none */
};

struct pith_itimerval {
    int64_t interval_ns, value_ns;
};

struct pith_utsname {
    char sysname[65], nodename[65], release[65], version[65], machine[65];
};
struct pith_sysinfo {
    uint64_t uptime_ns, total_ram, free_ram;
    uint32_t procs, pad;
    uint32_t loads[3], pad2; /* load average << 16 */
};

/*
 * code_load(bytes, size, code): a module that the program made joins it. A number
 * > 0 for code_drop; docs/code.md. -E_2BIG: larger than PITH_CODE_MAX; -E_NOEXEC:
 * malformed, or it does not fit the program (why is a sentence); -E_INVAL: there
 * are no such elements; -E_NOMEM: too many, or a table or a limit is full.
 */
#define PITH_CODE_MAX 0x2000000
#define PITH_CODE_GROW 0xffffffffu
struct pith_code {
    uint32_t memory_base; /* what it imports as env.__memory_base ... */
    uint32_t table_base;  /* ... and env.__table_base; PITH_CODE_GROW: the table
                           * grows by table_size, and this is set */
    uint32_t table_size;  /* elements from there on: null once it is dropped */
    pith_gp why;          /* room for a sentence when it fails ... */
    uint32_t why_len;     /* ... in bytes; 0: none */
};

enum { PITH_CLOCK_REALTIME, PITH_CLOCK_MONOTONIC, PITH_CLOCK_PROCESS,
       PITH_CLOCK_THREAD };
#define PITH_TIMER_ABSTIME 1

/* sockets */
#define PITH_AF_UNIX 1
#define PITH_AF_INET 2
#define PITH_AF_INET6 10
#define PITH_SOCK_STREAM 1
#define PITH_SOCK_DGRAM 2
#define PITH_SOCK_SEQPACKET 5
#define PITH_SOCK_NONBLOCK 04000
#define PITH_SOCK_CLOEXEC 02000000
#define PITH_MSG_OOB 1
#define PITH_MSG_PEEK 2
#define PITH_MSG_CTRUNC 8
#define PITH_MSG_TRUNC 0x20
#define PITH_MSG_DONTWAIT 0x40
#define PITH_MSG_WAITALL 0x100
#define PITH_MSG_NOSIGNAL 0x4000
#define PITH_MSG_CMSG_CLOEXEC 0x40000000
#define PITH_SHUT_RD 0
#define PITH_SHUT_WR 1
#define PITH_SHUT_RDWR 2
#define PITH_SOL_SOCKET 1
#define PITH_SO_REUSEADDR 2
#define PITH_SO_TYPE 3
#define PITH_SO_ERROR 4
#define PITH_SO_BROADCAST 6
#define PITH_SO_SNDBUF 7
#define PITH_SO_RCVBUF 8
#define PITH_SO_KEEPALIVE 9
#define PITH_SO_LINGER 13
#define PITH_SO_PEERCRED 17
#define PITH_SO_RCVTIMEO 20
#define PITH_SO_SNDTIMEO 21
#define PITH_SO_ACCEPTCONN 30
#define PITH_SO_PROTOCOL 38
#define PITH_SO_DOMAIN 39
#define PITH_IPPROTO_TCP 6
#define PITH_TCP_NODELAY 1
struct pith_sockaddr_un {
    uint16_t family;
    char path[108];
};
struct pith_sockaddr_in {
    uint16_t family;
    uint8_t port[2], addr[4]; /* network order */
    uint8_t zero[8];
};
struct pith_sockaddr_in6 {
    uint16_t family;
    uint8_t port[2];
    uint32_t flowinfo;
    uint8_t addr[16];
    uint32_t scope;
};
/* One message; descriptors travel in fds, not in a cmsg buffer. */
struct pith_msg {
    pith_gp name;
    uint32_t namelen;  /* in: room; out: used */
    pith_gp iov;
    uint32_t iovlen;
    pith_gp fds;       /* int32_t[] */
    uint32_t nfds;     /* in: count or room; out: received */
    uint32_t flags;    /* out: PITH_MSG_TRUNC, PITH_MSG_CTRUNC */
    int32_t pid, uid, gid; /* out: sender, unix sockets */
};
struct pith_ucred {
    int32_t pid;
    uint32_t uid, gid;
};
/* SO_RCVTIMEO, SO_SNDTIMEO; and SO_LINGER. Other options are one int32_t. */
struct pith_timeval {
    int64_t sec, usec;
};
struct pith_linger {
    int32_t onoff, linger; /* seconds */
};

/*
 * Messages between apps (kernel/port.h). To send: name is to whom, "*" all, and
 * name_len 0 who sent the message reply_to. To receive: name and data have room
 * for name_len and data_len bytes; both become the whole lengths.
 */
#define PITH_MSG_BROADCAST 0x10000
struct pith_message {
    uint64_t id;        /* out: this message's */
    uint64_t reply_to;  /* the message that it answers, or 0 */
    pith_gp name;
    uint32_t name_len;
    pith_gp data;
    uint32_t data_len;
    uint32_t flags;     /* in: PITH_MSG_DONTWAIT; out: _TRUNC, _BROADCAST */
    int32_t pid;        /* out: the sender's process ... */
    uint32_t app;       /* ... and app: a number never used again */
    int32_t as;         /* 0; in the name of that process (needs `shell`) */
};

/* identity_make: who somebody may become by taking the descriptor */
#define PITH_NGROUPS 32
struct pith_identity {
    uint32_t uid, gid, ngroups, groups[PITH_NGROUPS];
};

/* app_control: what to do with the app of that name */
enum {
    PITH_APP_LIST,   /* text: room for lines "name id processes cpu-ns bytes
                      * disk sent received denials pending"; whole length. All
                      * apps; with a name that one's line, after its end too
                      * while somebody has its inbox open */
    PITH_APP_KILL,   /* arg: a signal for all its processes */
    PITH_APP_GRANT,  /* text: grants, for its first process */
    PITH_APP_REVOKE, /* text: grants, from all its processes */
    PITH_APP_CHECK,  /* text: a grant; has its first process that? */
    PITH_APP_LEADER, /* its first process's number */
    PITH_APP_TYPED,  /* 1: it has opened its inbox itself; 0 */
    PITH_APP_AUDIT,  /* of no app: text, a word and more, to the audit log */
    PITH_APP_MESSAGE /* a message of its own way: 0, or E_AGAIN by its rate */
};

/* terminals */
#define PITH_NCCS 32
struct pith_termios {
    uint32_t iflag, oflag, cflag, lflag;
    uint8_t line, cc[PITH_NCCS];
    uint8_t pad[3];
    uint32_t ispeed, ospeed;
};
struct pith_winsize {
    uint16_t row, col, xpixel, ypixel;
};
#define PITH_TCGETS 0x5401
#define PITH_TCSETS 0x5402
#define PITH_TCSETSW 0x5403
#define PITH_TCSETSF 0x5404
#define PITH_TCSBRK 0x5409
#define PITH_TCXONC 0x540a
#define PITH_TCFLSH 0x540b
#define PITH_TIOCSCTTY 0x540e
#define PITH_TIOCGPGRP 0x540f
#define PITH_TIOCSPGRP 0x5410
#define PITH_TIOCOUTQ 0x5411
#define PITH_TIOCSTI 0x5412
#define PITH_TIOCGWINSZ 0x5413
#define PITH_TIOCSWINSZ 0x5414
#define PITH_FIONREAD 0x541b
#define PITH_FIONBIO 0x5421
#define PITH_TIOCNOTTY 0x5422
#define PITH_TIOCGSID 0x5429
#define PITH_TCSBRKP 0x5425
#define PITH_TIOCGPTN 0x80045430u
#define PITH_TIOCSPTLCK 0x40045431u

/* /dev/fb0: Linux's fb.h as a 32-bit program sees it. Pixels are 32 bits,
 * 0xXXRRGGBB; a write shows what it changed. */
struct pith_fb_field {
    uint32_t offset, length, msb_right;
};
struct pith_fb_var {
    uint32_t xres, yres, xres_virtual, yres_virtual, xoffset, yoffset;
    uint32_t bits_per_pixel, grayscale;
    struct pith_fb_field red, green, blue, transp;
    uint32_t nonstd, activate;
    uint32_t height, width; /* mm; 0: not known */
    uint32_t accel_flags;
    uint32_t timing[7], sync, vmode, rotate, colorspace, reserved[4];
};
struct pith_fb_fix {
    char id[16];
    uint32_t smem_start, smem_len, type, type_aux, visual;
    uint16_t xpanstep, ypanstep, ywrapstep, pad;
    uint32_t line_length, mmio_start, mmio_len, accel;
    uint16_t capabilities, reserved[3];
};
/* Pith's own: copy a rectangle of the program's memory and show it. */
struct pith_fb_blit {
    uint32_t x, y, width, height; /* pixels, inside the screen */
    uint32_t stride;              /* bytes from row to row in memory */
    pith_gp pixels;
};
#define PITH_FB_VISUAL_TRUECOLOR 2
#define PITH_FBIOGET_VSCREENINFO 0x4600
#define PITH_FBIOPUT_VSCREENINFO 0x4601
#define PITH_FBIOGET_FSCREENINFO 0x4602
#define PITH_FBIOPAN_DISPLAY 0x4606
#define PITH_FBIOBLANK 0x4611
#define PITH_FBIOBLIT 0x401846c0u

/* /dev/input/event*: Linux's input.h, event codes and ioctls ('E'). */
struct pith_input_event {
    uint32_t sec, usec;
    uint16_t type, code;
    int32_t value;
};
struct pith_input_id {
    uint16_t bustype, vendor, product, version;
};
struct pith_input_absinfo {
    int32_t value, minimum, maximum, fuzz, flat, resolution;
};
#define PITH_EV_SYN 0
#define PITH_EV_KEY 1
#define PITH_EV_REL 2
#define PITH_EV_ABS 3
#define PITH_EV_LED 0x11
#define PITH_EV_SND 0x12
#define PITH_EV_SW 5
#define PITH_EV_MAX 0x1f
#define PITH_SYN_REPORT 0
#define PITH_SYN_DROPPED 3
#define PITH_EVIOCGVERSION 0x80044501u
#define PITH_EVIOCGID 0x80084502u
#define PITH_EVIOCGRAB 0x40044590u
#define PITH_EVIOCREVOKE 0x40044591u
#define PITH_EVIOCSCLOCKID 0x400445a0u

#define PITH_REBOOT_POWEROFF 0x4321fedc
#define PITH_REBOOT_RESTART 0x01234567

#endif
