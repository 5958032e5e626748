/* SPDX-License-Identifier: Apache-2.0 */
/* The relocations that compiled objects contain, by machine. */
#ifndef ENGINE_OBJECT_RELOC_H
#define ENGINE_OBJECT_RELOC_H

#include <elf.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#if defined(__x86_64__)
#define RELOC_MACHINE EM_X86_64

/* Bytes that a relocation changes; 0: not one of ours. */
static inline unsigned
reloc_width(uint32_t type)
{
    switch (type) {
    case R_X86_64_PC32:
    case R_X86_64_PLT32:
        return 4;
    case R_X86_64_64:
    case R_X86_64_PC64:
        return 8;
    default:
        return 0;
    }
}

static inline bool
reloc_apply(uint32_t type, uint8_t *at, uint64_t to)
{
    uint64_t v = type == R_X86_64_64 ? to : to - (uintptr_t)at;
    uint32_t low = (uint32_t)v;

    if (reloc_width(type) == 8) {
        memcpy(at, &v, sizeof v);
        return true;
    }
    memcpy(at, &low, sizeof low);
    return (int64_t)v == (int32_t)low;
}

#elif defined(__aarch64__)
#define RELOC_MACHINE EM_AARCH64

static inline unsigned
reloc_width(uint32_t type)
{
    switch (type) {
    case R_AARCH64_CALL26:
    case R_AARCH64_JUMP26:
    case R_AARCH64_ADR_PREL_PG_HI21:
    case R_AARCH64_ADD_ABS_LO12_NC:
    case R_AARCH64_LDST8_ABS_LO12_NC:
    case R_AARCH64_LDST16_ABS_LO12_NC:
    case R_AARCH64_LDST32_ABS_LO12_NC:
    case R_AARCH64_LDST64_ABS_LO12_NC:
    case R_AARCH64_LDST128_ABS_LO12_NC:
    case R_AARCH64_PREL32:
        return 4;
    case R_AARCH64_ABS64:
    case R_AARCH64_PREL64:
        return 8;
    default:
        return 0;
    }
}

/* The low twelve bits, scaled by 1 << scale, into an instruction. */
static inline uint32_t
reloc_low(uint32_t insn, uint64_t to, unsigned scale)
{
    return insn | (uint32_t)((to & 0xfff) >> scale) << 10;
}

static inline bool
reloc_insn(uint32_t type, uint32_t *insn, uint64_t at, uint64_t to)
{
    int64_t by = (int64_t)(to - at), pages;

    switch (type) {
    case R_AARCH64_CALL26:
    case R_AARCH64_JUMP26:
        *insn |= (uint32_t)(by >> 2) & 0x3ffffff;
        return by >= -(1 << 27) && by < 1 << 27 && !(by & 3);
    case R_AARCH64_ADR_PREL_PG_HI21:
        pages = (int64_t)(to >> 12) - (int64_t)(at >> 12);
        *insn |= ((uint32_t)pages & 3) << 29;
        *insn |= ((uint32_t)(pages >> 2) & 0x7ffff) << 5;
        return pages >= -(1 << 20) && pages < 1 << 20;
    case R_AARCH64_LDST16_ABS_LO12_NC:
        *insn = reloc_low(*insn, to, 1);
        return true;
    case R_AARCH64_LDST32_ABS_LO12_NC:
        *insn = reloc_low(*insn, to, 2);
        return true;
    case R_AARCH64_LDST64_ABS_LO12_NC:
        *insn = reloc_low(*insn, to, 3);
        return true;
    case R_AARCH64_LDST128_ABS_LO12_NC:
        *insn = reloc_low(*insn, to, 4);
        return true;
    default:
        *insn = reloc_low(*insn, to, 0);
        return true;
    }
}

static inline bool
reloc_apply(uint32_t type, uint8_t *at, uint64_t to)
{
    uint64_t v = type == R_AARCH64_ABS64 ? to : to - (uintptr_t)at;
    uint32_t insn;

    if (reloc_width(type) == 8) {
        memcpy(at, &v, sizeof v);
        return true;
    }
    if (type == R_AARCH64_PREL32) {
        insn = (uint32_t)v;
        memcpy(at, &insn, sizeof insn);
        return (int64_t)v == (int32_t)insn;
    }
    memcpy(&insn, at, sizeof insn);
    if (!reloc_insn(type, &insn, (uintptr_t)at, to))
        return false;
    memcpy(at, &insn, sizeof insn);
    return true;
}

#else /* no compiled code: nothing fits */
#define RELOC_MACHINE EM_NONE

static inline unsigned
reloc_width(uint32_t type)
{
    (void)type;
    return 0;
}

static inline bool
reloc_apply(uint32_t type, uint8_t *at, uint64_t to)
{
    (void)type;
    (void)at;
    (void)to;
    return false;
}
#endif

#endif
