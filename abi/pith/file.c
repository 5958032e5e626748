/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The `pith` module: files and descriptors. Each body takes its arguments out
 * of user memory, makes the kernel call, and puts the result back. CALL_BENEATH
 * is not for programs of this module: it is masked out of flags.
 */
#include "../../kernel/uio.h"
#include "sys.h"

#include <string.h>

#define FLAGS(x) ((uint32_t)(x) & ~CALL_BENEATH)

/* A path argument, in memory of its own. */
struct path {
    char *text;
};

static int
path_in(struct proc *p, uint64_t at, struct path *out)
{
    int r;

    out->text = host_alloc(PITH_PATH_MAX);
    if (!out->text)
        return -E_NOMEM;
    r = copy_in_string(p, out->text, gptr(at), PITH_PATH_MAX);
    if (r < 0) {
        host_free(out->text);
        out->text = NULL;
    }
    return r;
}

static int64_t
path_done(struct path *path, int64_t r)
{
    host_free(path->text);
    return r;
}

/* ---- descriptors -------------------------------------------------------- */

int64_t
sys_open(struct proc *p, const uint64_t *a)
{
    struct path path;
    int r = path_in(p, a[1], &path);

    if (r < 0)
        return r;
    return path_done(&path, call_open(p, (int32_t)a[0], path.text, FLAGS(a[2]),
                                      (uint32_t)a[3]));
}

int64_t
sys_close(struct proc *p, const uint64_t *a)
{
    return call_close(p, (int32_t)a[0]);
}

int64_t
sys_read(struct proc *p, const uint64_t *a)
{
    struct uio_seg seg;
    struct uio u;

    uio_user(&u, p, &seg, gptr(a[1]), (uint32_t)a[2]);
    return call_read(p, (int32_t)a[0], &u);
}

int64_t
sys_write(struct proc *p, const uint64_t *a)
{
    struct uio_seg seg;
    struct uio u;

    uio_user(&u, p, &seg, gptr(a[1]), (uint32_t)a[2]);
    return call_write(p, (int32_t)a[0], &u);
}

int64_t
sys_pread(struct proc *p, const uint64_t *a)
{
    struct uio_seg seg;
    struct uio u;

    uio_user(&u, p, &seg, gptr(a[1]), (uint32_t)a[2]);
    return call_pread(p, (int32_t)a[0], &u, a[3]);
}

int64_t
sys_pwrite(struct proc *p, const uint64_t *a)
{
    struct uio_seg seg;
    struct uio u;

    uio_user(&u, p, &seg, gptr(a[1]), (uint32_t)a[2]);
    return call_pwrite(p, (int32_t)a[0], &u, a[3]);
}

#define FEW_SEGS 16u

static int64_t
vector(struct proc *p, const uint64_t *a,
       int64_t (*call)(struct proc *, int, struct uio *))
{
    struct uio_seg few[FEW_SEGS], *segs = few;
    uint32_t n = (uint32_t)a[2];
    struct uio u;
    int64_t r;

    if (n > UIO_MAXIOV)
        return -E_INVAL;
    if (n > FEW_SEGS)
        segs = host_alloc(n * sizeof *segs);
    if (!segs)
        return -E_NOMEM;
    r = uio_user_iov(&u, p, segs, n, gptr(a[1]), n);
    if (r == 0)
        r = call(p, (int32_t)a[0], &u);
    if (segs != few)
        host_free(segs);
    return r;
}

int64_t
sys_readv(struct proc *p, const uint64_t *a)
{
    return vector(p, a, call_read);
}

int64_t
sys_writev(struct proc *p, const uint64_t *a)
{
    return vector(p, a, call_write);
}

int64_t
sys_lseek(struct proc *p, const uint64_t *a)
{
    return call_lseek(p, (int32_t)a[0], (int64_t)a[1], (int32_t)a[2]);
}

int64_t
sys_dup(struct proc *p, const uint64_t *a)
{
    return call_dup(p, (int32_t)a[0]);
}

int64_t
sys_dup3(struct proc *p, const uint64_t *a)
{
    return call_dup3(p, (int32_t)a[0], (int32_t)a[1], (uint32_t)a[2]);
}

int64_t
sys_fcntl(struct proc *p, const uint64_t *a)
{
    struct gptr at = gptr((uint32_t)a[2]);
    struct pith_flock l;
    int cmd = (int32_t)a[1], r;

    if (cmd != PITH_F_GETLK && cmd != PITH_F_SETLK && cmd != PITH_F_SETLKW)
        return call_fcntl(p, (int32_t)a[0], cmd, (int64_t)a[2]);
    r = copy_in(p, &l, at, sizeof l);
    if (r == 0)
        r = call_lock(p, (int32_t)a[0], cmd, &l);
    if (r == 0 && cmd == PITH_F_GETLK)
        r = copy_out(p, at, &l, sizeof l);
    return r;
}

int64_t
sys_flock(struct proc *p, const uint64_t *a)
{
    return call_flock(p, (int32_t)a[0], (int32_t)a[1]);
}

