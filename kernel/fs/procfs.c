/* SPDX-License-Identifier: Apache-2.0 */
/*
 * procfs: processes and the system as text, in Linux's formats, so that ps, top
 * and free work. The tree is a table; nothing is stored. A file's text is made
 * when it is opened. An inode is only remembered while somebody holds it, so
 * that a cwd in /proc/7 stays what it is.
 *
 *     ino = pid << 32 | (row + 1) << 24 | descriptor
 *
 * What tells about a process's inside (environ, fd, cwd, ...) is only for
 * itself, and for those who could be it: same user or root, and holding all of
 * its grants.
 */
#include "procfs.h"

#include "../main.h"
#include "../vfs_internal.h"
#include "pith_errno.h"
#include "tmpfs.h"

#include <string.h>

struct row {
    const char *name;
    int parent;           /* index of its directory's row */
    uint32_t mode;
    procfs_text *text;
    bool private;
};

enum { ROOT, SELF, MOUNTS, PID, FD, FDLINK, CWD, ROOT_LINK, EXE, SYS, KERNEL,
       HOSTNAME };

#define DIR (PITH_S_IFDIR | 0555)
#define LINK (PITH_S_IFLNK | 0777)
#define FILE_MODE (PITH_S_IFREG | 0444)
#define SECRET (PITH_S_IFREG | 0400)

static const struct row rows[] = {
    [ROOT] = {"", -1, DIR, NULL, false},
    [SELF] = {"self", ROOT, LINK, NULL, false},
    [MOUNTS] = {"mounts", ROOT, LINK, NULL, false},
    [PID] = {"", -1, DIR, NULL, false},
    [FD] = {"fd", PID, PITH_S_IFDIR | 0500, NULL, true},
    [FDLINK] = {"", -1, PITH_S_IFLNK | 0700, NULL, true},
    [CWD] = {"cwd", PID, LINK, NULL, true},
    [ROOT_LINK] = {"root", PID, LINK, NULL, true},
    [EXE] = {"exe", PID, LINK, NULL, true},
    [SYS] = {"sys", ROOT, DIR, NULL, false},
    [KERNEL] = {"kernel", SYS, DIR, NULL, false},
    [HOSTNAME] = {"hostname", KERNEL, PITH_S_IFREG | 0644, procfs_hostname,
                  false},
    {"audit", ROOT, SECRET, procfs_audit, false},
    {"meminfo", ROOT, FILE_MODE, procfs_meminfo, false},
    {"objects", ROOT, FILE_MODE, procfs_objects, false},
    {"uptime", ROOT, FILE_MODE, procfs_uptime, false},
    {"filesystems", ROOT, FILE_MODE, procfs_filesystems, false},
    {"version", ROOT, FILE_MODE, procfs_version, false},
    {"stat", ROOT, FILE_MODE, procfs_stat, false},
    {"loadavg", ROOT, FILE_MODE, procfs_loadavg, false},
    {"cpuinfo", ROOT, FILE_MODE, procfs_cpuinfo, false},
    {"devices", ROOT, FILE_MODE, procfs_devices, false},
    {"cmdline", ROOT, FILE_MODE, procfs_cmdline_boot, false},
    {"ostype", KERNEL, FILE_MODE, procfs_ostype, false},
    {"osrelease", KERNEL, FILE_MODE, procfs_osrelease, false},
    {"pid_max", KERNEL, FILE_MODE, procfs_pid_max, false},
    {"version", KERNEL, FILE_MODE, procfs_kernel_version, false},
    {"status", PID, FILE_MODE, procfs_pid_status, false},
    {"stat", PID, FILE_MODE, procfs_pid_stat, false},
    {"statm", PID, FILE_MODE, procfs_pid_statm, false},
    {"cmdline", PID, FILE_MODE, procfs_pid_cmdline, false},
    {"comm", PID, FILE_MODE, procfs_pid_comm, false},
    {"limits", PID, FILE_MODE, procfs_pid_limits, false},
    {"mounts", PID, FILE_MODE, procfs_mounts, false},
    {"environ", PID, SECRET, procfs_pid_environ, true},
    {"maps", PID, FILE_MODE, procfs_pid_maps, true},
    {"io", PID, SECRET, procfs_pid_io, true},
    {"grants", PID, FILE_MODE, procfs_pid_grants, true},
};
#define NROWS ((int)(sizeof rows / sizeof *rows))

/* Cookies in the root: rows, then processes from here on. */
#define FIRST_PID_COOKIE 0x10000u

struct procfs_inode {
    struct inode i;
    int row;
    int32_t pid; /* 0: of the system */
    int fd;
};

