/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's struct is the program's. */
#include <sys/stat.h>
#define kstat stat
