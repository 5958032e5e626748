/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Flame graphs: stacks with sample counts, drawn as one SVG file that needs
 * nothing else, and as folded text for other tools.
 *
 *     main;work;sort 12         | sort   |      |
 *     main;work 3         -->   | work          | other |
 *     main;other 4              | main                  |
 *
 * Width is samples, height is depth, neighbours are in order of name (not of
 * time). The same stacks make the same bytes, in whatever order they come.
 */
#ifndef CLI_FLAME_H
#define CLI_FLAME_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct flame {
    struct flame_stack {
        char *text; /* frames between ';', outermost first */
        uint64_t samples;
    } *v;
    uint32_t n, cap;
    bool failed; /* out of memory */
};

void flame_add(struct flame *f, const char *stack, uint64_t samples);
void flame_folded(struct flame *f, FILE *out);
void flame_svg(struct flame *f, const char *title, FILE *out);
void flame_finish(struct flame *f);

#endif
