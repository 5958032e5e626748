/* SPDX-License-Identifier: Apache-2.0 */
/* Says that it runs, then sleeps for its argument's seconds. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
int main(int argc, char **argv)
{
    puts("running");
    fflush(stdout);
    sleep(argc > 1 ? (unsigned)atoi(argv[1]) : 100);
    return 0;
}
