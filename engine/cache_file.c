/* SPDX-License-Identifier: Apache-2.0 */
/* Files of the cache; see cache_file.h. */
#define _GNU_SOURCE
#include "cache_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "engine_version.h" /* generated: ENGINE_VERSION, of the sources */
#include "options.h"
#include "pith_errno.h"
#include "write_all.h"

#define STALE_SECONDS 3600 /* of files that a writer left behind */

struct header {
    struct cache_key key;
    uint64_t size; /* of the file */
    uint64_t checksum[2];
};

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

void
cache_engine(uint8_t out[SHA256_BYTES])
{
    struct sha256 s;

    sha256_init(&s);
    sha256_add(&s, ENGINE_VERSION, strlen(ENGINE_VERSION));
    sha256_finish(&s, out);
}

static bool
path_of(char path[PATH_MAX], const char *name)
{
    const char *dir = engine_options()->cache;
    int n = dir ? snprintf(path, PATH_MAX, "%s/%s.pith", dir, name) : -1;

    return n > 0 && n < PATH_MAX;
}

/* ---- reading ---- */

static bool
map_file(struct cache_file *f, const char *path)
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
    f->map = p;
    f->mapped = (size_t)st.st_size;
    return true;
}

static bool
is_right(struct cache_file *f, const struct cache_key *key)
{
    struct header h;
    uint64_t sum[2];

    if (f->mapped < sizeof h)
        return false;
    memcpy(&h, f->map, sizeof h);
    f->body = f->map + sizeof h;
    f->size = f->mapped - sizeof h;
    checksum(f->body, f->size, sum);
    return !memcmp(&h.key, key, sizeof *key) && h.size == f->mapped &&
           !memcmp(h.checksum, sum, sizeof sum);
}

bool
cache_file_open(struct cache_file *f, const char *name,
                const struct cache_key *key)
{
    char path[PATH_MAX];

    memset(f, 0, sizeof *f);
    if (!path_of(path, name) || access(path, F_OK) < 0)
        return false;
    if (map_file(f, path) && is_right(f, key)) {
        utimensat(AT_FDCWD, path, NULL, 0); /* the oldest goes first */
        return true;
    }
    unlink(path);
    cache_file_close(f);
    return false;
}

void
cache_file_remove(const char *name)
{
    char path[PATH_MAX];

    if (path_of(path, name))
        unlink(path);
}

void
cache_file_close(struct cache_file *f)
{
    if (f->map)
        munmap(f->map, f->mapped);
    memset(f, 0, sizeof *f);
}

/* ---- writing ---- */

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
write_file(const char *path, const struct header *h, const void *p, size_t size)
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
cache_file_write(const char *name, const struct cache_key *key,
                 const void *body, size_t size)
{
    struct header h = {.key = *key, .size = sizeof h + size};
    char path[PATH_MAX];

    if (!path_of(path, name))
        return -E_NOENT;
    if (h.size > CACHE_BYTES)
        return -E_IO;
    checksum(body, size, h.checksum);
    make_directories(engine_options()->cache);
    if (!write_file(path, &h, body, size))
        return -E_IO;
    tidy(engine_options()->cache);
    return 0;
}
