/* SPDX-License-Identifier: Apache-2.0 */
/*
 * WebAssembly coredumps, as the tool conventions have them (Coredump.md): a
 * module without code, whose memories, data and globals are the process's and
 * whose custom sections tell of its threads.
 *
 *   core           0x00 program
 *   coremodules    vec(0x00 name)
 *   coreinstances  vec(0x00 module vec(memory) vec(global))
 *   corestack      0x00 thread vec(frame), innermost first
 *     frame        0x00 instance func offset vec(local) vec(operand)
 *     value        0x01 (unknown) | 0x7f i32 | 0x7e i64 | 0x7d f32 | 0x7c f64
 *   pithframes     vec(text): each frame as a backtrace shows it (ours)
 */
#ifndef ENGINE_DEBUG_CORE_H
#define ENGINE_DEBUG_CORE_H

#include "debug.h"
#include "runtime.h"

/* A growing buffer. After `failed` (no memory) it takes nothing. */
struct bytes {
    uint8_t *p;
    size_t n, cap;
    bool failed;
};
void bytes_add(struct bytes *b, const void *p, size_t n);
void bytes_u8(struct bytes *b, uint8_t v);
void bytes_u64(struct bytes *b, uint64_t v); /* LEB128 */
void bytes_s64(struct bytes *b, int64_t v);
void bytes_name(struct bytes *b, const char *s);
void bytes_free(struct bytes *b);

/* The type and value of what is in slots. */
void core_value(struct bytes *b, uint32_t vt, const uint64_t *slots);

/* vec(local) and vec(operand) of a frame. inner is the frame that it called,
 * or NULL: what lies in that is not this one's any more. */
void core_frame_values(struct bytes *b, const struct engine_frame *f,
                       const struct engine_frame *inner);

#endif
