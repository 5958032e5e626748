/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target: files of TVM code, run with little memory and few cycles.
 * What is refused or fails has a sentence; what ran has kept to its limits.
 * Files are opened by fuzz_openat, whatever their names, so that nothing is
 * changed.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>

#include "world.h"

#define MEMORY (1u << 20)
#define CYCLES 100000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int fuzz_openat(int dir, const char *path, int flags, ...);
int fuzz_chdir(const char *path);
int fuzz_access(const char *path, int mode);

int
fuzz_openat(int dir, const char *path, int flags, ...)
{
    (void)dir, (void)path;
    return flags & O_DIRECTORY ? open("/", O_RDONLY | O_DIRECTORY)
                               : open("/dev/zero", O_RDWR);
}

int
fuzz_chdir(const char *path)
{
    return path[0] == '/' ? 0 : -1;
}

int
fuzz_access(const char *path, int mode)
{
    return path[0] && mode ? 0 : -1;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct tvm t;
    struct tvm_limits limits = {MEMORY, 1000, 100, CYCLES};
    struct tvm_host host;
    struct report r = {0};
    struct world w;

    world_init(&w, true, true);
    w.file[0].fd = -1; /* not the fuzzer's own input */
    host = world_host(&w);
    host.now = NULL; /* no second passes */
    if (tvm_load(&t, data, size, &limits, &host, &r)) {
        tvm_run(&t);
        if (t.state == TVM_RUNNING || t.sp > TVM_STACK || t.depth > TVM_DEPTH ||
            t.mem_size > MEMORY || t.heap_end > t.mem_size ||
            (t.state == TVM_FAILED && !t.error.text[0]))
            abort();
        tvm_finish(&t);
    } else if (!r.text[0]) {
        abort();
    }
    world_finish(&w);
    return 0;
}
