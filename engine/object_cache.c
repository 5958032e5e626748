/* SPDX-License-Identifier: Apache-2.0 */
/* Compiled objects kept on disk; see object_cache.h. */
#include "object_cache.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "cpu.h"
#include "options.h"
#include "pith_errno.h"

#define MOST_OBJECTS 65536u

/* ---- names ---- */

static void
key_of(const struct engine_module *m, struct cache_key *key)
{
    struct sha256 s;
    char cpu[CPU_TEXT];

    memcpy(key->kind, "pithobj3", sizeof key->kind);
    sha256_init(&s);
    sha256_add(&s, m->bytes, m->size);
    sha256_finish(&s, key->what);
    cache_engine(key->engine);
    cpu_text(cpu);
    sha256_init(&s);
    sha256_add(&s, cpu, strlen(cpu));
    if (engine_options()->canonical_nan)
        sha256_add(&s, "canonical", 9);
    sha256_finish(&s, key->cpu);
}

static void
name_of(char name[CACHE_NAME], const struct engine_module *m,
        const struct cache_key *key)
{
    int at = snprintf(name, CACHE_NAME, "%zx-", m->size);

    sha256_hex(key->what, name + at);
    at += 2 * SHA256_BYTES;
    name[at++] = '-';
    for (unsigned i = 0; i < 8; i++)
        at += snprintf(name + at, CACHE_NAME - (size_t)at, "%02x",
                       key->engine[i] ^ key->cpu[i]);
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

/* ---- reading ---- */

static bool
parse(struct object_cache *c)
{
    const uint8_t *body = c->file.body;
    size_t size = c->file.size;
    uint32_t head[2]; /* how many; whole */
    uint64_t n, at;

    if (size < sizeof head)
        return false;
    memcpy(head, body, sizeof head);
    n = head[0];
    if (!n || n > MOST_OBJECTS || n > size / 8 - 1 || head[1] > 1)
        return false;
    c->blobs = calloc((size_t)n, sizeof *c->blobs);
    if (!c->blobs)
        return false;
    at = (8 + n * 8 + 15) & ~(uint64_t)15;
    for (uint32_t i = 0; i < n; i++) {
        uint64_t bytes;

        memcpy(&bytes, body + 8 + i * 8u, sizeof bytes);
        if (at > size || bytes > size - at)
            return false;
        c->blobs[i] = (struct object_blob){body + at, (size_t)bytes};
        at = (at + bytes + 15) & ~(uint64_t)15;
    }
    c->n = head[0];
    c->whole = head[1];
    return true;
}

bool
object_cache_open(struct object_cache *c, struct engine_module *m)
{
    struct cache_key key;
    char name[CACHE_NAME];

    memset(c, 0, sizeof *c);
    if (!may_be_kept(m))
        return false;
    key_of(m, &key);
    name_of(name, m, &key);
    if (!cache_file_open(&c->file, name, &key))
        return false;
    if (parse(c))
        return true;
    cache_file_remove(name);
    object_cache_close(c);
    return false;
}

void
object_cache_close(struct object_cache *c)
{
    cache_file_close(&c->file);
    free(c->blobs);
    memset(c, 0, sizeof *c);
}

/* ---- writing ---- */

static uint8_t *
body_of(const struct object_blob *blobs, uint32_t n, bool whole, size_t *size)
{
    const uint32_t head[2] = {n, whole};
    size_t start = (8 + n * 8u + 15) & ~(size_t)15, at = start, total = start;
    uint8_t *p;

    for (uint32_t i = 0; i < n; i++)
        total = (total + blobs[i].size + 15) & ~(size_t)15;
    p = calloc(1, total);
    if (!p)
        return NULL;
    memcpy(p, head, sizeof head);
    for (uint32_t i = 0; i < n; i++) {
        uint64_t bytes = blobs[i].size;

        memcpy(p + 8 + i * 8u, &bytes, sizeof bytes);
        memcpy(p + at, blobs[i].bytes, blobs[i].size);
        at = (at + blobs[i].size + 15) & ~(size_t)15;
    }
    *size = total;
    return p;
}

int
object_cache_write(struct engine_module *m, const struct object_blob *blobs,
                   uint32_t n, bool whole)
{
    struct cache_key key;
    char name[CACHE_NAME];
    size_t size;
    uint8_t *p;
    int r;

    if (!engine_options()->cache)
        return -E_NOENT;
    p = body_of(blobs, n, whole, &size);
    if (!p)
        return -E_NOMEM;
    key_of(m, &key);
    name_of(name, m, &key);
    r = cache_file_write(name, &key, p, size);
    free(p);
    return r;
}
