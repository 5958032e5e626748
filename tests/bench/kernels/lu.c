/* SPDX-License-Identifier: Apache-2.0 */
/* LU factorisation without pivoting, as in PolyBench's lu. Prints a checksum, so that every engine can be seen to agree. */
#include <stdio.h>
#include <stdlib.h>
#include <math.h>

#define N 420
static double a[N][N];

int
main(void)
{
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++)
            a[i][j] = i == j ? 2.0 * N : (double)((i * 7 + j * 3) % 11) / 11;
    for (int rep = 0; rep < 10; rep++)
        for (int i = 0; i < N; i++) {
            for (int j = 0; j < i; j++) {
                for (int k = 0; k < j; k++)
                    a[i][j] -= a[i][k] * a[k][j];
                a[i][j] /= a[j][j];
            }
            for (int j = i; j < N; j++)
                for (int k = 0; k < i; k++)
                    a[i][j] -= a[i][k] * a[k][j];
        }
    double s = 0;
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++)
            s += a[i][j];
    printf("lu %.6f\n", s);
    return 0;
}
