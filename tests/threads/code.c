/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads that load code (docs/code.md): each into a table of its own, against
 * the memory that they share. Prints "code 4000".
 */
#include "mini.h"

#include "../../abi/pith/abi.h"

#define P(name) __attribute__((import_module("pith"), import_name(#name)))
int32_t raw_code_load(u32, u32, u32) P(code_load);
int32_t raw_code_drop(u32) P(code_drop);

/* Adds 1 to the counter, atomically; its function is at env.__table_base. */
static const unsigned char made[] = {
    0, 'a', 's', 'm', 1, 0, 0, 0,
    1, 4, 1, 0x60, 0, 0,
    2, 71, 3,
    3, 'e', 'n', 'v', 6, 'm', 'e', 'm', 'o', 'r', 'y', 2, 3, 1, 0x80, 0x20,
    3, 'e', 'n', 'v', 25, '_', '_', 'i', 'n', 'd', 'i', 'r', 'e', 'c', 't', '_',
    'f', 'u', 'n', 'c', 't', 'i', 'o', 'n', '_', 't', 'a', 'b', 'l', 'e',
    1, 0x70, 0, 0,
    3, 'e', 'n', 'v', 12, '_', '_', 't', 'a', 'b', 'l', 'e', '_', 'b', 'a', 's',
    'e', 3, 0x7f, 0,
    3, 2, 1, 0,
    9, 7, 1, 0, 0x23, 0, 0x0b, 1, 0,
    10, 17, 1, 15, 0, 0x41, 0x80, 0x80, 0x80, 0x80, 0,
    0x41, 1, 0xfe, 0x1e, 2, 0, 0x1a, 0x0b,
};

static u32 count;

static void
load_and_call(u32 times)
{
    struct pith_code c = {.table_base = PITH_CODE_GROW, .table_size = 1};
    unsigned char mine[sizeof made];
    u32 v = AT(&count), at = 0;

    for (u32 i = 0; i < sizeof made; i++)
        mine[i] = made[i];
    while (!(mine[at] == 0x80 && mine[at + 1] == 0x80))
        at++;
    for (int i = 0; i < 5; i++, v >>= 7)
        mine[at + (u32)i] = (unsigned char)((v & 0x7f) | (i < 4 ? 0x80 : 0));
    for (u32 i = 0; i < times; i++) {
        int32_t n = raw_code_load(AT(mine), sizeof mine, AT(&c));

        if (n <= 0)
            raw_proc_exit(3);
        for (int k = 0; k < 10; k++)
            ((void (*)(void))(uintptr_t)c.table_base)();
        if (raw_code_drop((u32)n) != 0)
            raw_proc_exit(4);
    }
}

__attribute__((export_name("_start"))) void
_start(void)
{
    for (u32 i = 0; i < 8; i++)
        if (start(i, load_and_call, 50) <= 0)
            raw_proc_exit(2);
    for (u32 i = 0; i < 8; i++)
        join(i);
    say("code ");
    say_number(get(&count));
    say("\n");
}
