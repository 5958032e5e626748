/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of modules; see module_cache.h. */
#include "module_cache.h"

#include <stdlib.h>
#include <time.h>

#include "options.h"

#define SETTLED_SECONDS 2

struct known_header {
    struct engine_file file;
    uint32_t code_at, code_end, nbodies, tail_calls;
};

static bool
is_kept(const struct engine_module *m, const struct engine_file *file)
{
    return file && engine_options()->cache && m->size >= MODULE_CACHE_LEAST &&
           file->size == m->size;
}

static void
find(const struct engine_file *file, char name[CACHE_NAME],
     struct cache_key *key)
{
    struct sha256 s;

    memset(key, 0, sizeof *key);
    memcpy(key->kind, "pithmod1", sizeof key->kind);
    cache_engine(key->engine);
    sha256_init(&s);
    sha256_add(&s, file, sizeof *file);
    sha256_add(&s, key->engine, sizeof key->engine);
    sha256_finish(&s, key->what);
    memcpy(name, "module-", 7);
    sha256_hex(key->what, name + 7);
}

bool
module_cache_open(struct known_module *k, const struct engine_module *m,
                  const struct engine_file *file)
{
    struct cache_key key;
    struct known_header h;
    char name[CACHE_NAME];

    memset(k, 0, sizeof *k);
    if (!is_kept(m, file))
        return false;
    find(file, name, &key);
    if (!cache_file_open(&k->file, name, &key))
        return false;
    if (k->file.size < sizeof h)
        goto bad;
    memcpy(&h, k->file.body, sizeof h);
    if (memcmp(&h.file, file, sizeof *file) != 0 ||
        k->file.size - sizeof h != h.nbodies * sizeof *k->bodies)
        goto bad;
    k->bodies =
        (const struct known_body *)(const void *)(k->file.body + sizeof h);
    k->nbodies = h.nbodies;
    k->code_at = h.code_at;
    k->code_end = h.code_end;
    k->tail_calls = h.tail_calls;
    return true;
bad:
    module_cache_close(k);
    cache_file_remove(name);
    return false;
}

void
module_cache_close(struct known_module *k)
{
    cache_file_close(&k->file);
    memset(k, 0, sizeof *k);
}

/* Has the file been what it is for long enough? */
static bool
is_settled(const struct engine_file *file)
{
    struct timespec now;

    if (clock_gettime(CLOCK_REALTIME, &now) < 0)
        return false;
    return file->ctime_s < now.tv_sec - SETTLED_SECONDS;
}

void
module_cache_write(const struct engine_module *m,
                   const struct engine_file *file)
{
    uint32_t n = m->nfuncs - m->nfuncs_imported;
    size_t size = sizeof(struct known_header) + n * sizeof(struct known_body);
    struct known_header *h;
    struct known_body *bodies;
    struct cache_key key;
    char name[CACHE_NAME];

    if (!is_kept(m, file) || !is_settled(file))
        return;
    h = calloc(1, size);
    if (!h)
        return;
    h->file = *file;
    h->code_at = m->code_at;
    h->code_end = m->code_end;
    h->nbodies = n;
    h->tail_calls = m->tail_calls;
    bodies = (struct known_body *)(h + 1);
    for (uint32_t i = 0; i < n; i++)
        bodies[i] = (struct known_body){m->code[i].body, m->code[i].length};
    find(file, name, &key);
    cache_file_write(name, &key, h, size);
    free(h);
}
