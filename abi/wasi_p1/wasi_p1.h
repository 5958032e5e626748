/* SPDX-License-Identifier: Apache-2.0 */
/*
 * WASI preview 1 over the kernel's calls.
 *
 * Each function of api.def is one short translator: check the descriptor's
 * rights, fetch what lies in user memory, make one kernel call, store the
 * results. Nothing here knows files, sockets or processes; errors need no
 * translation, the kernel's numbers are WASI's.
 *
 * Arguments arrive as the engine's slots: a[i], 32-bit values zero-extended.
 * All of it runs as the calling process, with the kernel lock held where
 * api.def says LOCK.
 */
#ifndef WASI_P1_WASI_P1_H
#define WASI_P1_WASI_P1_H

#include "../../kernel/call.h"
#include "../../lib/pith_errno.h"
#include "wasi.h"

/* Longest list of subscriptions poll_oneoff takes. */
#define WASI_MAX_SUBSCRIPTIONS 16384u

#define WASI(name, sig, cap, lock, fmt)                                        \
    int64_t wasi_##name(struct proc *p, const uint64_t *a);
#define WASI_P1 WASI
#define WASI_P0(name, sig, cap, lock, fmt)                                     \
    int64_t wasi0_##name(struct proc *p, const uint64_t *a);
#include "api.def"
#undef WASI
#undef WASI_P1
#undef WASI_P0

/*
 * Descriptor fd, borrowed, if its rights include all of need: else -E_BADF or
 * -E_NOTCAPABLE. A directory asked for what only files can do: -E_ISDIR.
 */
int wasi_fd(struct proc *p, uint32_t fd, uint64_t need, struct file **out);

/* The rights that make sense for a file of this mode (PITH_S_IF*). */
uint64_t wasi_rights_for(uint32_t mode, uint64_t *inheriting);
uint8_t wasi_filetype(uint32_t mode);
/* PITH_O_* and back. */
uint32_t wasi_flags_to_open(uint32_t fdflags);
uint16_t wasi_flags_from_open(uint32_t flags);
/* 0 or -E_INVAL: both a time and now, or unknown bits. */
int wasi_times(uint64_t atim, uint64_t mtim, uint32_t fst_flags,
               struct pith_timespec out[2]);
int wasi_put_filestat(struct proc *p, struct gptr out,
                      const struct pith_stat *st, bool preview0);
/* len bytes of user memory as a NUL-terminated path in out[PITH_PATH_MAX]. */
int wasi_path(struct proc *p, char *out, uint64_t ptr, uint64_t len);

static inline int
wasi_put32(struct proc *p, uint64_t at, uint32_t v)
{
    return copy_out(p, gptr(at), &v, sizeof v);
}

static inline int
wasi_put64(struct proc *p, uint64_t at, uint64_t v)
{
    return copy_out(p, gptr(at), &v, sizeof v);
}

/*
 * Open one granted directory and give it to p as a preopen under name, at the
 * lowest descriptor from 3 on. Lock held; may block. 0 or -E_....
 */
int wasi_preopen(struct proc *p, const char *path, const char *name);
/* Preopens for all granted paths, named by their paths or wasi_preopen_alias;
 * none for a program that imports `pith`, or that has them already. */
int wasi_preopen_grants(struct proc *p);

/* thread.c: the module wasi-threads. */
void wasi_threads_register(void);

#endif
