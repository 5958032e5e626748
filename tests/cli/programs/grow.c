/* SPDX-License-Identifier: Apache-2.0 */
/* How many 64 KiB pages of memory can it get? At most 100 MiB are asked for. */
#include <stdio.h>
int main(void)
{
    unsigned n = 0;
    while (n < 1600 && __builtin_wasm_memory_grow(0, 1) != (unsigned long)-1)
        n++;
    printf("%s\n", n < 1600 ? "limited" : "unlimited");
    return 0;
}
