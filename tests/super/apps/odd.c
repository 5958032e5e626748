/* SPDX-License-Identifier: Apache-2.0 */
/* Prints what a log has to write otherwise. */
#include <unistd.h>

int
main(void)
{
    static const char text[] =
        "say \"\\\x01\xff\xc3\xbc\xc3\xe2\x82\" \xf0\x9f\x98\x80\n";

    write(1, text, sizeof text - 1);
    for (;;)
        pause();
}
