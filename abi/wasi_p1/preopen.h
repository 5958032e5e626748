/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Preview 1 for the rest of the system: its two import modules, and the names
 * of preopened directories.
 */
#ifndef WASI_P1_PREOPEN_H
#define WASI_P1_PREOPEN_H

/* Register wasi_snapshot_preview1 and wasi_unstable with the kernel. */
void wasi_p1_register(void);

/*
 * The granted directory at path is preopened as name ("." or "data/" instead
 * of its absolute path). For the host, before the program starts. Copied.
 * -E_NOMEM, -E_MFILE.
 */
int wasi_preopen_alias(const char *path, const char *name);

#endif
