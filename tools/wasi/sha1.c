/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-1 (FIPS 180-4), to compare outputs with digests; no security here. */
#include <stdio.h>
#include <string.h>

#include "wasi_test.h"

static uint32_t
rotl(uint32_t x, int n)
{
    return x << n | x >> (32 - n);
}

static void
block(uint32_t h[5], const uint8_t *b)
{
    uint32_t w[80], v[5];
    for (int i = 0; i < 16; i++)
        w[i] = (uint32_t)b[4 * i] << 24 | (uint32_t)b[4 * i + 1] << 16 |
               (uint32_t)b[4 * i + 2] << 8 | b[4 * i + 3];
    for (int i = 16; i < 80; i++)
        w[i] = rotl(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
    memcpy(v, h, sizeof v);
    for (int i = 0; i < 80; i++) {
        static const uint32_t k[] = {0x5a827999, 0x6ed9eba1, 0x8f1bbcdc,
                                     0xca62c1d6};
        uint32_t f;
        if (i < 20)
            f = (v[1] & v[2]) | (~v[1] & v[3]);
        else if (i >= 40 && i < 60)
            f = (v[1] & v[2]) | (v[1] & v[3]) | (v[2] & v[3]);
        else
            f = v[1] ^ v[2] ^ v[3];
        uint32_t t = rotl(v[0], 5) + f + v[4] + k[i / 20] + w[i];
        v[4] = v[3];
        v[3] = v[2];
        v[2] = rotl(v[1], 30);
        v[1] = v[0];
        v[0] = t;
    }
    for (int i = 0; i < 5; i++)
        h[i] += v[i];
}

void
sha1_hex(const void *data, size_t n, char out[41])
{
    uint32_t h[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476,
                     0xc3d2e1f0};
    const uint8_t *b = data;
    uint8_t last[128] = {0};
    size_t whole = n / 64 * 64, rest = n - whole;
    for (size_t i = 0; i < whole; i += 64)
        block(h, b + i);
    if (rest)
        memcpy(last, b + whole, rest);
    last[rest] = 0x80;
    size_t end = rest < 56 ? 64 : 128;
    for (int i = 0; i < 8; i++)
        last[end - 1 - (size_t)i] = (uint8_t)((uint64_t)n * 8 >> (8 * i));
    for (size_t i = 0; i < end; i += 64)
        block(h, last + i);
    for (int i = 0; i < 5; i++)
        snprintf(out + 8 * i, 9, "%08x", h[i]);
}