int64_t
sys_memfd_create(struct proc *p, const uint64_t *a)
{
    struct path name;
    int r = path_in(p, a[0], &name);

    if (r < 0)
        return r;
    return path_done(&name, call_memfd(p, name.text, (uint32_t)a[1]));
}

int64_t
sys_ftruncate(struct proc *p, const uint64_t *a)
{
    return call_ftruncate(p, (int32_t)a[0], a[1]);
}

int64_t
sys_fallocate(struct proc *p, const uint64_t *a)
{
    return call_fallocate(p, (int32_t)a[0], (int32_t)a[1], a[2], a[3]);
}

int64_t
sys_fsync(struct proc *p, const uint64_t *a)
{
    return call_fsync(p, (int32_t)a[0], false);
}

int64_t
sys_fdatasync(struct proc *p, const uint64_t *a)
{
    return call_fsync(p, (int32_t)a[0], true);
}

int64_t
sys_sync(struct proc *p, const uint64_t *a)
{
    (void)a;
    return call_sync(p);
}

int64_t
sys_getdents(struct proc *p, const uint64_t *a)
{
    struct uio_seg seg;
    struct uio u;

    uio_user(&u, p, &seg, gptr(a[1]), (uint32_t)a[2]);
    return call_getdents(p, (int32_t)a[0], &u);
}

/* ---- attributes --------------------------------------------------------- */

static int64_t
put_stat(struct proc *p, uint64_t at, const struct pith_stat *st, int r)
{
    return r < 0 ? r : copy_out(p, gptr(at), st, sizeof *st);
}

int64_t
sys_fstat(struct proc *p, const uint64_t *a)
{
    struct pith_stat st;

    return put_stat(p, a[1], &st, call_fstat(p, (int32_t)a[0], &st));
}

int64_t
sys_fstatat(struct proc *p, const uint64_t *a)
{
    struct pith_stat st;
    struct path path;
    int r = path_in(p, a[1], &path);

    if (r < 0)
        return r;
    r = call_fstatat(p, (int32_t)a[0], path.text, &st, FLAGS(a[3]));
    return path_done(&path, put_stat(p, a[2], &st, r));
}

int64_t
sys_statfs(struct proc *p, const uint64_t *a)
{
    struct pith_statfs st;
    struct path path;
    int r = path_in(p, a[0], &path);

    if (r < 0)
        return r;
    r = call_statfs(p, path.text, &st);
    if (r == 0)
        r = copy_out(p, gptr(a[1]), &st, sizeof st);
    return path_done(&path, r);
}

int64_t
sys_fstatfs(struct proc *p, const uint64_t *a)
{
    struct pith_statfs st;
    int r = call_fstatfs(p, (int32_t)a[0], &st);

    return r < 0 ? r : copy_out(p, gptr(a[1]), &st, sizeof st);
}

int64_t
sys_faccessat(struct proc *p, const uint64_t *a)
{
    struct path path;
    int r = path_in(p, a[1], &path);

    if (r < 0)
        return r;
    return path_done(&path, call_faccessat(p, (int32_t)a[0], path.text,
                                           (uint32_t)a[2], FLAGS(a[3])));
}

int64_t
sys_readlinkat(struct proc *p, const uint64_t *a)
{
    size_t room = (uint32_t)a[3];
    struct path path;
    char *out;
    int64_t r = path_in(p, a[1], &path);

    if (r < 0)
        return r;
    if (room == 0)
        return path_done(&path, -E_INVAL);
    if (room > PITH_PATH_MAX)
        room = PITH_PATH_MAX;
    out = host_alloc(room);
    if (!out)
        return path_done(&path, -E_NOMEM);
    r = call_readlinkat(p, (int32_t)a[0], path.text, out, room, 0);
    if (r > 0 && copy_out(p, gptr(a[2]), out, (size_t)r) < 0)
        r = -E_FAULT;
    host_free(out);
    return path_done(&path, r);
}

int64_t
sys_fchmod(struct proc *p, const uint64_t *a)
{
    return call_fchmodat(p, (int32_t)a[0], "", (uint32_t)a[1],
                         PITH_AT_EMPTY_PATH);
}

int64_t
sys_fchmodat(struct proc *p, const uint64_t *a)
{
    struct path path;
    int r = path_in(p, a[1], &path);

    if (r < 0)
        return r;
    return path_done(&path, call_fchmodat(p, (int32_t)a[0], path.text,
                                          (uint32_t)a[2], FLAGS(a[3])));
}

int64_t
sys_fchown(struct proc *p, const uint64_t *a)
{
    return call_fchownat(p, (int32_t)a[0], "", (uint32_t)a[1],
                         (uint32_t)a[2], PITH_AT_EMPTY_PATH);
}

int64_t
sys_fchownat(struct proc *p, const uint64_t *a)
{
    struct path path;
    int r = path_in(p, a[1], &path);

    if (r < 0)
        return r;
    return path_done(&path,
                     call_fchownat(p, (int32_t)a[0], path.text, (uint32_t)a[2],
                                   (uint32_t)a[3], FLAGS(a[4])));
}

