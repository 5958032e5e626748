/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the page asks of the kernel (pith.js): files, programs, the state of
 * things. One request at a time, in a block of shared memory; a kernel task does
 * it and tells the page by a message.
 */
#include <stdatomic.h>
#include <string.h>

#include "../../abi/wasi_p1/preopen.h"
#include "call.h"
#include "lib.h"
#include "main.h"
#include "pith_errno.h"
#include "storage.h"
#include "vfs.h"
#include "web.h"

#define DATA (512u << 10)
#define PROGRAM_MAX (256u << 20)

enum api_op { /* pith.js has the same */
    API_READ,
    API_WRITE,
    API_LIST,
    API_SPAWN,
    API_KILL,
    API_PROCESSES,
    API_STATUS,
    API_SYNC,
    API_FREEZE,
    API_THAW,
    API_DISK,
    API_LEAVE,
};

/* JavaScript knows this layout (machine.js). */
static struct {
    _Atomic uint32_t word; /* 1: asked */
    uint32_t op;
    int32_t result;
    uint32_t n; /* bytes in data */
    uint64_t offset;
    char path[PITH_PATH_MAX];
    uint8_t data[DATA];
} api;

EXPORT(void *, api_area, void)
{
    return &api;
}

/* ---- files ------------------------------------------------------------------- */

static int64_t
transfer(uint32_t flags, bool write)
{
    struct uio_seg seg;
    struct uio u;
    struct file *f;
    int64_t r = vfs_open(NULL, NULL, api.path, flags, 0644, &f);

    if (r < 0)
        return r;
    uio_kernel(&u, &seg, api.data, write ? api.n : DATA);
    u.offset = api.offset;
    r = -E_ISDIR;
    if (write && f->ops->write)
        r = f->ops->write(f, &u);
    else if (!write && f->ops->read)
        r = f->ops->read(f, &u);
    file_put(f);
    return r;
}

static int
read_file(void)
{
    int64_t r = transfer(PITH_O_RDONLY | PITH_O_NONBLOCK, false);

    api.n = r > 0 ? (uint32_t)r : 0;
    return (int)r;
}

static int
write_file(void)
{
    uint32_t flags = PITH_O_WRONLY | PITH_O_CREAT;

    return (int)transfer(api.offset ? flags : flags | PITH_O_TRUNC, true);
}

struct listing {
    struct text out;
    const char *dir;
};

static void
list_entry(struct listing *l, const char *name, size_t len, uint32_t mode)
{
    struct dentry_path *d;
    struct pith_stat st = {0};
    char path[PITH_PATH_MAX];
    char kind = (mode & PITH_S_IFMT) == PITH_S_IFDIR   ? 'd'
                : (mode & PITH_S_IFMT) == PITH_S_IFREG ? 'f'
                : (mode & PITH_S_IFMT) == PITH_S_IFLNK ? 'l'
                                                       : '?';

    if ((len == 1 && name[0] == '.') || (len == 2 && !memcmp(name, "..", 2)))
        return;
    text_format(path, sizeof path, "%s/%.*s", l->dir, (int)len, name);
    if (kind == 'f' && vfs_lookup(NULL, NULL, path, WALK_NOFOLLOW, &d) == 0) {
        vfs_stat(d->inode, &st);
        path_unref(d);
    }
    text_add(&l->out, "%c %llu ", kind, (unsigned long long)st.size);
    text_add_bytes(&l->out, name, len);
    text_add_bytes(&l->out, "", 1);
}

/* Names are collected first: looking one up while its directory is being read
 * may need what readdir holds. */
struct names {
    uint8_t *at;
    size_t used, room;
};

static int
collect(void *ctx, const char *name, size_t len, uint64_t ino, uint32_t mode,
        uint64_t next)
{
    struct names *n = ctx;
    size_t need = n->used + sizeof mode + 2 + len;

    (void)ino, (void)next;
    if (need > n->room) {
        uint8_t *more = host_realloc(n->at, need * 2);

        if (!more)
            return -E_NOMEM;
        n->at = more;
        n->room = need * 2;
    }
    memcpy(n->at + n->used, &mode, sizeof mode);
    n->at[n->used + 4] = (uint8_t)len;
    n->at[n->used + 5] = (uint8_t)(len >> 8);
    memcpy(n->at + n->used + 6, name, len);
    n->used = need;
    return 0;
}

static int
list_directory(void)
{
    struct listing l = {{(char *)api.data, DATA, 0}, api.path};
    struct names n = {0};
    struct file *f;
    uint64_t pos = 0;
    int r = vfs_open(NULL, NULL, api.path, PITH_O_RDONLY | PITH_O_DIRECTORY, 0,
                     &f);

    if (r < 0)
        return r;
    r = f->ops->readdir ? f->ops->readdir(f, &pos, collect, &n) : -E_NOTDIR;
    file_put(f);
    for (size_t at = 0; r >= 0 && at < n.used;) {
        size_t len = n.at[at + 4] | (size_t)n.at[at + 5] << 8;
        uint32_t mode;

        memcpy(&mode, n.at + at, sizeof mode);
        list_entry(&l, (char *)n.at + at + 6, len, mode);
        at += 6 + len;
    }
    host_free(n.at);
    if (r >= 0 && l.out.used > DATA)
        r = -E_2BIG;
    api.n = r < 0 ? 0 : (uint32_t)l.out.used;
    return r < 0 ? r : 0;
}

