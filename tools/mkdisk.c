/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pith-mkdisk: a Pith disk from a directory of the host.
 *
 *     pith-mkdisk OUT.pith DIRECTORY TREE
 *
 * TREE says what the host's directory cannot: a line "path mode user group" for
 * each file that is not the usual 755 or 644 of root; a path that ends in / is
 * a directory, made when it is missing. Lines with # are comments.
 *
 * The same input gives the same bytes: names are taken in order, numbers given
 * in that order, times are those of the files. What lies in /bin, /sbin, /lib
 * and /usr is noted in the manifest: store_seed() replaces it in upgrades.
 */
#define _GNU_SOURCE
#include "../host/sqlite/sql.h"
#include "fs/store_schema.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct rule {
    char *path;
    bool directory, used;
    unsigned mode, uid, gid;
};

struct hard_link {
    struct hard_link *next;
    dev_t dev;
    ino_t host;
    int64_t ino;
};

static struct {
    sqlite3 *db;
    sqlite3_stmt *inode, *entry, *chunk, *manifest;
    struct rule *rules;
    size_t nrules;
    struct hard_link *links;
    int64_t next_ino;
    uint64_t id[2];
    struct report report;
    uint64_t files, bytes;
} mk = {.next_ino = STORE_ROOT_INO,
        .id = {0xcbf29ce484222325u, 0x84222325cbf29ce4u}};

static void __attribute__((noreturn, format(printf, 1, 2)))
die(const char *format, ...)
{
    va_list ap;

    fprintf(stderr, "pith-mkdisk: ");
    va_start(ap, format);
    vfprintf(stderr, format, ap);
    va_end(ap);
    fprintf(stderr, "\n");
    exit(1);
}

static void *
need(void *p)
{
    if (!p)
        die("out of memory");
    return p;
}

/* Two FNV-1a sums make the image's id: another one when anything differs. */
static void
mix(const void *data, size_t n)
{
    const unsigned char *s = data;

    for (size_t k = 0; k < n; k++) {
        mk.id[0] = (mk.id[0] ^ s[k]) * 0x100000001b3u;
        mk.id[1] = (mk.id[1] ^ s[k]) * 0x9e3779b97f4a7c15u;
    }
}

/* ---- the rules ---------------------------------------------------------- */

static void
read_rules(const char *file)
{
    FILE *f = fopen(file, "r");
    char line[4096], path[4096];
    int number = 0;

    if (!f)
        die("%s: %s", file, strerror(errno));
    while (fgets(line, sizeof line, f)) {
        struct rule r = {0};
        size_t n;
        char rest;
        number++;
        line[strcspn(line, "#\n")] = '\0';
        if (line[strspn(line, " \t")] == '\0')
            continue;
        if (sscanf(line, "%4095s %o %u %u %c", path, &r.mode, &r.uid, &r.gid,
                   &rest) != 4 ||
            path[0] != '/' || r.mode > 07777)
            die("%s:%d: want: /path mode user group", file, number);
        n = strlen(path);
        if (n > 1 && path[n - 1] == '/') {
            r.directory = true;
            path[n - 1] = '\0';
        }
        r.path = need(strdup(path));
        mk.rules = need(realloc(mk.rules, (mk.nrules + 1) * sizeof *mk.rules));
        mk.rules[mk.nrules++] = r;
    }
    fclose(f);
}

static struct rule *
rule_for(const char *path)
{
    for (size_t n = 0; n < mk.nrules; n++)
        if (strcmp(mk.rules[n].path, path) == 0) {
            mk.rules[n].used = true;
            return &mk.rules[n];
        }
    return NULL;
}

/* ---- rows --------------------------------------------------------------- */

static sqlite3_stmt *
prepare(const char *text)
{
    sqlite3_stmt *st;

    if (sqlite3_prepare_v2(mk.db, text, -1, &st, NULL) != SQLITE_OK)
        die("%s", sqlite3_errmsg(mk.db));
    return st;
}

static void
step(sqlite3_stmt *st)
{
    if (sqlite3_step(st) != SQLITE_DONE)
        die("%s", sqlite3_errmsg(mk.db));
    sqlite3_reset(st);
    sqlite3_clear_bindings(st);
}

struct node {
    int64_t ino;
    unsigned mode, uid, gid, nlink;
    int64_t size, time;
    const char *target;
};

static void
put_inode(const struct node *n)
{
    const int64_t column[] = {n->ino,  n->mode, n->nlink, n->uid,
                              n->gid,  0,       n->size,
                              S_ISREG(n->mode) ? n->size : 0,
                              n->time, n->time, n->time};

    for (int k = 0; k < 11; k++)
        sqlite3_bind_int64(mk.inode, k + 1, column[k]);
    if (n->target)
        sqlite3_bind_text(mk.inode, 12, n->target, -1, SQLITE_TRANSIENT);
    mix(column + 1, sizeof column - sizeof *column);
    if (n->target)
        mix(n->target, strlen(n->target));
    step(mk.inode);
}