static struct fs *procfs;
static struct inode *live[128]; /* by ino */

static struct procfs_inode *
of(struct inode *i)
{
    return (struct procfs_inode *)i;
}

static struct inode **
bucket_of(uint64_t ino)
{
    return &live[(ino ^ ino >> 24 ^ ino >> 32) % 128];
}

/* ---- inodes ------------------------------------------------------------- */

static const struct inode_ops procfs_ops, procfs_magic_ops;

static uint64_t
ino_of(int row, int32_t pid, int fd)
{
    return (uint64_t)pid << 32 | (uint64_t)(row + 1) << 24 | (uint64_t)fd;
}

static int
get_inode(int row, int32_t pid, int fd, struct inode **out)
{
    uint64_t ino = ino_of(row, pid, fd);
    struct inode **bucket = bucket_of(ino), *i;
    struct procfs_inode *pi;
    const struct proc *p = proc_find(pid);

    for (i = *bucket; i; i = i->hash_next)
        if (i->ino == ino)
            break;
    if (!i) {
        pi = host_alloc(sizeof *pi);
        if (!pi)
            return -E_NOMEM;
        i = &pi->i;
        pi->row = row;
        pi->pid = pid;
        pi->fd = fd;
        i->mode = rows[row].mode;
        i->nlink = inode_is(i, PITH_S_IFDIR) ? 2 : 1;
        i->ino = ino;
        i->fs = procfs;
        i->ops = row == CWD || row == ROOT_LINK || row == FDLINK
                     ? &procfs_magic_ops
                     : &procfs_ops;
        i->hash_next = *bucket;
        i->atime_ns = i->mtime_ns = i->ctime_ns = vfs_now_ns();
        *bucket = i;
    }
    if (p) {
        i->uid = p->cred.euid;
        i->gid = p->cred.egid;
    }
    *out = inode_ref(i);
    return 0;
}

static void
procfs_evict(struct inode *i)
{
    struct inode **at = bucket_of(i->ino);

    while (*at != i)
        at = &(*at)->hash_next;
    *at = i->hash_next;
    host_free(i);
}

/* The process an inode is about; -E_NOENT when it is gone, -E_ACCES when the
 * caller may not look inside. */
static int
subject(struct inode *i, struct proc **out)
{
    const struct procfs_inode *pi = of(i);
    struct proc *me = proc_current(), *p = NULL;

    *out = NULL;
    if (pi->pid) {
        p = proc_find(pi->pid);
        if (!p)
            return -E_NOENT;
    }
    if (rows[pi->row].private && me && me != p &&
        ((me->cred.euid != 0 && me->cred.euid != p->cred.euid) ||
         !grants_subset(p->grants, me->grants)))
        return -E_ACCES;
    *out = p;
    return 0;
}

/* ---- directories -------------------------------------------------------- */

static int
lookup_root_pid(const char *name, size_t len, struct inode **out)
{
    uint64_t pid;

    if (name[0] == '0' || !text_number(name, len, INT32_MAX, &pid) ||
        !proc_find((int32_t)pid))
        return -E_NOENT;
    return get_inode(PID, (int32_t)pid, 0, out);
}

static int
lookup_fd(struct inode *dir, const char *name, size_t len, struct inode **out)
{
    struct proc *p;
    uint64_t fd;
    int r = subject(dir, &p);

    if (r < 0)
        return r;
    if (!text_number(name, len, 0xffffff, &fd) || (len > 1 && *name == '0') ||
        !fd_peek(p, (int)fd))
        return -E_NOENT;
    return get_inode(FDLINK, of(dir)->pid, (int)fd, out);
}

static int
procfs_lookup(struct inode *dir, const char *name, size_t len,
              struct inode **out)
{
    struct procfs_inode *pd = of(dir);

    if (pd->pid && !proc_find(pd->pid))
        return -E_NOENT;
    if (pd->row == FD)
        return lookup_fd(dir, name, len, out);
    for (int row = 0; row < NROWS; row++)
        if (rows[row].parent == pd->row && strlen(rows[row].name) == len &&
            memcmp(rows[row].name, name, len) == 0)
            return get_inode(row, pd->pid, 0, out);
    return pd->row == ROOT ? lookup_root_pid(name, len, out) : -E_NOENT;
}

static int
emit_number(uint64_t n, uint64_t ino, uint32_t type, uint64_t next,
            vfs_emit *emit, void *ctx)
{
    char name[24];
    size_t len = text_format(name, sizeof name, "%llu", (unsigned long long)n);

    return emit(ctx, name, len, ino, type, next);
}

