/* SPDX-License-Identifier: Apache-2.0 */
/* The processor's own words about itself; see cpu.h. */
#include "cpu.h"

#include <stdio.h>

#if defined(__x86_64__)
#include <cpuid.h>

void
cpu_text(char text[CPU_TEXT])
{
    unsigned r[5][4] = {{0}}, xcr0 = 0, high = 0;

    __get_cpuid(0, &r[0][0], &r[0][1], &r[0][2], &r[0][3]);
    __get_cpuid(1, &r[1][0], &r[1][1], &r[1][2], &r[1][3]);
    __get_cpuid_count(7, 0, &r[2][0], &r[2][1], &r[2][2], &r[2][3]);
    __get_cpuid_count(7, 1, &r[3][0], &r[3][1], &r[3][2], &r[3][3]);
    __get_cpuid(0x80000001, &r[4][0], &r[4][1], &r[4][2], &r[4][3]);
    if (r[1][2] & bit_OSXSAVE)
        __asm__("xgetbv" : "=a"(xcr0), "=d"(high) : "c"(0));
    /* leaf 1's second word has the core's number in it, and bit 27 is above */
    snprintf(text, CPU_TEXT, "x86-64 %x%x%x %x %x %x %x %x %x %x %x %x %x %x %x",
             r[0][1], r[0][2], r[0][3], r[1][0], r[1][2], r[1][3], r[2][1],
             r[2][2], r[2][3], r[3][0], r[3][3], r[4][2], r[4][3], xcr0, high);
}

#elif defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>

void
cpu_text(char text[CPU_TEXT])
{
    snprintf(text, CPU_TEXT, "aarch64 %lx %lx", getauxval(AT_HWCAP),
             getauxval(AT_HWCAP2));
}

#else

void
cpu_text(char text[CPU_TEXT])
{
    snprintf(text, CPU_TEXT, "other");
}

#endif
