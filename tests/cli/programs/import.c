/* SPDX-License-Identifier: Apache-2.0 */
/* Imports a function that nobody has. */
__attribute__((import_module("env"), import_name("frobnicate"))) int frob(void);
int main(void) { return frob(); }
