/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Preview 1's numbers and layouts (witx/preview1/typenames.witx). The C
 * structures have the witx layout: little-endian, natural alignment. Structures
 * ending in 0 are preview 0's, where they differ. Errors are lib/errno.def.
 */
#ifndef WASI_P1_WASI_H
#define WASI_P1_WASI_H

#include <stdint.h>

/* rights */
#define WASI_R_FD_DATASYNC (1ull << 0)
#define WASI_R_FD_READ (1ull << 1)
#define WASI_R_FD_SEEK (1ull << 2)
#define WASI_R_FD_FDSTAT_SET_FLAGS (1ull << 3)
#define WASI_R_FD_SYNC (1ull << 4)
#define WASI_R_FD_TELL (1ull << 5)
#define WASI_R_FD_WRITE (1ull << 6)
#define WASI_R_FD_ADVISE (1ull << 7)
#define WASI_R_FD_ALLOCATE (1ull << 8)
#define WASI_R_PATH_CREATE_DIRECTORY (1ull << 9)
#define WASI_R_PATH_CREATE_FILE (1ull << 10)
#define WASI_R_PATH_LINK_SOURCE (1ull << 11)
#define WASI_R_PATH_LINK_TARGET (1ull << 12)
#define WASI_R_PATH_OPEN (1ull << 13)
#define WASI_R_FD_READDIR (1ull << 14)
#define WASI_R_PATH_READLINK (1ull << 15)
#define WASI_R_PATH_RENAME_SOURCE (1ull << 16)
#define WASI_R_PATH_RENAME_TARGET (1ull << 17)
#define WASI_R_PATH_FILESTAT_GET (1ull << 18)
#define WASI_R_PATH_FILESTAT_SET_SIZE (1ull << 19)
#define WASI_R_PATH_FILESTAT_SET_TIMES (1ull << 20)
#define WASI_R_FD_FILESTAT_GET (1ull << 21)
#define WASI_R_FD_FILESTAT_SET_SIZE (1ull << 22)
#define WASI_R_FD_FILESTAT_SET_TIMES (1ull << 23)
#define WASI_R_PATH_SYMLINK (1ull << 24)
#define WASI_R_PATH_REMOVE_DIRECTORY (1ull << 25)
#define WASI_R_PATH_UNLINK_FILE (1ull << 26)
#define WASI_R_POLL_FD_READWRITE (1ull << 27)
#define WASI_R_SOCK_SHUTDOWN (1ull << 28)
#define WASI_R_SOCK_ACCEPT (1ull << 29)
#define WASI_R_ALL ((1ull << 30) - 1)

enum { WASI_CLOCK_REALTIME, WASI_CLOCK_MONOTONIC, WASI_CLOCK_PROCESS,
       WASI_CLOCK_THREAD };

enum { WASI_FT_UNKNOWN, WASI_FT_BLOCK, WASI_FT_CHARACTER, WASI_FT_DIRECTORY,
       WASI_FT_REGULAR, WASI_FT_SOCKET_DGRAM, WASI_FT_SOCKET_STREAM,
       WASI_FT_SYMLINK };

#define WASI_FDFLAG_APPEND 1u
#define WASI_FDFLAG_DSYNC 2u
#define WASI_FDFLAG_NONBLOCK 4u
#define WASI_FDFLAG_RSYNC 8u
#define WASI_FDFLAG_SYNC 16u
#define WASI_FDFLAG_ALL 31u

#define WASI_OFLAG_CREAT 1u
#define WASI_OFLAG_DIRECTORY 2u
#define WASI_OFLAG_EXCL 4u
#define WASI_OFLAG_TRUNC 8u
#define WASI_OFLAG_ALL 15u

#define WASI_LOOKUP_FOLLOW 1u

#define WASI_FST_ATIM 1u
#define WASI_FST_ATIM_NOW 2u
#define WASI_FST_MTIM 4u
#define WASI_FST_MTIM_NOW 8u
#define WASI_FST_ALL 15u

enum { WASI_EVENT_CLOCK, WASI_EVENT_FD_READ, WASI_EVENT_FD_WRITE };
#define WASI_EVENT_HANGUP 1u
#define WASI_SUBCLOCK_ABSTIME 1u

#define WASI_RI_PEEK 1u
#define WASI_RI_WAITALL 2u
#define WASI_RO_TRUNCATED 1u
#define WASI_SD_RD 1u
#define WASI_SD_WR 2u
#define WASI_ADVICE_LAST 5u
#define WASI_SIGNAL_LAST 30u

/* Aligned as in WebAssembly on 32-bit x86, too. */
typedef uint64_t wasi_u64 __attribute__((aligned(8)));

struct wasi_fdstat {
    uint8_t filetype;
    uint16_t flags;
    wasi_u64 rights_base, rights_inheriting;
};
_Static_assert(sizeof(struct wasi_fdstat) == 24, "witx fdstat");

struct wasi_filestat {
    wasi_u64 dev, ino;
    uint8_t filetype;
    wasi_u64 nlink, size, atim, mtim, ctim;
};
_Static_assert(sizeof(struct wasi_filestat) == 64, "witx filestat");

struct wasi_filestat0 {
    wasi_u64 dev, ino;
    uint8_t filetype;
    uint32_t nlink;
    wasi_u64 size, atim, mtim, ctim;
};
_Static_assert(sizeof(struct wasi_filestat0) == 56, "witx0 filestat");

struct wasi_prestat {
    uint8_t tag; /* 0: a directory, the only kind */
    uint32_t name_len;
};
_Static_assert(sizeof(struct wasi_prestat) == 8, "witx prestat");

struct wasi_dirent {
    wasi_u64 next, ino;
    uint32_t namlen;
    uint8_t type;
};
_Static_assert(sizeof(struct wasi_dirent) == 24, "witx dirent");

struct wasi_sub_clock {
    uint32_t id;
    wasi_u64 timeout, precision;
    uint16_t flags;
};
struct wasi_sub_clock0 {
    wasi_u64 identifier;
    struct wasi_sub_clock clock;
};

struct wasi_subscription {
    wasi_u64 userdata;
    uint8_t tag;
    union {
        struct wasi_sub_clock clock;
        uint32_t fd;
    };
};
_Static_assert(sizeof(struct wasi_subscription) == 48, "witx subscription");

struct wasi_subscription0 {
    wasi_u64 userdata;
    uint8_t tag;
    union {
        struct wasi_sub_clock0 clock;
        uint32_t fd;
    };
};
_Static_assert(sizeof(struct wasi_subscription0) == 56, "witx0 subscription");

struct wasi_event {
    wasi_u64 userdata;
    uint16_t error;
    uint8_t type;
    wasi_u64 nbytes;
    uint16_t flags;
};
_Static_assert(sizeof(struct wasi_event) == 32, "witx event");

#endif
