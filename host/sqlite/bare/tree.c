/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQLite's B-trees; see tree.h. This includes SQLite whole, with all of it
 * static: what is not used here is not compiled. Its internals are those of the
 * one version that Debian has, whose checksum vm/sqlite.sh asks for; what is
 * done with them is what its VDBE does for the same statements.
 */
#define SQLITE_API static
#define SQLITE_PRIVATE static
#define SQLITE_OMIT_AUTOINIT 1
#include <sqlite3.c>

#undef MIN
#undef MAX
#include "../db.h"
#include "fs/store_schema.h"
#include "pith_errno.h"
#include "tree.h"

#include <pthread.h>
#include <stdlib.h>

#if SQLITE_VERSION_NUMBER != 3040001
#error "read this file again for this version of SQLite"
#endif

#define RECORD_MAX (4u << 20)    /* as store_db_harden says for SQL */
#define LOG_PAGES 1000           /* folded back from then on: SQLite's own */
#define LOG_KEPT (64 << 20)      /* journal_size_limit */
#define CACHE_KIB 4096

struct trees {
    sqlite3 db; /* only what the B-tree asks of it */
    sqlite3_vfs *vfs;
    Btree *bt;
    sqlite3_filename name;
    Pgno root[TREES];
    bool open[TREES];
    BtCursor cursor[TREES];
    bool write; /* the transaction is */
    uint8_t *record;
    size_t room;
};

/* ---- errors, and SQLite's start ------------------------------------------- */

static int
error(struct trees *t, int code)
{
    int e = 0;

    if (code == SQLITE_OK)
        return 0;
    if ((code & 0xff) == SQLITE_IOERR || (code & 0xff) == SQLITE_CANTOPEN)
        e = sqlite3OsGetLastError(t->vfs);
    return store_db_error(code, e);
}

static int started = SQLITE_ERROR;

/* sqlite3_initialize without SQL's functions. */
static void
start(void)
{
    int code = sqlite3MutexInit();

    sqlite3GlobalConfig.isMutexInit = 1;
    if (code == SQLITE_OK)
        code = sqlite3MallocInit();
    sqlite3GlobalConfig.isMallocInit = 1;
    if (code == SQLITE_OK)
        code = sqlite3PcacheInitialize();
    sqlite3GlobalConfig.isPCacheInit = 1;
    if (code == SQLITE_OK)
        code = sqlite3OsInit();
    if (code == SQLITE_OK)
        sqlite3GlobalConfig.isInit = 1;
    started = code;
}

static bool
is_started(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, start);
    return started == SQLITE_OK;
}

sqlite3_vfs *
store_db_vfs(const char *name)
{
    return is_started() ? sqlite3_vfs_find(name) : NULL;
}

void
store_db_add_vfs(sqlite3_vfs *vfs)
{
    if (is_started())
        sqlite3_vfs_register(vfs, 0);
}

/* ---- opening -------------------------------------------------------------- */

/* A connection as far as B-trees and the pager look at one. */
static void
init_connection(struct trees *t, int flags)
{
    sqlite3 *db = &t->db;

    db->pVfs = t->vfs;
    db->aDb = db->aDbStatic;
    db->nDb = 1;
    db->enc = SQLITE_UTF8;
    db->autoCommit = 1;
    db->temp_store = 2; /* in memory */
    db->openFlags = (unsigned)flags;
    db->flags = SQLITE_CacheSpill | SQLITE_CellSizeCk;
    db->lookaside.bDisable = 1;
    db->eOpenState = SQLITE_STATE_OPEN;
    for (int k = 0; k < SQLITE_N_LIMIT; k++)
        db->aLimit[k] = RECORD_MAX;
}

static int
complain(struct trees *t, int code, const char *path, struct report *report)
{
    report_set(report, 0, "%s cannot be opened: %s", path,
               sqlite3ErrStr(code));
    return error(t, code);
}

int
trees_open(const char *path, int flags, bool immutable, const char *vfs,
           struct trees **out, struct report *report)
{
    const char *parameters[] = {"immutable", "1"};
    struct trees *t = calloc(1, sizeof *t);
    int code;