/* A null path means dirfd itself, a null array now. */
int64_t
sys_utimensat(struct proc *p, const uint64_t *a)
{
    struct pith_timespec times[2];
    uint32_t flags = FLAGS(a[3]);
    struct path path = {NULL};
    int r = 0;

    if (a[2])
        r = copy_in(p, times, gptr(a[2]), sizeof times);
    if (r == 0 && a[1])
        r = path_in(p, a[1], &path);
    if (r < 0)
        return r;
    if (!a[1])
        flags |= PITH_AT_EMPTY_PATH;
    r = call_utimensat(p, (int32_t)a[0], path.text ? path.text : "",
                       a[2] ? times : NULL, flags);
    return path_done(&path, r);
}

/* ---- names -------------------------------------------------------------- */

int64_t
sys_mkdirat(struct proc *p, const uint64_t *a)
{
    struct path path;
    int r = path_in(p, a[1], &path);

    if (r < 0)
        return r;
    return path_done(&path, call_mkdirat(p, (int32_t)a[0], path.text,
                                         (uint32_t)a[2], 0));
}

int64_t
sys_mknodat(struct proc *p, const uint64_t *a)
{
    struct path path;
    int r = path_in(p, a[1], &path);

    if (r < 0)
        return r;
    return path_done(&path, call_mknodat(p, (int32_t)a[0], path.text,
                                         (uint32_t)a[2], a[3]));
}

int64_t
sys_unlinkat(struct proc *p, const uint64_t *a)
{
    struct path path;
    int r = path_in(p, a[1], &path);

    if (r < 0)
        return r;
    return path_done(&path, call_unlinkat(p, (int32_t)a[0], path.text,
                                          FLAGS(a[2])));
}

/* The calls on two names: (fd, path, fd, path, flags). */
static int64_t
two_paths(struct proc *p, const uint64_t *a,
          int (*call)(struct proc *, int, const char *, int, const char *,
                      uint32_t))
{
    struct path from, to;
    int r = path_in(p, a[1], &from);

    if (r < 0)
        return r;
    r = path_in(p, a[3], &to);
    if (r < 0)
        return path_done(&from, r);
    r = call(p, (int32_t)a[0], from.text, (int32_t)a[2], to.text, FLAGS(a[4]));
    return path_done(&from, path_done(&to, r));
}

int64_t
sys_renameat2(struct proc *p, const uint64_t *a)
{
    return two_paths(p, a, call_renameat2);
}

int64_t
sys_linkat(struct proc *p, const uint64_t *a)
{
    return two_paths(p, a, call_linkat);
}

int64_t
sys_symlinkat(struct proc *p, const uint64_t *a)
{
    struct path target, path;
    int r = path_in(p, a[0], &target);

    if (r < 0)
        return r;
    r = path_in(p, a[2], &path);
    if (r < 0)
        return path_done(&target, r);
    r = call_symlinkat(p, target.text, (int32_t)a[1], path.text, 0);
    return path_done(&target, path_done(&path, r));
}

int64_t
sys_chdir(struct proc *p, const uint64_t *a)
{
    struct path path;
    int r = path_in(p, a[0], &path);

    return r < 0 ? r : path_done(&path, call_chdir(p, path.text));
}

int64_t
sys_fchdir(struct proc *p, const uint64_t *a)
{
    return call_fchdir(p, (int32_t)a[0]);
}

/* Bytes of the name with its NUL. */
int64_t
sys_getcwd(struct proc *p, const uint64_t *a)
{
    size_t room = (uint32_t)a[1];
    char *out;
    int64_t r;

    if (room == 0)
        return -E_INVAL;
    if (room > PITH_PATH_MAX)
        room = PITH_PATH_MAX;
    out = host_alloc(room);
    if (!out)
        return -E_NOMEM;
    r = call_getcwd(p, out, room);
    if (r >= 0) {
        r++;
        if (copy_out(p, gptr(a[0]), out, (size_t)r) < 0)
            r = -E_FAULT;
    }
    host_free(out);
    return r;
}

/* ---- mounts ------------------------------------------------------------- */

/* Text that may be missing. */
static int
text_in(struct proc *p, uint64_t at, struct path *out)
{
    out->text = NULL;
    return at ? path_in(p, at, out) : 0;
}

int64_t
sys_mount(struct proc *p, const uint64_t *a)
{
    struct path source = {NULL}, target = {NULL}, type = {NULL}, data = {NULL};
    int64_t r = text_in(p, a[0], &source);

    if (r >= 0)
        r = path_in(p, a[1], &target);
    if (r >= 0)
        r = text_in(p, a[2], &type);
    if (r >= 0)
        r = text_in(p, a[4], &data);
    if (r >= 0)
        r = call_mount(p, source.text ? source.text : "", target.text,
                       type.text ? type.text : "", (uint32_t)a[3],
                       data.text ? data.text : "");
    path_done(&data, 0);
    path_done(&type, 0);
    path_done(&target, 0);
    return path_done(&source, r);
}

int64_t
sys_umount(struct proc *p, const uint64_t *a)
{
    struct path path;
    int r = path_in(p, a[0], &path);

    return r < 0 ? r : path_done(&path, call_umount(p, path.text,
                                                    (uint32_t)a[1]));
}
