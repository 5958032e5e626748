/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GRUB's environment block: lines `key=value` behind a signature, '#' to the
 * end of its 1024 bytes. We keep what counts in the first 512, so that a disk
 * writes it whole or not at all. Any bytes may be given; nothing is trusted.
 */
#ifndef LIB_BOOTENV_H
#define LIB_BOOTENV_H

#include <stdbool.h>
#include <stddef.h>

#define BOOTENV_BYTES 1024

/* The value of key, NUL-terminated; false: no such key, no block, no room. */
bool bootenv_get(const char block[BOOTENV_BYTES], const char *key, char *out,
                 size_t room);
/* Set or replace it. false, and nothing changed: no block, no room in 512
 * bytes, or a key or value with a line's end in it. */
bool bootenv_set(char block[BOOTENV_BYTES], const char *key,
                 const char *value);

#endif
