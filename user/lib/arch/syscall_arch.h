/* SPDX-License-Identifier: Apache-2.0 */
/* System calls are functions here: internal/syscall.h. */
