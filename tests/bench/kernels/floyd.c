/* SPDX-License-Identifier: Apache-2.0 */
/* All shortest paths, as in PolyBench's floyd-warshall. Prints a checksum, so that every engine can be seen to agree. */
#include <stdio.h>
#include <stdlib.h>
#include <math.h>

#define N 700
static int path[N][N];

int
main(void)
{
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            path[i][j] = i * j % 7 + 1;
            if ((i + j) % 13 == 0 || (i + j) % 7 == 0 || (i + j) % 11 == 0)
                path[i][j] = 999;
        }
    for (int k = 0; k < N; k++)
        for (int i = 0; i < N; i++)
            for (int j = 0; j < N; j++)
                if (path[i][k] + path[k][j] < path[i][j])
                    path[i][j] = path[i][k] + path[k][j];
    long s = 0;
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++)
            s += path[i][j];
    printf("floyd %ld\n", s);
    return 0;
}