static void
put_entry(int64_t dir, const char *name, int64_t ino, int64_t cookie)
{
    sqlite3_bind_int64(mk.entry, 1, dir);
    sqlite3_bind_text(mk.entry, 2, name, -1, SQLITE_TRANSIENT);
    sqlite3_bind_int64(mk.entry, 3, ino);
    sqlite3_bind_int64(mk.entry, 4, cookie);
    step(mk.entry);
}

/* The contents; returns their size. */
static int64_t
put_chunks(const char *host, int64_t ino)
{
    static char buf[STORE_CHUNK];
    int fd = open(host, O_RDONLY | O_NOFOLLOW);
    int64_t size = 0;

    if (fd < 0)
        die("%s: %s", host, strerror(errno));
    for (int64_t index = 0;; index++) {
        size_t n = 0;
        ssize_t got = 1;
        while (n < sizeof buf && got > 0) {
            got = read(fd, buf + n, sizeof buf - n);
            if (got < 0)
                die("%s: %s", host, strerror(errno));
            n += (size_t)got;
        }
        if (n == 0)
            break;
        sqlite3_bind_int64(mk.chunk, 1, ino);
        sqlite3_bind_int64(mk.chunk, 2, index);
        sqlite3_bind_blob64(mk.chunk, 3, buf, n, SQLITE_STATIC);
        step(mk.chunk);
        mix(buf, n);
        size += (int64_t)n;
    }
    close(fd);
    return size;
}

/* ---- the tree ----------------------------------------------------------- */

static bool
is_system(const char *path)
{
    static const char *const dirs[] = {"/bin", "/sbin", "/lib", "/usr"};

    for (size_t n = 0; n < sizeof dirs / sizeof *dirs; n++) {
        size_t len = strlen(dirs[n]);
        if (strncmp(path, dirs[n], len) == 0 &&
            (path[len] == '/' || path[len] == '\0'))
            return true;
    }
    return false;
}

static int64_t add_directory(const char *host, const char *path,
                             int64_t time, unsigned *subdirs);

/* The names of a host directory and of the rules below path, sorted. */
struct names {
    char **list;
    size_t n;
};

static void
add_name(struct names *s, const char *name, size_t len)
{
    for (size_t k = 0; k < s->n; k++)
        if (strlen(s->list[k]) == len && memcmp(s->list[k], name, len) == 0)
            return;
    s->list = need(realloc(s->list, (s->n + 1) * sizeof *s->list));
    s->list[s->n++] = need(strndup(name, len));
}

static int
by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static struct names
list(const char *host, const char *path)
{
    struct names s = {NULL, 0};
    struct dirent *e;
    DIR *d = opendir(host);
    size_t len = strcmp(path, "/") == 0 ? 0 : strlen(path);

    if (!d && errno != ENOENT)
        die("%s: %s", host, strerror(errno));
    while (d && (e = readdir(d)))
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            add_name(&s, e->d_name, strlen(e->d_name));
    if (d)
        closedir(d);
    for (size_t k = 0; k < mk.nrules; k++) {
        const struct rule *r = &mk.rules[k];
        if (r->directory && strncmp(r->path, path, len) == 0 &&
            r->path[len] == '/' && r->path[len + 1])
            add_name(&s, r->path + len + 1,
                     strcspn(r->path + len + 1, "/"));
    }
    if (s.n)
        qsort(s.list, s.n, sizeof *s.list, by_bytes);
    return s;
}

/* A file met under another name already, or 0. */
static int64_t
known_link(const struct stat *st, int64_t ino)
{
    struct hard_link *l;

    if (st->st_nlink < 2)
        return 0;
    for (l = mk.links; l; l = l->next)
        if (l->dev == st->st_dev && l->host == st->st_ino)
            return l->ino;
    l = need(malloc(sizeof *l));
    *l = (struct hard_link){mk.links, st->st_dev, st->st_ino, ino};
    mk.links = l;
    return 0;
}

static void
one_more_link(int64_t ino)
{
    char text[128];

    snprintf(text, sizeof text,
             "UPDATE inodes SET nlink=nlink+1 WHERE ino=%" PRId64, ino);
    if (store_sqlite_run(mk.db, text, &mk.report) < 0)
        die("%s", mk.report.text);
}

static int64_t
add_file(const char *host, const char *path, const struct stat *st)
{
    const struct rule *r = rule_for(path);
    struct node n = {.nlink = 1, .time = (int64_t)st->st_mtime * 1000000000};
    char target[4096];
    ssize_t len;
    int64_t known;

    known = known_link(st, mk.next_ino);
    if (known) {
        one_more_link(known);
        return known;
    }
    n.ino = mk.next_ino++;
    n.mode = st->st_mode & 07777;
    if (r)
        n.mode = r->mode;
    n.uid = r ? r->uid : 0;
    n.gid = r ? r->gid : 0;
    n.mode |= st->st_mode & S_IFMT;
    if (S_ISREG(st->st_mode)) {
        n.size = put_chunks(host, n.ino);
    } else if (S_ISLNK(st->st_mode)) {
        len = readlink(host, target, sizeof target - 1);
        if (len < 0)
            die("%s: %s", host, strerror(errno));
        target[len] = '\0';
        n.target = target;
        n.size = len;
        n.mode = S_IFLNK | 0777;
    } else {
        die("%s is neither a file, a directory nor a link", host);
    }
    put_inode(&n);
    mk.files++;
    mk.bytes += (uint64_t)n.size;
    return n.ino;
}