    if (!t || !is_started()) {
        free(t);
        return -E_NOMEM;
    }
    t->vfs = sqlite3_vfs_find(vfs);
    init_connection(t, flags);
    t->root[TREE_SCHEMA] = 1;
    t->name = sqlite3_create_filename(path, "", "", immutable, parameters);
    code = t->name ? SQLITE_OK : SQLITE_NOMEM;
    if (code == SQLITE_OK)
        code = sqlite3BtreeOpen(t->vfs, t->name, &t->db, &t->bt, 0,
                                flags | SQLITE_OPEN_MAIN_DB);
    t->db.aDb[0].pBt = t->bt;
    if (code != SQLITE_OK) {
        code = complain(t, code, path, report);
        trees_close(t, true);
        return code;
    }
    sqlite3BtreeSetPagerFlags(t->bt,
                              PAGER_SYNCHRONOUS_FULL | PAGER_CACHESPILL);
    sqlite3BtreeSetCacheSize(t->bt, -CACHE_KIB);
    sqlite3BtreeSecureDelete(t->bt, 0);
    sqlite3PagerLockingMode(sqlite3BtreePager(t->bt),
                            PAGER_LOCKINGMODE_EXCLUSIVE);
    *out = t;
    return 0;
}

/* What `PRAGMA journal_mode` does. */
static int
set_journal(struct trees *t, int mode)
{
    Pager *pager = sqlite3BtreePager(t->bt);
    int was = sqlite3PagerGetJournalMode(pager), code = SQLITE_OK;

    if (was == mode)
        return SQLITE_OK;
    if (!sqlite3PagerOkToChangeJournalMode(pager))
        return SQLITE_BUSY;
    if (was == PAGER_JOURNALMODE_WAL) {
        code = sqlite3PagerCloseWal(pager, &t->db);
        if (code == SQLITE_OK)
            sqlite3PagerSetJournalMode(pager, mode);
    }
    if (code == SQLITE_OK)
        code = sqlite3BtreeSetVersion(t->bt,
                                      mode == PAGER_JOURNALMODE_WAL ? 2 : 1);
    if (code == SQLITE_OK) {
        sqlite3PagerSetJournalMode(pager, mode);
        code = sqlite3BtreeCommit(t->bt); /* of the version: page 1 */
    }
    if (code != SQLITE_OK)
        sqlite3BtreeRollback(t->bt, SQLITE_OK, 0);
    return code;
}

static uint32_t
meta(struct trees *t, int which)
{
    u32 n;

    sqlite3BtreeGetMeta(t->bt, which, &n);
    return n;
}

/* In a transaction: what of the format is not as a Pith disk has it? */
static const char *
unlike_ours(struct trees *t)
{
    if (meta(t, BTREE_APPLICATION_ID) != 0x50495448)
        return "is not a Pith disk";
    if (meta(t, BTREE_TEXT_ENCODING) != SQLITE_UTF8)
        return "has text in UTF-16, which is not for this machine";
    if (meta(t, BTREE_FILE_FORMAT) != 4)
        return "has an old schema format, which is not for this machine";
    if (meta(t, BTREE_LARGEST_ROOT_PAGE) != 0)
        return "has auto_vacuum, which is not for this machine";
    return NULL;
}

int
trees_configure(struct trees *t, const char *name, bool readonly,
                uint64_t max_bytes, struct report *report)
{
    const char *unlike = NULL;
    int code = sqlite3BtreeBeginTrans(t->bt, 0, NULL);

    if (code == SQLITE_OK)
        unlike = unlike_ours(t);
    sqlite3BtreeCommit(t->bt);
    if (code == SQLITE_OK && unlike) {
        report_set(report, 0, "%s %s", name, unlike);
        return -E_IO;
    }
    if (code == SQLITE_OK && !readonly)
        code = set_journal(t, PAGER_JOURNALMODE_WAL);
    if (code != SQLITE_OK)
        return complain(t, code, name, report);
    sqlite3PagerJournalSizeLimit(sqlite3BtreePager(t->bt), LOG_KEPT);
    if (max_bytes)
        sqlite3BtreeMaxPageCount(t->bt, (Pgno)(max_bytes / 16384));
    return 0;
}

void
trees_close(struct trees *t, bool readonly)
{
    if (t->bt && !readonly)
        set_journal(t, PAGER_JOURNALMODE_DELETE);
    if (t->bt)
        sqlite3BtreeClose(t->bt);
    sqlite3_free_filename(t->name);
    free(t->record);
    free(t);
}

int
trees_set_root(struct trees *t, enum tree which, int64_t page)
{
    if (page < 2 || page > (int64_t)sqlite3BtreeLastPage(t->bt))
        return -E_IO;
    for (int k = 0; k < TREES; k++)
        if (t->root[k] == (Pgno)page)
            return -E_IO;
    t->root[which] = (Pgno)page;
    return 0;
}

void
trees_space(struct trees *t, uint64_t *total, uint64_t *unused)
{
    uint64_t page = (uint64_t)sqlite3BtreeGetPageSize(t->bt);
    uint64_t pages = sqlite3BtreeLastPage(t->bt);
    uint64_t free_ = meta(t, BTREE_FREE_PAGE_COUNT);

    *total = pages * page;
    *unused = (free_ < pages ? free_ : pages) * page;
}

