/* SPDX-License-Identifier: Apache-2.0 */
/* Compiled objects kept on disk; see object_cache.h. */
#define _GNU_SOURCE
#include "object_cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cpu.h"
#include "engine_version.h" /* generated: ENGINE_VERSION, of the sources */
#include "options.h"
#include "pith_errno.h"
#include "write_all.h"
#include "sha256.h"

#define MOST_OBJECTS 65536u
#define STALE_SECONDS 3600 /* of files that a writer left behind */

static const char magic[8] = "pithobj1";

struct header {
    char magic[8];
    uint8_t module[SHA256_BYTES], engine[SHA256_BYTES], cpu[SHA256_BYTES];
    uint64_t size; /* of the file */
    uint64_t checksum[2];
    uint32_t n, zero;
};

/* ---- names and sums ---- */

/* Against damage, not against malice: four lanes of multiply and rotate. */
static void
checksum(const uint8_t *p, size_t n, uint64_t out[2])
{
    uint64_t lane[4] = {1, 2, 3, 4}, v[4];

    for (; n >= sizeof v; p += sizeof v, n -= sizeof v) {
        memcpy(v, p, sizeof v);
        for (unsigned i = 0; i < 4; i++) {
            lane[i] = (lane[i] ^ v[i]) * 0x9e3779b97f4a7c15u;
            lane[i] = lane[i] << 29 | lane[i] >> 35;
        }
    }
    for (; n; n--)
        lane[n & 3] = (lane[n & 3] ^ *p++) * 0xff51afd7ed558ccdu;
    out[0] = lane[0] * 3 ^ lane[1] << 7 ^ lane[1] >> 57 ^ lane[2];
    out[1] = lane[2] * 5 ^ lane[3] << 9 ^ lane[3] >> 55 ^ lane[0];
}

static void
identify(const struct engine_module *m, struct header *h)
{
    struct sha256 s;
    char cpu[CPU_TEXT];

    memset(h, 0, sizeof *h);
    memcpy(h->magic, magic, sizeof magic);
    sha256_init(&s);
    sha256_add(&s, m->bytes, m->size);
    sha256_finish(&s, h->module);
    sha256_init(&s);
    sha256_add(&s, ENGINE_VERSION, strlen(ENGINE_VERSION));
    if (engine_options()->canonical_nan)
        sha256_add(&s, "canonical", 9);
    sha256_finish(&s, h->engine);
    cpu_text(cpu);
    sha256_init(&s);
    sha256_add(&s, cpu, strlen(cpu));
    sha256_finish(&s, h->cpu);
}

static bool
file_name(char *path, size_t size, const struct engine_module *m,
          const struct header *h)
{
    const char *dir = engine_options()->cache;
    int at = dir ? snprintf(path, size, "%s/%zx-", dir, m->size) : -1;

    if (at < 0 || (size_t)at + 120 > size)
        return false;
    for (unsigned i = 0; i < SHA256_BYTES; i++)
        at += snprintf(path + at, size - (size_t)at, "%02x", h->module[i]);
    path[at++] = '-';
    for (unsigned i = 0; i < 8; i++)
        at += snprintf(path + at, size - (size_t)at, "%02x",
                       h->engine[i] ^ h->cpu[i]);
    snprintf(path + at, size - (size_t)at, ".pith");
    return true;
}

/* ---- reading ---- */

static bool
parse(struct object_cache *c, const struct header *want)
{
    struct header h;
    uint64_t sum[2], at;
    const uint8_t *sizes;

    if (c->size < sizeof h)
        return false;
    memcpy(&h, c->map, sizeof h);
    checksum(c->map + sizeof h, c->size - sizeof h, sum);
    if (memcmp(h.magic, want->magic, sizeof magic) != 0 ||
        memcmp(h.module, want->module, SHA256_BYTES) != 0 ||
        memcmp(h.engine, want->engine, SHA256_BYTES) != 0 ||
        memcmp(h.cpu, want->cpu, SHA256_BYTES) != 0 || h.size != c->size ||
        h.zero || memcmp(h.checksum, sum, sizeof sum) || !h.n ||
        h.n > MOST_OBJECTS || h.n > (c->size - sizeof h) / 8)
        return false;
    c->blobs = calloc(h.n, sizeof *c->blobs);
    if (!c->blobs)
        return false;
    sizes = c->map + sizeof h;
    at = (sizeof h + h.n * 8u + 15) & ~(uint64_t)15;
    for (uint32_t i = 0; i < h.n; i++) {
        uint64_t size;

        memcpy(&size, sizes + i * 8u, sizeof size);
        if (at > c->size || size > c->size - at)
            return false;
        c->blobs[i] = (struct object_blob){c->map + at, (size_t)size};
        at = (at + size + 15) & ~(uint64_t)15;
    }
    c->n = h.n;
    return true;
}

static bool
map_file(struct object_cache *c, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    struct stat st;
    void *p = MAP_FAILED;

    if (fd < 0)
        return false;
    /* a private copy: what was checked is what is used */
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 &&
        st.st_uid == geteuid() && (uint64_t)st.st_size <= CACHE_BYTES)
        p = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_POPULATE, fd, 0);
    close(fd);
    if (p == MAP_FAILED)
        return false;
    c->map = p;
    c->size = (size_t)st.st_size;
    return true;
}

/* Is anything kept for modules of this size? Saves hashing the others. */
static bool
may_be_kept(const struct engine_module *m)
{
    const char *dir = engine_options()->cache;
    DIR *d = dir ? opendir(dir) : NULL;
    struct dirent *e;
    char start[24];
    int n = snprintf(start, sizeof start, "%zx-", m->size);
    bool found = false;

    while (d && !found && (e = readdir(d)))
        found = !strncmp(e->d_name, start, (size_t)n);
    if (d)
        closedir(d);
    return found;
}

