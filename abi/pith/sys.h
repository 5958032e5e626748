/* SPDX-License-Identifier: Apache-2.0 */
/* The bodies of the `pith` module's calls, one a row of syscall.def. */
#ifndef ABI_PITH_SYS_H
#define ABI_PITH_SYS_H

#include "../enter.h"
#include "call.h"
#include "pith_errno.h"

#define SYS(number, name, signature, capability, lock, trace)                  \
    int64_t sys_##name(struct proc *p, const uint64_t *a);
#include "syscall.def"
#undef SYS

#endif
