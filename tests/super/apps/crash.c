/* SPDX-License-Identifier: Apache-2.0 */
/* Crashes at once. */
int
main(void)
{
    __builtin_trap();
}
