/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes the place of musl's src/internal/syscall.h (libc.mk copies it over;
 * it is included last). musl says syscall(SYS_read, fd, buf, n): SYS_read is no
 * number here but the function __sys_read, so that a program imports just the
 * calls it can make. A call that Pith does not have is __sys_nosys.
 *
 * Every such function takes six longs and returns a result or -errno; 64-bit
 * arguments come as two longs, low half first.
 */
#ifndef _INTERNAL_SYSCALL_H
#define _INTERNAL_SYSCALL_H

#define SYSCALL_RLIM_INFINITY (~0ULL)
#define SYSCALL_MMAP2_UNIT 4096ULL

#define __scc(X) ((long)(X))
typedef long syscall_arg_t;
typedef long __sys_fn(long, long, long, long, long, long);

#define __SYSCALL_LL_E(x) \
    ((union { long long ll; long l[2]; }){.ll = x}).l[0], \
    ((union { long long ll; long l[2]; }){.ll = x}).l[1]
#define __SYSCALL_LL_O(x) __SYSCALL_LL_E((x))
#define __SYSCALL_LL_PRW(x) __SYSCALL_LL_E((x))

__attribute__((__visibility__("hidden"))) long __syscall_ret(unsigned long);

#define __syscall0(n) (n)(0, 0, 0, 0, 0, 0)
#define __syscall1(n, a) (n)(__scc(a), 0, 0, 0, 0, 0)
#define __syscall2(n, a, b) (n)(__scc(a), __scc(b), 0, 0, 0, 0)
#define __syscall3(n, a, b, c) (n)(__scc(a), __scc(b), __scc(c), 0, 0, 0)
#define __syscall4(n, a, b, c, d) \
    (n)(__scc(a), __scc(b), __scc(c), __scc(d), 0, 0)
#define __syscall5(n, a, b, c, d, e) \
    (n)(__scc(a), __scc(b), __scc(c), __scc(d), __scc(e), 0)
#define __syscall6(n, a, b, c, d, e, f) \
    (n)(__scc(a), __scc(b), __scc(c), __scc(d), __scc(e), __scc(f))
#define __syscall7(n, a, b, c, d, e, f, g) __syscall6(n, a, b, c, d, e, f)

#define __SYSCALL_NARGS_X(a, b, c, d, e, f, g, h, n, ...) n
#define __SYSCALL_NARGS(...) \
    __SYSCALL_NARGS_X(__VA_ARGS__, 7, 6, 5, 4, 3, 2, 1, 0, )
#define __SYSCALL_CONCAT_X(a, b) a##b
#define __SYSCALL_CONCAT(a, b) __SYSCALL_CONCAT_X(a, b)
#define __SYSCALL_DISP(b, ...) \
    __SYSCALL_CONCAT(b, __SYSCALL_NARGS(__VA_ARGS__))(__VA_ARGS__)

#define __syscall(...) __SYSCALL_DISP(__syscall, __VA_ARGS__)
#define syscall(...) __syscall_ret(__syscall(__VA_ARGS__))
#define __syscall_cp(...) __syscall(__VA_ARGS__)
#define syscall_cp(...) syscall(__VA_ARGS__)

#define __socketcall(nm, a, b, c, d, e, f) \
    __syscall6(SYS_##nm, a, b, c, d, e, f)
#define __socketcall_cp __socketcall
#define socketcall(nm, a, b, c, d, e, f) \
    __syscall_ret(__socketcall(nm, a, b, c, d, e, f))
#define socketcall_cp socketcall

#define SO_RCVTIMEO_OLD 20
#define SO_SNDTIMEO_OLD 21
#define SO_TIMESTAMP_OLD 29
#define SO_TIMESTAMPNS_OLD 35
#define SO_TIMESTAMPING_OLD 37
#define SCM_TIMESTAMP_OLD SO_TIMESTAMP_OLD
#define SCM_TIMESTAMPNS_OLD SO_TIMESTAMPNS_OLD
#define SCM_TIMESTAMPING_OLD SO_TIMESTAMPING_OLD
#define SIOCGSTAMP_OLD 0x8906
#define SIOCGSTAMPNS_OLD 0x8907

#define __sys_open2(x, pn, fl) __syscall3(SYS_openat, -100, pn, fl)
#define __sys_open3(x, pn, fl, mo) __syscall4(SYS_openat, -100, pn, fl, mo)
#define __sys_open(...) __SYSCALL_DISP(__sys_open, , __VA_ARGS__)
#define sys_open(...) __syscall_ret(__sys_open(__VA_ARGS__))
#define __sys_open_cp __sys_open
#define sys_open_cp sys_open

__attribute__((__visibility__("hidden"))) void
__procfdname(char __buf[static 15 + 3 * sizeof(int)], unsigned);

/* Generated: a declaration and a SYS_ name for each function in src/sys_*.c,
 * and __sys_nosys for the rest of what musl mentions. */
#include <errno.h>
#include <features.h>
#include "sys_names.h"

#endif