static int
read_pids(uint64_t *pos, vfs_emit *emit, void *ctx)
{
    const struct proc *p;

    if (*pos < FIRST_PID_COOKIE)
        *pos = FIRST_PID_COOKIE;
    for (p = proc_first(); p; p = p->next) {
        uint64_t cookie = FIRST_PID_COOKIE + (uint64_t)p->pid;
        if (cookie < *pos)
            continue;
        if (emit_number((uint64_t)p->pid, ino_of(PID, p->pid, 0),
                        PITH_S_IFDIR, cookie + 1, emit, ctx))
            return 0;
        *pos = cookie + 1;
    }
    return 0;
}

static int
read_fds(struct inode *dir, uint64_t *pos, vfs_emit *emit, void *ctx)
{
    struct proc *p;
    int r = subject(dir, &p);

    if (r < 0)
        return r;
    for (uint64_t fd = *pos - 2; fd < p->fds.room; fd++) {
        if (!p->fds.slots[fd].file)
            continue;
        if (emit_number(fd, ino_of(FDLINK, p->pid, (int)fd), PITH_S_IFLNK,
                        fd + 3, emit, ctx))
            return 0;
        *pos = fd + 3;
    }
    return 0;
}

static int
procfs_readdir(struct inode *dir, struct file *f, uint64_t *pos,
               vfs_emit *emit, void *ctx)
{
    const struct procfs_inode *pd = of(dir);
    static const char dots[] = "..";

    (void)f;
    for (; *pos < 2; (*pos)++)
        if (emit(ctx, dots, (size_t)*pos + 1, dir->ino, PITH_S_IFDIR,
                 *pos + 1))
            return 0;
    if (pd->pid && !proc_find(pd->pid))
        return -E_NOENT;
    if (pd->row == FD)
        return read_fds(dir, pos, emit, ctx);
    for (; *pos - 2 < (uint64_t)NROWS; (*pos)++) {
        const struct row *row = &rows[*pos - 2];
        if (row->parent == pd->row &&
            emit(ctx, row->name, strlen(row->name),
                 ino_of((int)*pos - 2, pd->pid, 0), row->mode, *pos + 1))
            return 0;
    }
    return pd->row == ROOT ? read_pids(pos, emit, ctx) : 0;
}

/* ---- links -------------------------------------------------------------- */

static int64_t
put_text(const char *text, char *out, size_t room)
{
    size_t n = strlen(text);

    if (n > room)
        n = room;
    memcpy(out, text, n);
    return (int64_t)n;
}

static int64_t
procfs_readlink(struct inode *i, char *out, size_t room)
{
    static char name[PITH_PATH_MAX + 16]; /* under the lock, used at once */
    struct proc *p, *me = proc_current();
    struct dentry_path *d = NULL;
    struct file *f;
    int r = subject(i, &p);

    if (r < 0)
        return r;
    switch (of(i)->row) {
    case SELF:
        if (!me)
            return -E_NOENT;
        text_format(name, sizeof name, "%d", me->pid);
        return put_text(name, out, room);
    case MOUNTS:
        return put_text("self/mounts", out, room);
    case EXE:
        return p->exe ? put_text(p->exe, out, room) : -E_NOENT;
    case CWD:
        d = p->cwd;
        break;
    case ROOT_LINK:
        d = p->root;
        break;
    case FDLINK:
        f = fd_peek(p, of(i)->fd);
        if (!f)
            return -E_NOENT;
        procfs_file_name(f, name, sizeof name);
        return put_text(name, out, room);
    default:
        return -E_INVAL;
    }
    r = vfs_path_name(me, d ? d : vfs_root(), name, PITH_PATH_MAX);
    if (r < 0 && r != -E_NOENT)
        return r;
    if (r == -E_NOENT)
        memcpy(name + strlen(name), " (deleted)", sizeof " (deleted)");
    return put_text(name, out, room);
}

static int
procfs_follow(struct inode *i, struct dentry_path **path, struct file **file)
{
    struct proc *p;
    struct file *f;
    int r = subject(i, &p);

    if (r < 0)
        return r;
    switch (of(i)->row) {
    case CWD:
        *path = path_ref(p->cwd ? p->cwd : vfs_root());
        return 0;
    case ROOT_LINK:
        *path = path_ref(p->root ? p->root : vfs_root());
        return 0;
    default:
        f = fd_peek(p, of(i)->fd);
        if (!f)
            return -E_NOENT;
        /* A file or directory is opened anew; a pipe or terminal is shared. */
        if (f->path && f->inode && f->ops == &vfs_file_ops)
            *path = path_ref(f->path);
        else
            *file = file_ref(f);
        return 0;
    }
}

