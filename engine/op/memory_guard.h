/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses in memory 0 when it is a reservation (mem_guard.c): base plus
 * 32-bit address plus an offset below GUARD_OFFSET stays inside it, and what is
 * not accessible faults. The translator sends larger offsets through `address`.
 */
#ifndef ENGINE_OP_MEMORY_ACCESS_H
#define ENGINE_OP_MEMORY_ACCESS_H

#define EA(T, p, address, offset)                                              \
    uint8_t *p = mem + (uint64_t)(uint32_t)(address) + (uint32_t)(offset)

#endif
