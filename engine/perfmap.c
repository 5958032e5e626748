/* SPDX-License-Identifier: Apache-2.0 */
/* The map for perf; see perfmap.h. A line is one write, so that what perf reads
 * is complete up to the last one, however the process ends. */
#include "perfmap.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

atomic_bool perfmap_enabled;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char name[64];
static int fd = -1;

int
perfmap_start(void)
{
    int r = 0;

    pthread_mutex_lock(&lock);
    if (fd < 0) {
        snprintf(name, sizeof name, "/tmp/perf-%ld.map", (long)getpid());
        unlink(name); /* of a process that had our number */
        fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
        r = fd < 0 ? -errno : 0;
    }
    atomic_store_explicit(&perfmap_enabled, fd >= 0, memory_order_release);
    pthread_mutex_unlock(&lock);
    return r;
}

const char *
perfmap_name(void)
{
    return name;
}

void
perfmap_write(const void *start, size_t size, const char *module,
              const char *function)
{
    char line[512];
    int n = snprintf(line, sizeof line - 1, "%" PRIxPTR " %zx %.120s:%.300s",
                     (uintptr_t)start, size, module ? module : "wasm",
                     function ? function : "?");

    for (int i = 0; i < n; i++)
        if (line[i] == '\n')
            line[i] = '?';
    if (n < 0 || (size_t)n >= sizeof line - 1)
        return;
    line[n++] = '\n';
    pthread_mutex_lock(&lock);
    if (fd >= 0 && write(fd, line, (size_t)n) != n)
        atomic_store(&perfmap_enabled, false); /* the disk is full */
    pthread_mutex_unlock(&lock);
}
