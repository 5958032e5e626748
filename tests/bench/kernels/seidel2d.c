/* SPDX-License-Identifier: Apache-2.0 */
/* Nine-point Gauss-Seidel sweep, as in PolyBench's seidel-2d. Prints a checksum, so that every engine can be seen to agree. */
#include <stdio.h>
#include <stdlib.h>
#include <math.h>

#define N 400
#define STEPS 120
static double a[N][N];

int
main(void)
{
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++)
            a[i][j] = ((double)i * (j + 2) + 2) / N;
    for (int t = 0; t < STEPS; t++)
        for (int i = 1; i < N - 1; i++)
            for (int j = 1; j < N - 1; j++)
                a[i][j] = (a[i - 1][j - 1] + a[i - 1][j] + a[i - 1][j + 1] +
                           a[i][j - 1] + a[i][j] + a[i][j + 1] +
                           a[i + 1][j - 1] + a[i + 1][j] + a[i + 1][j + 1]) /
                          9.0;
    double s = 0;
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++)
            s += a[i][j];
    printf("seidel2d %.6f\n", s);
    return 0;
}
