/* SPDX-License-Identifier: Apache-2.0 */
/* The bodies of wasmedge.def. */
#ifndef WASI_P1_WASMEDGE_H
#define WASI_P1_WASMEDGE_H

#include <stdint.h>

struct proc;

#define WASMEDGE(name, sig, cap, flags, fmt)                                   \
    int64_t wasmedge_##name(struct proc *p, const uint64_t *a);
#include "wasmedge.def"
#undef WASMEDGE

#endif