/* ---- files -------------------------------------------------------------- */

static int64_t
text_read(struct file *f, struct uio *u)
{
    const struct text *t = f->data;
    size_t n = u->resid;

    if (u->offset >= t->used)
        return 0;
    if (n > t->used - u->offset)
        n = t->used - (size_t)u->offset;
    return uio_put(u, t->out + u->offset, n);
}

static int64_t
hostname_write(struct file *f, struct uio *u)
{
    char name[sizeof kernel_hostname] = "";
    size_t n = u->resid;
    int64_t r = cap_check(proc_current(), CAP_SHELL);

    (void)f;
    if (r < 0)
        return r;
    if (of(f->inode)->row != HOSTNAME)
        return -E_PERM;
    if (n >= sizeof name)
        return -E_INVAL;
    r = uio_get(u, name, n);
    if (r < 0)
        return r;
    name[strcspn(name, "\n")] = '\0';
    memcpy(kernel_hostname, name, sizeof name);
    return r;
}

static int64_t
text_seek(struct file *f, int64_t offset, int whence)
{
    if (whence == PITH_SEEK_CUR)
        offset += (int64_t)f->offset;
    else if (whence != PITH_SEEK_SET)
        return -E_INVAL;
    if (offset < 0)
        return -E_INVAL;
    f->offset = (uint64_t)offset;
    return offset;
}

static void
text_release(struct file *f)
{
    struct text *t = f->data;

    host_free(t->out);
    host_free(t);
}

static const struct file_ops text_ops = {
    .name = "proc",
    .read = text_read,
    .write = hostname_write,
    .seek = text_seek,
    .release = text_release,
};

static int
make_text(procfs_text *make, struct proc *p, struct text **out)
{
    struct text *t = host_alloc(sizeof *t);

    if (!t)
        return -E_NOMEM;
    make(t, p);
    t->room = t->used + 1;
    t->used = 0;
    t->out = host_alloc(t->room);
    if (!t->out) {
        host_free(t);
        return -E_NOMEM;
    }
    make(t, p);
    if (t->used >= t->room)
        t->used = t->room - 1;
    *out = t;
    return 0;
}

static int
procfs_open(struct inode *i, uint32_t flags, struct file **out)
{
    const struct row *row = &rows[of(i)->row];
    struct text *t = NULL;
    struct proc *p;
    struct file *f;
    int r = subject(i, &p);

    if (r < 0)
        return r;
    if (row->text) {
        r = make_text(row->text, p, &t);
        if (r < 0)
            return r;
    }
    f = file_create(t ? &text_ops : &vfs_file_ops, inode_ref(i),
                    flags & (PITH_O_ACCMODE | PITH_O_DIRECTORY), t);
    if (f) {
        *out = f;
        return 0;
    }
    inode_unref(i);
    if (t)
        host_free(t->out);
    host_free(t);
    return -E_NOMEM;
}

static const struct inode_ops procfs_ops = {
    .lookup = procfs_lookup,
    .readdir = procfs_readdir,
    .readlink = procfs_readlink,
    .open_special = procfs_open,
    .evict = procfs_evict,
};
/* Links that lead to a place, not to a name. */
static const struct inode_ops procfs_magic_ops = {
    .readlink = procfs_readlink,
    .follow = procfs_follow,
    .evict = procfs_evict,
};

/* ---- the file system ---------------------------------------------------- */

static int
procfs_statfs(struct fs *fs, struct pith_statfs *out)
{
    (void)fs;
    out->type = 0x9fa0;
    return 0;
}

static void
procfs_destroy(struct fs *fs)
{
    (void)fs; /* there is one, for good */
}

static const struct fs_ops procfs_fs_ops = {.statfs = procfs_statfs,
                                            .destroy = procfs_destroy};

int
procfs_create(struct fs **out)
{
    int r;

    if (!procfs) {
        procfs = host_alloc(sizeof *procfs);
        if (!procfs)
            return -E_NOMEM;
        fs_init(procfs, "proc", &procfs_fs_ops, FS_LIVE, NULL);
        r = get_inode(ROOT, 0, 0, &procfs->root);
        if (r < 0) {
            host_free(procfs);
            procfs = NULL;
            return r;
        }
    }
    *out = procfs;
    return 0;
}

static int
procfs_mount(struct proc *p, const char *source, const char *data,
             struct fs **out)
{
    (void)p;
    (void)source;
    (void)data;
    return procfs_create(out);
}

struct fs_type procfs_type = {.name = "proc", .nodev = true,
                              .create = procfs_mount};
