/* SPDX-License-Identifier: Apache-2.0 */
/* The counters of ipc.h. */
#include "ipc.h"

struct ipc_counts ipc_count;

void
ipc_counts(struct ipc_counts *out)
{
    *out = ipc_count;
}
