/* SPDX-License-Identifier: Apache-2.0 */
/* The value of a hexadecimal digit, as URLs and HTTP have them; -1: it is none. */
#ifndef LIB_HEX_H
#define LIB_HEX_H

static inline int
hex_digit(int c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

#endif
