/* SPDX-License-Identifier: Apache-2.0 */
/* System calls are named imports (abi/pith/syscall.def), not numbers. */