/* ---- programs ----------------------------------------------------------------- */

struct capture {
    int pid, fd;
};

static int64_t
capture_write(struct file *f, struct uio *u)
{
    const struct capture *c = f->data;
    uint8_t piece[4096];
    int64_t n = 0, k;

    while ((k = uio_get(u, piece, sizeof piece)) > 0) {
        kernel_unlock();
        web_tell_room();
        kernel_lock();
        web_tell(NEWS_CAPTURED, c->pid, c->fd, 0, piece, (size_t)k);
        n += k;
    }
    return k < 0 && !n ? k : n;
}

static void
capture_release(struct file *f)
{
    host_free(f->data);
}

static const struct file_ops capture_ops = {
    .name = "page",
    .write = capture_write,
    .release = capture_release,
};

/* The program's own grants need not let it read its own file: the kernel does. */
static void
on_exit(struct proc *p, void *ctx)
{
    struct vfs_image *image = ctx;

    web_tell(NEWS_EXITED, p->pid, p->status, 0, "", 0);
    if (image)
        vfs_image_finish(image);
    host_free(image);
}

static int
read_program(struct vfs_image **out)
{
    struct vfs_image *image = host_alloc(sizeof *image);
    struct file *f;
    int r = image ? vfs_open_exec(NULL, api.path, &f) : -E_NOMEM;

    if (r == 0) {
        r = vfs_read_all(f, PROGRAM_MAX, image);
        file_put(f);
    }
    if (r < 0) {
        host_free(image);
        return r;
    }
    *out = image;
    return 0;
}

static struct file *
capture_file(int fd)
{
    struct capture *c = host_alloc(sizeof *c);
    struct file *f;

    if (!c)
        return NULL;
    c->fd = fd;
    f = file_create(&capture_ops, NULL, PITH_O_WRONLY, c);
    if (!f)
        host_free(c);
    return f;
}

/*
 * A program to start: NUL-terminated strings, the first letter says what each is:
 *     a ARGUMENT   e NAME=VALUE   E (no environment)   g GRANT
 *     i PATH (standard input)
 *     n PATH<TAB>NAME (what a WASI program knows the granted PATH by)
 * Without e the usual environment, without g all grants.
 */
#define STRINGS 256

struct start {
    const char *argv[STRINGS + 1], *env[STRINGS + 1];
    const char *input;
    uint32_t nargs, nenv;
    struct grants *grants;
    bool own_grants, own_env;
};

static int
name_preopen(char *path)
{
    char *name = strchr(path, '\t');

    if (!name)
        return -E_INVAL;
    *name++ = 0;
    return wasi_preopen_alias(path, name);
}

static int
take_string(struct start *s, char *text, struct report *why)
{
    const char *value = text + 1;

    switch (text[0]) {
    case 'a':
        if (s->nargs == STRINGS)
            return -E_2BIG;
        s->argv[s->nargs++] = value;
        return 0;
    case 'e':
        if (s->nenv == STRINGS)
            return -E_2BIG;
        s->own_env = true;
        s->env[s->nenv++] = value;
        return 0;
    case 'E':
        s->own_env = true;
        return 0;
    case 'g':
        if (!s->grants && !(s->grants = grants_create()))
            return -E_NOMEM;
        s->own_grants = true;
        return grants_add(s->grants, value, strlen(value), why);
    case 'i':
        s->input = value;
        return 0;
    case 'n':
        return name_preopen(text + 1);
    default:
        return -E_INVAL;
    }
}

static int
begin(struct start *s, struct report *why)
{
    static const char *const usual[] = {
        "PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "HOME=/root",
        "USER=root", "SHELL=/bin/sh", "TERM=dumb", NULL};
    struct proc_spec spec = {.argv = s->argv,
                             .envp = s->own_env ? s->env : usual, .cwd = "/",
                             .new_session = true, .on_exit = on_exit,
                             .grants = s->grants};
    struct vfs_image *image = NULL;
    int r = vfs_open(NULL, NULL, s->input ? s->input : "/dev/null",
                     PITH_O_RDONLY, 0, &spec.stdio[0]);

    for (int fd = 1; fd < 3 && r == 0; fd++) {
        spec.stdio[fd] = capture_file(fd);
        r = spec.stdio[fd] ? 0 : -E_NOMEM;
    }
    if (r == 0 && s->own_grants)
        r = read_program(&image);
    else
        spec.path = api.path;
    if (r == 0 && image) {
        spec.bytes = image->bytes;
        spec.size = image->size;
        spec.on_exit_ctx = image;
    }
    if (r == 0)
        r = proc_start(NULL, &spec, NULL, why);
    if (r > 0) /* before it can say anything: it has no lock yet */
        web_tell(NEWS_SPAWNED, r, 0, 0, "", 0);
    if (r < 0 && image) {
        vfs_image_finish(image);
        host_free(image);
    }
    for (int fd = 0; fd < 3; fd++) {
        if (r > 0 && fd)
            ((struct capture *)spec.stdio[fd]->data)->pid = r;
        file_put(spec.stdio[fd]);
    }
    return r;
}