/* ---- transactions --------------------------------------------------------- */

/* sqlite3PagerCheckpoint, which would bring in all of SQL for a log that was
 * not opened yet. What cannot be folded back now stays in the log. */
static void
fold_log(struct trees *t, Pager *pager)
{
    if (pager->pWal)
        sqlite3WalCheckpoint(pager->pWal, &t->db, SQLITE_CHECKPOINT_PASSIVE,
                             NULL, NULL, pager->walSyncFlags,
                             (int)pager->pageSize, (u8 *)pager->pTmpSpace,
                             NULL, NULL);
}

static void
close_cursor(struct trees *t, enum tree which)
{
    if (t->open[which])
        sqlite3BtreeCloseCursor(&t->cursor[which]);
    t->open[which] = false;
}

int
tree_begin(struct trees *t, bool write)
{
    int code;

    t->db.mallocFailed = 0;
    code = sqlite3BtreeBeginTrans(t->bt, write, NULL);
    if (code != SQLITE_OK)
        sqlite3BtreeRollback(t->bt, SQLITE_OK, 0);
    t->write = write && code == SQLITE_OK;
    return error(t, code);
}

int
tree_end(struct trees *t, int r)
{
    Pager *pager = sqlite3BtreePager(t->bt);
    int code;

    for (int k = 0; k < TREES; k++)
        close_cursor(t, (enum tree)k);
    if (r == 0 || !t->write) {
        code = sqlite3BtreeCommit(t->bt);
        if (r == 0)
            r = error(t, code);
    }
    if (r != 0 && t->write)
        sqlite3BtreeRollback(t->bt, SQLITE_OK, 0);
    else if (t->write && sqlite3PagerWalCallback(pager) >= LOG_PAGES)
        fold_log(t, pager);
    t->write = false;
    return r;
}

/* ---- cursors -------------------------------------------------------------- */

#define COLUMNS_MAX 4

/* Of an index: how many columns are its key, and how many there are. */
static KeyInfo *
key_info(enum tree which)
{
    static const struct {
        u16 keys, all;
    } shape[TREES] = {
        [TREE_META] = {1, 2},       [TREE_ENTRIES] = {2, 4},
        [TREE_CHUNK_KEYS] = {2, 3}, [TREE_MANIFEST] = {1, 1},
        [TREE_ORPHANS] = {2, 2},
    };
    static union {
        KeyInfo info;
        char room[sizeof(KeyInfo) + COLUMNS_MAX * sizeof(CollSeq *)];
    } infos[TREES]; /* no collations: bytes */
    static u8 ascending[COLUMNS_MAX];
    KeyInfo *k = &infos[which].info;

    if (!shape[which].keys)
        return NULL;
    k->nRef = 1;
    k->enc = SQLITE_UTF8;
    k->nKeyField = shape[which].keys;
    k->nAllField = shape[which].all;
    k->aSortFlags = ascending;
    return k;
}

static int
open_cursor(struct trees *t, enum tree which, BtCursor **out)
{
    BtCursor *c = &t->cursor[which];
    int code = SQLITE_OK;

    *out = c;
    if (t->open[which])
        return SQLITE_OK;
    if (!t->root[which])
        return SQLITE_CORRUPT;
    sqlite3BtreeCursorZero(c);
    code = sqlite3BtreeCursor(t->bt, t->root[which],
                              t->write ? BTREE_WRCSR : 0, key_info(which), c);
    t->open[which] = code == SQLITE_OK;
    return code;
}

static int
found(struct trees *t, int code, bool is)
{
    return code == SQLITE_OK ? is : error(t, code);
}

int
tree_seek_row(struct trees *t, enum tree which, int64_t row)
{
    BtCursor *c;
    int way = -1, code = open_cursor(t, which, &c);

    if (code == SQLITE_OK)
        code = sqlite3BtreeTableMoveto(c, row, 0, &way);
    return found(t, code, way == 0);
}

static void
set_key(Mem *mem, const struct store_value *v, unsigned n)
{
    for (unsigned k = 0; k < n; k++) {
        union {
            const void *in;
            char *out;
        } p = {v[k].p ? v[k].p : ""};

        memset(&mem[k], 0, sizeof mem[k]);
        mem[k].enc = SQLITE_UTF8;
        mem[k].flags = v[k].kind == STORE_INT    ? MEM_Int
                       : v[k].kind == STORE_TEXT ? MEM_Str
                       : v[k].kind == STORE_BLOB ? MEM_Blob
                                                 : MEM_Null;
        mem[k].u.i = v[k].i;
        mem[k].z = p.out;
        mem[k].n = (int)v[k].n;
    }
}

