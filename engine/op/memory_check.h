/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses in memory 0 with an explicit check. */
#ifndef ENGINE_OP_MEMORY_ACCESS_H
#define ENGINE_OP_MEMORY_ACCESS_H

#define EA(T, p, address, offset)                                              \
    uint64_t ea_ = (uint64_t)(uint32_t)(address) + (uint32_t)(offset);         \
    if (UNLIKELY(ea_ + sizeof(T) > memory_bytes(in->mem0)))                           \
        TRAP(ENGINE_MEMORY_BOUNDS);                                            \
    uint8_t *p = mem + ea_

#endif
