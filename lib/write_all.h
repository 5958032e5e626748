/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LIB_WRITE_ALL_H
#define LIB_WRITE_ALL_H

#include <stdbool.h>
#include <stddef.h>

/* write(2) until all n bytes are out, whatever interrupts; false: errno says
 * why not. On hosts with POSIX. */
bool write_all(int fd, const void *bytes, size_t n);

#endif
