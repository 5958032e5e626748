/* SPDX-License-Identifier: Apache-2.0 */
#include "zeros.h"

static uint8_t page[ZEROS]; /* not const: then it would be in the file */
const uint8_t *const zeros = page;
