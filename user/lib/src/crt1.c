/* SPDX-License-Identifier: Apache-2.0 */
/* The program's entry: an object of its own so that every link has it. */
void __pith_start(void);

__attribute__((export_name("_start"))) void
_start(void)
{
    __pith_start();
}
