/* SPDX-License-Identifier: Apache-2.0 */
/* A .trymon package as a program: its code, run with what it asks for. */
#ifndef PITH_TVM_PACKAGE_H
#define PITH_TVM_PACKAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report.h"

/*
 * Bytes that are no package are code themselves. Of a package, *code and *n
 * become its code, *clocks whether it may read them, and with enter this
 * process keeps no more than its permissions (and the clock, for tvm itself).
 * False: r says why.
 */
bool package_open(const uint8_t *bytes, size_t size, bool enter,
                  const uint8_t **code, size_t *n, bool *clocks,
                  struct report *r);

#endif
