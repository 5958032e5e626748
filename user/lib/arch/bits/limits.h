/* SPDX-License-Identifier: Apache-2.0 */
/* What mmap aligns to; linear memory itself grows by 64 KiB. */
#define PAGESIZE 4096