/* Whatever is at host, or a directory that only a rule asks for. */
static int64_t
add(const char *host, const char *path, int64_t time, unsigned *subdirs)
{
    struct stat st;

    if (is_system(path)) {
        sqlite3_bind_text(mk.manifest, 1, path, -1, SQLITE_TRANSIENT);
        step(mk.manifest);
    }
    mix(path, strlen(path) + 1);
    if (lstat(host, &st) < 0) {
        if (errno != ENOENT)
            die("%s: %s", host, strerror(errno));
        return add_directory(host, path, time, subdirs);
    }
    if (S_ISDIR(st.st_mode))
        return add_directory(host, path, (int64_t)st.st_mtime * 1000000000,
                             subdirs);
    return add_file(host, path, &st);
}

static int64_t
add_directory(const char *host, const char *path, int64_t time,
              unsigned *subdirs)
{
    const struct rule *r = rule_for(path);
    struct node n = {.ino = mk.next_ino++, .time = time};
    struct names s = list(host, path);
    struct stat st;
    unsigned below = 0;

    n.mode = lstat(host, &st) == 0 ? st.st_mode & 07777 : 0755;
    if (r)
        n.mode = r->mode;
    n.mode |= S_IFDIR;
    n.uid = r ? r->uid : 0;
    n.gid = r ? r->gid : 0;
    for (size_t k = 0; k < s.n; k++) {
        char *h, *p;
        int64_t ino;
        if (asprintf(&h, "%s/%s", host, s.list[k]) < 0 ||
            asprintf(&p, "%s/%s", strcmp(path, "/") ? path : "", s.list[k]) <
                0)
            die("out of memory");
        ino = add(h, p, time, &below);
        put_entry(n.ino, s.list[k], ino, (int64_t)k + 2);
        free(h);
        free(p);
        free(s.list[k]);
    }
    free(s.list);
    n.nlink = 2 + below;
    put_inode(&n);
    (*subdirs)++;
    return n.ino;
}

static void
put_id(void)
{
    char text[160];

    snprintf(text, sizeof text,
             "INSERT INTO meta VALUES('image','%016" PRIx64 "%016" PRIx64 "')",
             mk.id[0], mk.id[1]);
    if (store_sqlite_run(mk.db, text, &mk.report) < 0)
        die("%s", mk.report.text);
}

static void
begin(const char *out)
{
    unlink(out);
    if (store_sqlite_connect(out, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
                             NULL, &mk.report, &mk.db) < 0 ||
        store_sqlite_run(mk.db, STORE_PAGE_SIZE, &mk.report) < 0 ||
        store_sqlite_run(mk.db, "PRAGMA journal_mode=MEMORY;"
                                "PRAGMA synchronous=OFF; BEGIN",
                         &mk.report) < 0 ||
        store_sqlite_run(mk.db, STORE_SCHEMA, &mk.report) < 0)
        die("%s", mk.report.text);
    mk.inode = prepare("INSERT INTO inodes(ino,mode,nlink,uid,gid,rdev,size,"
                       "bytes,atime,mtime,ctime,target) "
                       "VALUES(?,?,?,?,?,?,?,?,?,?,?,?)");
    mk.entry = prepare("INSERT INTO entries(dir,name,ino,cookie) "
                       "VALUES(?,?,?,?)");
    mk.chunk = prepare("INSERT INTO chunks(ino,idx,data) VALUES(?,?,?)");
    mk.manifest = prepare("INSERT INTO manifest(path) VALUES(?)");
}

int
main(int argc, char **argv)
{
    unsigned subdirs = 0;
    struct stat st;

    if (argc != 4) {
        fprintf(stderr, "usage: pith-mkdisk OUT.pith DIRECTORY TREE\n");
        return 2;
    }
    if (stat(argv[2], &st) < 0)
        die("%s: %s", argv[2], strerror(errno));
    read_rules(argv[3]);
    begin(argv[1]);
    add_directory(argv[2], "/", (int64_t)st.st_mtime * 1000000000, &subdirs);
    for (size_t n = 0; n < mk.nrules; n++)
        if (!mk.rules[n].used)
            die("%s names %s, which is not there", argv[3],
                mk.rules[n].path);
    put_id();
    sqlite3_finalize(mk.inode);
    sqlite3_finalize(mk.entry);
    sqlite3_finalize(mk.chunk);
    sqlite3_finalize(mk.manifest);
    if (store_sqlite_run(mk.db, "COMMIT", &mk.report) < 0)
        die("%s", mk.report.text);
    sqlite3_close(mk.db);
    printf("%s: %" PRIu64 " files, %" PRIu64 " KiB\n", argv[1], mk.files,
           mk.bytes / 1024);
    return 0;
}