bool
object_cache_open(struct object_cache *c, struct engine_module *m)
{
    struct header want;
    char path[PATH_MAX];

    memset(c, 0, sizeof *c);
    if (!may_be_kept(m))
        return false;
    identify(m, &want);
    if (!file_name(path, sizeof path, m, &want) || access(path, F_OK) < 0)
        return false;
    if (map_file(c, path) && parse(c, &want)) {
        utimensat(AT_FDCWD, path, NULL, 0); /* the oldest goes first */
        return true;
    }
    unlink(path);
    object_cache_close(c);
    return false;
}

void
object_cache_close(struct object_cache *c)
{
    if (c->map)
        munmap(c->map, c->size);
    free(c->blobs);
    memset(c, 0, sizeof *c);
}

/* ---- writing ---- */

/* The file's content after the header. */
static uint8_t *
body(const struct object_blob *blobs, uint32_t n, size_t *size)
{
    size_t start = sizeof(struct header), at, total;
    uint8_t *p;

    total = (start + n * 8u + 15) & ~(size_t)15;
    for (uint32_t i = 0; i < n; i++)
        total = (total + blobs[i].size + 15) & ~(size_t)15;
    p = calloc(1, total - start);
    if (!p)
        return NULL;
    at = (start + n * 8u + 15) & ~(size_t)15;
    for (uint32_t i = 0; i < n; i++) {
        uint64_t bytes = blobs[i].size;

        memcpy(p + i * 8u, &bytes, sizeof bytes);
        memcpy(p + at - start, blobs[i].bytes, blobs[i].size);
        at = (at + blobs[i].size + 15) & ~(size_t)15;
    }
    *size = total - start;
    return p;
}

struct kept {
    struct timespec used;
    uint64_t size;
    char name[NAME_MAX + 1];
};

static int
by_age(const void *a, const void *b)
{
    const struct timespec *x = &((const struct kept *)a)->used;
    const struct timespec *y = &((const struct kept *)b)->used;

    if (x->tv_sec != y->tv_sec)
        return x->tv_sec < y->tv_sec ? 1 : -1;
    return x->tv_nsec < y->tv_nsec ? 1 : x->tv_nsec > y->tv_nsec ? -1 : 0;
}

static bool
is_ours(const char *name, const char *end)
{
    size_t n = strlen(name), m = strlen(end);

    return n > m && !strcmp(name + n - m, end);
}

/* Keep the youngest up to the limit; remove what dead writers left. */
static void
tidy(const char *dir)
{
    DIR *d = opendir(dir);
    struct kept *all = NULL;
    size_t n = 0, cap = 0;
    uint64_t sum = 0;
    struct dirent *e;
    struct stat st;

    while (d && (e = readdir(d))) {
        if (fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        if (is_ours(e->d_name, ".tmp") &&
            time(NULL) - st.st_mtime > STALE_SECONDS)
            unlinkat(dirfd(d), e->d_name, 0);
        if (!is_ours(e->d_name, ".pith"))
            continue;
        if (n == cap) {
            struct kept *p = realloc(all, (cap * 2 + 64) * sizeof *p);

            if (!p)
                break;
            all = p;
            cap = cap * 2 + 64;
        }
        all[n].used = st.st_mtim;
        all[n].size = (uint64_t)st.st_size;
        strcpy(all[n++].name, e->d_name);
    }
    if (n)
        qsort(all, n, sizeof *all, by_age);
    for (size_t i = 0; i < n; i++)
        if ((sum += all[i].size) > CACHE_BYTES)
            unlinkat(dirfd(d), all[i].name, 0);
    free(all);
    if (d)
        closedir(d);
}

/* mkdir -p, private. */
static void
make_directories(const char *dir)
{
    char path[PATH_MAX];

    if (snprintf(path, sizeof path, "%s", dir) >= (int)sizeof path)
        return;
    for (char *p = path + 1; *p; p++)
        if (*p == '/') {
            *p = 0;
            mkdir(path, 0700);
            *p = '/';
        }
    mkdir(path, 0700);
}

static bool
write_file(const char *path, const struct header *h, const uint8_t *p,
           size_t size)
{
    char aside[PATH_MAX + 32];
    int fd;
    bool ok;

    snprintf(aside, sizeof aside, "%s.XXXXXX.tmp", path);
    fd = mkostemps(aside, 4, O_CLOEXEC); /* 0600 */
    if (fd < 0)
        return false;
    ok = write_all(fd, h, sizeof *h) && write_all(fd, p, size);
    ok = close(fd) == 0 && ok;
    if (ok && rename(aside, path) == 0)
        return true;
    unlink(aside);
    return false;
}

int
object_cache_write(struct engine_module *m, const struct object_blob *blobs,
                   uint32_t n)
{
    const char *dir = engine_options()->cache;
    struct header h;
    char path[PATH_MAX];
    size_t size;
    uint8_t *p;
    bool ok;

    if (!dir)
        return -E_NOENT;
    identify(m, &h);
    if (!file_name(path, sizeof path, m, &h))
        return -E_NOENT;
    p = body(blobs, n, &size);
    if (!p)
        return -E_NOMEM;
    h.n = n;
    h.size = sizeof h + size;
    checksum(p, size, h.checksum);
    make_directories(dir);
    ok = h.size <= CACHE_BYTES && write_file(path, &h, p, size);
    free(p);
    if (ok)
        tidy(dir);
    return ok ? 0 : -E_IO;
}
