/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
int main(void)
{
    while (puts("y") >= 0)
        ;
    return 3; /* only when the write fails and nobody ends it */
}
