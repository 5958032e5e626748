/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way into the kernel and back that all ABIs share: count, lock, body,
 * unlock, signals, restart, trace.
 *
 *     wasm -> ABI's host function -> abi_call(row) -> body(p, slots) -> kernel
 *
 * A body reads its arguments from a[0..] (zero-extended 32-bit values; cast to
 * int32_t where the sign counts), and returns >= 0 or -E_.... It must not
 * write to a: a call interrupted by a signal is run again from the same
 * arguments. What results a[0] gets is the ABI's business.
 */
#ifndef ABI_ENTER_H
#define ABI_ENTER_H

#include "proc.h"

enum {
    ABI_LOCK = 1,      /* run under the kernel lock */
    ABI_NORESTART = 2, /* -E_INTR after a handler even with SA_RESTART */
};

struct abi_row {
    const char *name;
    int64_t (*body)(struct proc *p, const uint64_t *a);
    enum cap cap;
    uint32_t flags;
    const char *signature; /* see syscall.def */
    const char *trace;     /* see syscall.def */
};

/*
 * Make the call for the running process, without the lock. ENGINE_OK: *result
 * is the body's; otherwise the status to unwind with.
 */
enum engine_status abi_call(struct proc *p, const struct abi_row *row,
                            const uint64_t *slots, int64_t *result);

/* One strace line; without the lock. Used by abi_call when p->traced. */
void abi_trace(struct proc *p, const struct abi_row *row, const uint64_t *a,
               int64_t result);
/* Where traces go; the default is host_log. text ends with a newline. */
extern void (*abi_trace_sink)(const char *text, size_t n);

/* The `pith` import module; once, at boot. */
void pith_abi_register(void);

#endif
