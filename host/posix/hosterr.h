/* SPDX-License-Identifier: Apache-2.0 */
/* Host errors become ours here and nowhere else. */
#ifndef POSIX_HOSTERR_H
#define POSIX_HOSTERR_H

/* -E_... for the host's errno value e; -E_IO for what has no counterpart. */
int host_error(int e);

#endif
