/* SPDX-License-Identifier: Apache-2.0 */
/* Two matrix products D = A B C, row by column, as in PolyBench's 2mm. Prints a checksum, so that every engine can be seen to agree. */
#include <stdio.h>
#include <stdlib.h>
#include <math.h>

#define N 260
static double a[N][N], b[N][N], c[N][N], t[N][N], d[N][N];

static void
product(double x[N][N], double y[N][N], double z[N][N])
{
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            double s = 0;
            for (int k = 0; k < N; k++)
                s += x[i][k] * y[k][j];
            z[i][j] = s;
        }
}

int
main(void)
{
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            a[i][j] = (double)(i * j % N) / N;
            b[i][j] = (double)(i * (j + 1) % N) / N;
            c[i][j] = (double)(i * (j + 3) % N) / N;
        }
    double s = 0;
    for (int rep = 0; rep < 10; rep++) {
        product(a, b, t);
        product(t, c, d);
        for (int i = 0; i < N; i++)
            for (int j = 0; j < N; j++)
                s += a[i][j] = d[i][j] / (1 + fabs(d[i][j]));
    }
    printf("mm2 %.6f\n", s);
    return 0;
}
