/* SPDX-License-Identifier: Apache-2.0 */
static inline __attribute__((always_inline)) int
element(const int *p, int i)
{
    return p[i];
}
