/* SPDX-License-Identifier: Apache-2.0 */
/* Five-point stencil, as in PolyBench's jacobi-2d. Prints a checksum, so that every engine can be seen to agree. */
#include <stdio.h>
#include <stdlib.h>
#include <math.h>

#define N 700
#define STEPS 300
static double a[N][N], b[N][N];

static void
step(double x[N][N], double y[N][N])
{
    for (int i = 1; i < N - 1; i++)
        for (int j = 1; j < N - 1; j++)
            y[i][j] = 0.2 * (x[i][j] + x[i][j - 1] + x[i][j + 1] +
                             x[i + 1][j] + x[i - 1][j]);
}

int
main(void)
{
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++)
            a[i][j] = ((double)i * (j + 2) + 2) / N;
    for (int t = 0; t < STEPS; t++) {
        step(a, b);
        step(b, a);
    }
    double s = 0;
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++)
            s += a[i][j];
    printf("jacobi2d %.6f\n", s);
    return 0;
}
