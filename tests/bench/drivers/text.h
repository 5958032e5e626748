/* SPDX-License-Identifier: Apache-2.0 */
/* Text to compress: words of Zipf-like frequency from a fixed generator. */
#ifndef BENCH_TEXT_H
#define BENCH_TEXT_H

#include <stdint.h>

#define TEXT_BYTES (1200 * 1000)

static inline void
text_fill(char *out)
{
    static const char *const words[] = {
        "the", "of", "and", "kernel", "process", "a", "to", "in", "is",
        "capability", "manifest", "memory", "that", "wasm", "it", "program",
        "for", "file", "with", "as", "grant", "signal", "terminal", "on", "be",
        "descriptor", "by", "scheduler", "this", "have", "from", "interpreter"};
    uint32_t x = 12345;
    int at = 0;

    while (at < TEXT_BYTES) {
        x = x * 1664525 + 1013904223;
        uint32_t r = x >> 8;
        const char *w = words[(r & 31) & (r >> 5 & 31)];
        while (*w && at < TEXT_BYTES)
            out[at++] = *w++;
        if (at < TEXT_BYTES)
            out[at++] = r % 61 ? ' ' : '\n';
        if (r % 17 == 0 && at < TEXT_BYTES)
            out[at++] = (char)('0' + r / 17 % 10);
    }
}

#endif