static int
spawn(struct report *why)
{
    struct start s = {0};
    uint32_t at = 0;
    int r = 0;

    if (!api.n || api.n >= DATA || api.data[api.n - 1])
        return -E_INVAL;
    while (at < api.n && r == 0) {
        char *text = (char *)api.data + at;

        at += (uint32_t)strlen(text) + 1;
        r = take_string(&s, text, why);
    }
    if (r == 0 && !s.grants) {
        s.grants = grants_create();
        r = s.grants ? grants_add_all(s.grants) : -E_NOMEM;
    }
    if (r == 0)
        r = begin(&s, why);
    grants_unref(s.grants);
    return r;
}

static int
list_processes(void)
{
    struct text t = {(char *)api.data, DATA, 0};
    const struct proc *p;

    for (p = proc_first(); p; p = p->next)
        text_add(&t, "%d %d %d %llu %llu %llu %s\n", p->pid,
                 p->parent ? p->parent->pid : 0, (int)p->state,
                 (unsigned long long)proc_cpu_ns(p),
                 (unsigned long long)p->usage.maxrss,
                 (unsigned long long)p->start_ns, p->name);
    api.n = (uint32_t)(t.used < DATA ? t.used : DATA);
    return 0;
}

static int
status(void)
{
    struct text t = {(char *)api.data, DATA, 0};
    struct pith_statfs fs = {0};
    struct fs *root = vfs_root()->mount->fs;
    uint64_t total, unused;
    int r = root->ops->statfs ? root->ops->statfs(root, &fs) : 0;

    host_memory(&total, &unused);
    text_add(&t, "%llu %llu %llu", (unsigned long long)(total - unused),
             (unsigned long long)(fs.files - fs.ffree),
             (unsigned long long)((fs.blocks - fs.bfree) * fs.bsize));
    api.n = (uint32_t)t.used;
    return r;
}

static int
kill_process(void)
{
    struct proc *p = proc_find((int32_t)api.offset);

    if (!p || !api.n)
        return -E_SRCH;
    signal_send(p, api.data[0]);
    return 0;
}

/* ---- the task -------------------------------------------------------------------- */

static int
disk(enum storage_op op)
{
    int r;

    kernel_unlock();
    r = web_store_ask(op, api.offset, api.data, DATA);
    kernel_lock();
    if (r > 0)
        api.n = (uint32_t)r;
    return r;
}

static int
perform(struct report *why)
{
    switch (api.op) {
    case API_READ:
        return read_file();
    case API_WRITE:
        return write_file();
    case API_LIST:
        return list_directory();
    case API_SPAWN:
        return spawn(why);
    case API_KILL:
        return kill_process();
    case API_PROCESSES:
        return list_processes();
    case API_STATUS:
        return status();
    case API_SYNC:
        return vfs_sync();
    case API_FREEZE:
        return vfs_sync() < 0 ? -E_IO : disk(STORAGE_FREEZE);
    case API_THAW:
        return disk(STORAGE_THAW);
    case API_DISK:
        return disk(STORAGE_READ);
    case API_LEAVE:
        vfs_sync();
        return disk(STORAGE_LEAVE);
    default:
        return -E_INVAL;
    }
}

/* Only these answer with data. */
static bool
has_data(uint32_t op)
{
    return op == API_READ || op == API_LIST || op == API_PROCESSES ||
           op == API_STATUS || op == API_DISK;
}

/* What went wrong, once: the sentence may end with the error's own words. */
static size_t
explain(char *out, const struct report *why)
{
    const char *error = pith_errno_text(api.result);
    size_t n = strlen(error), have = strlen(why->text);

    if (have >= n && !memcmp(why->text + have - n, error, n))
        return text_format(out, DATA, "%s", why->text);
    return text_format(out, DATA, "%s%s%s", error, have ? ": " : "", why->text);
}

static void
api_task(void *arg)
{
    (void)arg;
    for (;;) {
        struct report why = {0};

        kernel_unlock();
        while (!atomic_load(&api.word))
            web_wait(&api.word, 0, HOST_FOREVER);
        kernel_lock();
        api.path[sizeof api.path - 1] = 0;
        if (api.n > DATA)
            api.n = 0;
        api.result = perform(&why);
        if (api.result < 0 || !has_data(api.op))
            api.n = 0;
        if (api.result < 0)
            api.n = (uint32_t)explain((char *)api.data, &why);
        atomic_store(&api.word, 0);
        web_tell(NEWS_API, 0, 0, 0, "", 0);
    }
}

int
web_api_start(void)
{
    struct host_task *t;

    return host_task_create(&t, api_task, NULL, 0);
}
