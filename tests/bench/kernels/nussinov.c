/* SPDX-License-Identifier: Apache-2.0 */
/* RNA folding by dynamic programming, as in PolyBench's nussinov. Prints a checksum, so that every engine can be seen to agree. */
#include <stdio.h>
#include <stdlib.h>
#include <math.h>

#define N 1000
static int table[N][N];
static char seq[N];

static int
max(int a, int b)
{
    return a > b ? a : b;
}

int
main(void)
{
    for (int i = 0; i < N; i++)
        seq[i] = (char)((i + 1) % 4);
    for (int i = N - 1; i >= 0; i--)
        for (int j = i + 1; j < N; j++) {
            table[i][j] = max(table[i][j], table[i][j - 1]);
            if (i + 1 < N)
                table[i][j] = max(table[i][j], table[i + 1][j]);
            if (i + 1 < N) {
                int pair = i < j - 1 && seq[i] + seq[j] == 3;
                table[i][j] = max(table[i][j], table[i + 1][j - 1] + pair);
            }
            for (int k = i + 1; k < j; k++)
                table[i][j] = max(table[i][j], table[i][k] + table[k + 1][j]);
        }
    printf("nussinov %d\n", table[0][N - 1]);
    return 0;
}
