/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store's backend: asks the storage Worker; see storage.h. One request at a
 * time, the asking Worker sleeps meanwhile.
 */
#include <stdatomic.h>
#include <string.h>

#include "pith_errno.h"
#include "storage.h"
#include "web.h"

static struct storage_request request;
static uint8_t buffer[STORAGE_BUFFER];
static struct web_lock lock;

EXPORT(void *, storage_area, void)
{
    return &request;
}

/* Lock held. */
static int
ask(uint32_t op)
{
    request.op = op;
    request.buffer = (uint32_t)(uintptr_t)buffer;
    atomic_store(&request.word, STORAGE_ASKED);
    web_wake(&request.word, 1);
    while (atomic_load(&request.word) != STORAGE_DONE)
        web_wait(&request.word, STORAGE_ASKED, HOST_FOREVER);
    atomic_store(&request.word, STORAGE_FREE);
    return request.result;
}

static int
give_rows(store_row *row, void *ctx)
{
    const uint8_t *at = buffer;
    int r = 0;

    for (uint32_t k = 0; k < request.rows && r == 0; k++) {
        const struct storage_record *rec = (const void *)at;
        struct store_value v[STORAGE_COLUMNS];

        at += sizeof *rec;
        for (uint32_t i = 0; i < rec->n; i++) {
            v[i] = rec->v[i];
            if (v[i].kind != STORE_TEXT && v[i].kind != STORE_BLOB)
                continue;
            v[i].p = at;
            at += (v[i].n + 7) & ~(size_t)7;
        }
        r = row ? row(ctx, v, rec->n) : 0;
    }
    return r;
}

static int
web_query(struct store_backend *b, enum store_sql sql,
          const struct store_value *args, store_row *row, void *ctx)
{
    int r;

    (void)b;
    web_lock(&lock);
    request.sql = sql;
    request.args = (uint32_t)(uintptr_t)args;
    r = ask(STORAGE_QUERY);
    while (r == 0) {
        r = give_rows(row, ctx);
        if (r != 0 && request.more)
            ask(STORAGE_STOP);
        if (r != 0 || !request.more)
            break;
        r = ask(STORAGE_MORE);
    }
    web_unlock(&lock);
    return r;
}

static int
web_commit(struct store_backend *b, const struct store_step *steps, size_t n)
{
    int r;

    (void)b;
    web_lock(&lock);
    request.steps = (uint32_t)(uintptr_t)steps;
    request.nsteps = (uint32_t)n;
    r = ask(STORAGE_COMMIT);
    web_unlock(&lock);
    return r;
}

static int
web_space(struct store_backend *b, uint64_t *used, uint64_t *left)
{
    int r;

    (void)b;
    web_lock(&lock);
    r = ask(STORAGE_SPACE);
    *used = request.used;
    *left = request.left;
    web_unlock(&lock);
    return r;
}

static void
web_close(struct store_backend *b)
{
    (void)b;
    web_lock(&lock);
    ask(STORAGE_CLOSE);
    web_unlock(&lock);
}

static const struct store_backend_ops ops = {
    .query = web_query,
    .commit = web_commit,
    .space = web_space,
    .close = web_close,
};

int
web_store_ask(uint32_t op, uint64_t offset, void *out, uint32_t room)
{
    int r;

    web_lock(&lock);
    request.used = offset;
    request.left = room;
    r = ask(op);
    if (r > 0 && (uint32_t)r <= room)
        memcpy(out, buffer, (size_t)r);
    web_unlock(&lock);
    return r;
}

struct store_backend *
web_store(void)
{
    static struct store_backend backend = {&ops};

    return &backend;
}
