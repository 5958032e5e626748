/* SPDX-License-Identifier: Apache-2.0 */
/* Zeros to copy or to compare with: a page of them for all, in memory that is
 * in no file. */
#ifndef LIB_ZEROS_H
#define LIB_ZEROS_H

#include <stdint.h>

#define ZEROS 4096u
extern const uint8_t *const zeros; /* ZEROS bytes */

#endif
