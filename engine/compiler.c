/* SPDX-License-Identifier: Apache-2.0 */
/* Finding and loading pith-llvm.so; see compiler.h. */
#define _GNU_SOURCE
#include "compiler.h"

#include <dlfcn.h>
#include <linux/limits.h> /* by <limits.h> gcc would find ours */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "config.h"

static struct compiler compiler;
static pthread_once_t loaded = PTHREAD_ONCE_INIT;

static bool
path_of(char *path, size_t size)
{
    const char *given = getenv("PITH_LLVM");
    char self[PATH_MAX], *slash;
    ssize_t n;

    if (given)
        return snprintf(path, size, "%s", given) < (int)size;
    n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n <= 0)
        return false;
    self[n] = 0;
    slash = strrchr(self, '/');
    if (!slash)
        return false;
    *slash = 0;
    return snprintf(path, size, "%s/../lib/pith-llvm.so", self) < (int)size;
}

bool
compiler_available(void)
{
    char path[PATH_MAX + 32];

    return ENGINE_GUARD && path_of(path, sizeof path) &&
           access(path, R_OK) == 0;
}

static void
load(void)
{
    char path[PATH_MAX + 32];
    void *so;

    if (!path_of(path, sizeof path))
        return;
    so = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!so)
        return;
    compiler.fits = (llvm_fits_fn *)dlsym(so, "pith_llvm_fits");
    compiler.target = (llvm_target_fn *)dlsym(so, "pith_llvm_target");
    compiler.compile = (llvm_compile_fn *)dlsym(so, "pith_llvm_compile");
}

const struct compiler *
compiler_get(void)
{
    pthread_once(&loaded, load);
    return compiler.fits && compiler.target && compiler.compile ? &compiler
                                                                : NULL;
}