static int
seek(struct trees *t, enum tree which, const struct store_value *key,
     unsigned n, i8 when_equal, BtCursor **c, int *way)
{
    Mem mem[COLUMNS_MAX];
    UnpackedRecord r = {.aMem = mem, .nField = (u16)n,
                        .default_rc = when_equal};
    int code = open_cursor(t, which, c);

    *way = -1;
    if (code != SQLITE_OK)
        return code;
    r.pKeyInfo = (*c)->pKeyInfo;
    set_key(mem, key, n);
    return sqlite3BtreeIndexMoveto(*c, &r, way);
}

int
tree_seek_key(struct trees *t, enum tree which, const struct store_value *key,
              unsigned n)
{
    BtCursor *c;
    int way, code = seek(t, which, key, n, 0, &c, &way);

    return found(t, code, way == 0);
}

int
tree_seek_from(struct trees *t, enum tree which,
               const struct store_value *key, unsigned n)
{
    BtCursor *c;
    int way, code = seek(t, which, key, n, 1, &c, &way);

    if (code == SQLITE_OK && sqlite3BtreeEof(c))
        return 0;
    if (code == SQLITE_OK && way < 0)
        return tree_next(t, which);
    return found(t, code, true);
}

int
tree_first(struct trees *t, enum tree which)
{
    BtCursor *c;
    int none = 1, code = open_cursor(t, which, &c);

    if (code == SQLITE_OK)
        code = sqlite3BtreeFirst(c, &none);
    return found(t, code, !none);
}

int
tree_last(struct trees *t, enum tree which)
{
    BtCursor *c;
    int none = 1, code = open_cursor(t, which, &c);

    if (code == SQLITE_OK)
        code = sqlite3BtreeLast(c, &none);
    return found(t, code, !none);
}

int
tree_next(struct trees *t, enum tree which)
{
    int code = sqlite3BtreeNext(&t->cursor[which], 0);

    return code == SQLITE_DONE ? 0 : found(t, code, true);
}

int
tree_count(struct trees *t, enum tree which, int64_t *out)
{
    BtCursor *c;
    i64 n = 0;
    int code = open_cursor(t, which, &c);

    if (code == SQLITE_OK)
        code = sqlite3BtreeCount(&t->db, c, &n);
    *out = n;
    return error(t, code);
}

int64_t
tree_row(struct trees *t, enum tree which)
{
    return sqlite3BtreeIntegerKey(&t->cursor[which]);
}

int
tree_read(struct trees *t, enum tree which, const uint8_t **record, size_t *n)
{
    BtCursor *c = &t->cursor[which];
    u32 size = sqlite3BtreePayloadSize(c);
    uint8_t *more;

    if (size > RECORD_MAX)
        return -E_IO;
    if (size > t->room) {
        more = realloc(t->record, size);
        if (!more)
            return -E_NOMEM;
        t->record = more;
        t->room = size;
    }
    *record = t->record;
    *n = size;
    return size ? error(t, sqlite3BtreePayload(c, 0, size, t->record)) : 0;
}

/* ---- changes -------------------------------------------------------------- */

int
tree_put_row(struct trees *t, enum tree which, int64_t row,
             const void *record, size_t n)
{
    BtreePayload x = {.nKey = row, .pData = record, .nData = (int)n};
    BtCursor *c;
    int code = open_cursor(t, which, &c);

    if (code == SQLITE_OK)
        code = sqlite3BtreeInsert(c, &x, 0, 0);
    return error(t, code);
}

int
tree_put_key(struct trees *t, enum tree which, const struct store_value *key,
             unsigned nkey, const void *record, size_t n)
{
    Mem mem[COLUMNS_MAX];
    BtreePayload x = {.pKey = record, .nKey = (i64)n, .aMem = mem,
                      .nMem = (u16)nkey};
    BtCursor *c;
    int code = open_cursor(t, which, &c);

    set_key(mem, key, nkey);
    if (code == SQLITE_OK)
        code = sqlite3BtreeInsert(c, &x, 0, 0);
    return error(t, code);
}

int
tree_delete(struct trees *t, enum tree which)
{
    return error(t, sqlite3BtreeDelete(&t->cursor[which], 0));
}

int
tree_clear(struct trees *t, enum tree which)
{
    close_cursor(t, which);
    return error(t, t->root[which]
                        ? sqlite3BtreeClearTable(t->bt, (int)t->root[which],
                                                 NULL)
                        : SQLITE_CORRUPT);
}
