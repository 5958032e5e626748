/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions at random; see bare_test.h. Few keys, so that they meet. */
#include "bare_test.h"

#include <string.h>

static uint64_t state;
static uint8_t noise[1 << 17];
static char names[STEPS_MAX + 1][300];
static unsigned nnames;

void
random_start(unsigned seed)
{
    static bool filled;

    state = 1;
    for (size_t k = 0; !filled && k < sizeof noise; k++)
        noise[k] = (uint8_t)random_below(256);
    filled = true;
    state = seed * 0x9e3779b97f4a7c15u + 1;
}

unsigned
random_below(unsigned n)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (unsigned)((state >> 11) % n);
}

static struct store_value
integer(int64_t i)
{
    return (struct store_value){.kind = STORE_INT, .i = i};
}

static int64_t
some_number(void)
{
    static const int64_t edge[] = {0, 1, -1, 127, 128, -128, -129, 32767,
                                   32768, -32769, 8388607, 8388608, -8388609,
                                   INT32_MAX, (int64_t)INT32_MAX + 1,
                                   (int64_t)INT32_MIN - 1, 140737488355327,
                                   140737488355328, -140737488355329,
                                   INT64_MAX, INT64_MIN};

    return random_below(3) ? (int64_t)random_below(100000)
                           : edge[random_below(sizeof edge / sizeof *edge)];
}

static int64_t
some_ino(void)
{
    return random_below(30) ? 1 + (int64_t)random_below(60) : some_number();
}

static int64_t
some_index(void)
{
    return random_below(20) ? (int64_t)random_below(20) : some_number();
}

static struct store_value
some_text(void)
{
    char *to = names[nnames++ % STEPS_MAX];
    size_t n = random_below(4) ? 1 + random_below(3) : random_below(256);

    for (size_t k = 0; k < n; k++)
        to[k] = (char)(random_below(8) ? 'a' + random_below(4)
                                       : 1 + random_below(255));
    return (struct store_value){.kind = STORE_TEXT, .p = to, .n = n};
}

static struct store_value
some_bytes(void)
{
    static const size_t edge[] = {0, 1, 65536, 65535, 16384, 4057, 4096};
    size_t n = random_below(2) ? random_below(300)
               : random_below(2)
                   ? edge[random_below(sizeof edge / sizeof *edge)]
                   : random_below(65537);

    return (struct store_value){
        .kind = STORE_BLOB,
        .p = noise + random_below((unsigned)(sizeof noise - n)),
        .n = n};
}

static void
some_inode(struct store_step *st)
{
    st->arg[0] = integer(some_ino());
    for (int k = 1; k < 11; k++)
        st->arg[k] = integer(some_number());
    if (random_below(3) == 0)
        st->arg[2] = integer(0); /* an orphan */
    if (random_below(3) == 0)
        st->arg[11] = some_text();
}

static void
some_meta(struct store_step *st)
{
    st->arg[0] = some_text();
    switch (random_below(4)) {
    case 0:
        st->arg[1] = integer(some_number());
        break;
    case 1:
        st->arg[1] = some_text();
        break;
    case 2:
        st->arg[1] = some_bytes();
        break;
    default:
        break;
    }
}

static const struct {
    enum store_sql sql;
    unsigned often;
} weight[] = {
    {STORE_PUT_CHUNK, 40},      {STORE_PUT_INODE, 25},
    {STORE_PUT_ENTRY, 25},      {STORE_DEL_ENTRY, 12},
    {STORE_DEL_INODE, 8},       {STORE_DEL_CHUNKS, 6},
    {STORE_PUT_META, 3},        {STORE_PUT_MANIFEST, 6},
    {STORE_DEL_ORPHAN_CHUNKS, 1}, {STORE_DEL_ORPHANS, 1},
    {STORE_DEL_MANIFEST, 1},
};

static enum store_sql
some_change(void)
{
    unsigned all = 0, at;
    size_t k = 0;

    for (size_t i = 0; i < sizeof weight / sizeof *weight; i++)
        all += weight[i].often;
    at = random_below(all);
    while (at >= weight[k].often)
        at -= weight[k++].often;
    return weight[k].sql;
}

size_t
random_steps(struct store_step *steps)
{
    size_t n = 1 + random_below(STEPS_MAX / 2);

    memset(steps, 0, n * sizeof *steps);
    for (size_t k = 0; k < n; k++) {
        struct store_step *st = &steps[k];

        st->sql = some_change();
        switch (st->sql) {
        case STORE_PUT_INODE:
            some_inode(st);
            break;
        case STORE_PUT_META:
            some_meta(st);
            break;
        case STORE_PUT_MANIFEST:
            st->arg[0] = some_text();
            break;
        case STORE_PUT_CHUNK:
            st->arg[0] = integer(some_ino());
            st->arg[1] = integer(some_index());
            st->arg[2] = some_bytes();
            break;
        case STORE_DEL_CHUNKS:
            st->arg[0] = integer(some_ino());
            st->arg[1] = integer(some_index());
            break;
        default:
            st->arg[0] = integer(some_ino());
            st->arg[1] = some_text();
            st->arg[2] = integer(some_ino());
            st->arg[3] = integer(some_number());
            break;
        }
    }
    return n;
}

enum store_sql
random_question(struct store_value *args)
{
    static const enum store_sql all[] = {
        STORE_META,      STORE_GET_INODE, STORE_GET_DIR,
        STORE_GET_CHUNK, STORE_TOTALS,    STORE_GET_ENTRY,
        STORE_GET_CHUNKS, STORE_GET_MANIFEST};
    enum store_sql which = all[random_below(sizeof all / sizeof *all)];

    memset(args, 0, STORE_ARGS * sizeof *args);
    args[0] = which == STORE_META ? some_text() : integer(some_ino());
    args[1] = which == STORE_GET_ENTRY ? some_text() : integer(some_index());
    return which;
}
