/* SPDX-License-Identifier: Apache-2.0 */
/* Dense matrix product C = alpha AB + beta C, as in PolyBench's gemm. Prints a checksum, so that every engine can be seen to agree. */
#include <stdio.h>
#include <stdlib.h>
#include <math.h>

#define N 420
static double a[N][N], b[N][N], c[N][N];

int
main(void)
{
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            a[i][j] = (double)((i * j + 1) % N) / N;
            b[i][j] = (double)(i * (j + 1) % N) / N;
            c[i][j] = (double)(i * (j + 2) % N) / N;
        }
    for (int rep = 0; rep < 9; rep++)
        for (int i = 0; i < N; i++) {
            for (int j = 0; j < N; j++)
                c[i][j] *= 0.7;
            for (int k = 0; k < N; k++)
                for (int j = 0; j < N; j++)
                    c[i][j] += 1.1 * a[i][k] * b[k][j];
        }
    double s = 0;
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++)
            s += c[i][j];
    printf("gemm %.6f\n", s);
    return 0;
}
