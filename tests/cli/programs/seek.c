/* SPDX-License-Identifier: Apache-2.0 */
/* Asks where standard output stands, as LLVM's tools do, then writes. */
#include <stdio.h>
#include <unistd.h>

int
main(void)
{
    if (lseek(1, 0, SEEK_CUR) < 0)
        return 3;
    return write(1, "x\n", 2) == 2 ? 0 : 4;
}
