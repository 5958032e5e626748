/* SPDX-License-Identifier: Apache-2.0 */
/* No _start: linked with -nostartfiles, exports add. */
__attribute__((export_name("add"))) int add(int a, int b) { return a + b; }
