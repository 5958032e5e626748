/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 (FIPS 180-4), for what has no library under it: the kernel. */
#ifndef PITH_SHA256_H
#define PITH_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_BYTES 32

struct sha256 {
    uint32_t state[8];
    uint64_t length; /* bytes so far */
    uint8_t block[64];
};
void sha256_init(struct sha256 *s);
void sha256_add(struct sha256 *s, const void *data, size_t n);
void sha256_finish(struct sha256 *s, uint8_t out[SHA256_BYTES]);
/* 64 lower-case digits and a NUL. */
void sha256_hex(const uint8_t hash[SHA256_BYTES], char out[65]);

#endif
