/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The errors of every layer: E_NOENT and so on, from errno.def. Functions
 * return >= 0 or -E_....
 */
#ifndef PITH_PITH_ERRNO_H
#define PITH_PITH_ERRNO_H

enum pith_errno {
#define X(name, number, text) E_##name = number,
#include "errno.def"
#undef X
};

/* "ENOENT" for E_NOENT (or -E_NOENT); "E?" when unknown. Static. */
const char *pith_errno_name(int e);
/* "No such file or directory"; "Unknown error" when unknown. Static. */
const char *pith_errno_text(int e);

#endif
