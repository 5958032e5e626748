/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Preview 1: preopened directories.
 *
 * A program that starts gets one descriptor, from 3 on, for each path it was
 * granted, in the order of its grants. That is all the file system it can
 * reach: an empty list is no error, there is then nothing to find. A program
 * that also imports `pith` opens paths itself and gets none, since descriptors
 * it did not ask for would be in the way of a shell's.
 */
#include <string.h>

#include "../../kernel/exec.h"
#include "../../kernel/vfs.h"
#include "preopen.h"
#include "wasi_p1.h"

#define MAX_ALIASES 64u

static struct alias {
    char *path, *name;
} aliases[MAX_ALIASES];
static uint32_t naliases;

static char *
copy(const char *s)
{
    size_t n = strlen(s) + 1;
    char *r = host_alloc(n);
    return r ? memcpy(r, s, n) : NULL;
}

int
wasi_preopen_alias(const char *path, const char *name)
{
    if (naliases == MAX_ALIASES)
        return -E_MFILE;
    struct alias a = {copy(path), copy(name)};
    if (!a.path || !a.name) {
        host_free(a.path);
        host_free(a.name);
        return -E_NOMEM;
    }
    aliases[naliases++] = a;
    return 0;
}

static const char *
alias_of(const char *path)
{
    for (uint32_t i = 0; i < naliases; i++)
        if (strcmp(aliases[i].path, path) == 0)
            return aliases[i].name;
    return NULL;
}

int
wasi_preopen(struct proc *p, const char *path, const char *name)
{
    int fd = call_open(p, PITH_AT_FDCWD, path,
                       PITH_O_RDONLY | PITH_O_DIRECTORY | PITH_O_CLOEXEC, 0);
    if (fd < 0)
        return fd;
    struct file *f = fd_peek(p, fd);
    if (!f)
        return -E_BADF;
    /* 0 to 2 stay free for stdio, even when they are closed. */
    if (fd < 3) {
        int up = (int)call_fcntl(p, fd, PITH_F_DUPFD_CLOEXEC, 3);
        call_close(p, fd);
        if (up < 0)
            return up;
        f = fd_peek(p, up);
        if (!f)
            return -E_BADF;
    }
    f->rights_base = wasi_rights_for(PITH_S_IFDIR, &f->rights_inheriting);
    f->preopen = true;
    f->preopen_name = name ? copy(name) : NULL;
    return name && !f->preopen_name ? -E_NOMEM : 0;
}

/* A grant line "fs PATH rw" or "fs PATH ro": its path, cut out in place. */
static char *
fs_grant(char *line)
{
    if (strncmp(line, "fs ", 3) != 0)
        return NULL;
    char *path = line + 3, *end = strrchr(path, ' ');
    if (end && (strcmp(end, " rw") == 0 || strcmp(end, " ro") == 0))
        *end = 0;
    return path;
}

/* Does it open paths itself, or have its preopens? */
static bool
needs_none(struct proc *p)
{
    const struct engine_module *m = p->image->module;
    for (uint32_t i = 0; i < engine_module_imports(m); i++)
        if (strcmp(engine_module_import(m, i)->module, "pith") == 0)
            return true;
    struct file *f = fd_peek(p, 3);
    return f && f->preopen;
}

int
wasi_preopen_grants(struct proc *p)
{
    if (needs_none(p))
        return 0;
    size_t room = grants_format(p->grants, NULL, 0) + 1;
    char *text = host_alloc(room);
    if (!text)
        return -E_NOMEM;
    grants_format(p->grants, text, room);
    int r = 0;
    for (char *line = text, *next; line && r == 0; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = 0;
        char *path = fs_grant(line);
        /* A granted path that is no directory, or gone, is not preopened. */
        if (path)
            r = wasi_preopen(p, path, alias_of(path));
        if (r == -E_NOENT || r == -E_NOTDIR || r == -E_ACCES ||
            r == -E_NOTCAPABLE)
            r = 0;
    }
    host_free(text);
    return r;
}

/* The preopen at fd and its name; -E_BADF ends a program's search. */
static int
preopen_name(struct proc *p, uint64_t fd, char *name, size_t room, size_t *len)
{
    struct file *f;
    int r = wasi_fd(p, (uint32_t)fd, 0, &f);
    if (r < 0)
        return r;
    if (!f->preopen)
        return -E_BADF;
    if (f->preopen_name) {
        *len = strlen(f->preopen_name);
        if (*len >= room)
            return -E_NAMETOOLONG;
        memcpy(name, f->preopen_name, *len + 1);
        return 0;
    }
    if (!f->path)
        return -E_BADF;
    r = vfs_path_name(p, f->path, name, room);
    if (r < 0 && r != -E_NOENT)
        return r;
    *len = strlen(name);
    return 0;
}

int64_t
wasi_fd_prestat_get(struct proc *p, const uint64_t *a)
{
    char name[PITH_PATH_MAX];
    size_t len = 0;
    int r = preopen_name(p, a[0], name, sizeof name, &len);
    struct wasi_prestat s;
    memset(&s, 0, sizeof s); /* the padding is copied out, too */
    s.name_len = (uint32_t)len;
    return r < 0 ? r : copy_out(p, gptr(a[1]), &s, sizeof s);
}

int64_t
wasi_fd_prestat_dir_name(struct proc *p, const uint64_t *a)
{
    char name[PITH_PATH_MAX];
    size_t len;
    int r = preopen_name(p, a[0], name, sizeof name, &len);
    if (r < 0)
        return r;
    if (len > a[2])
        return -E_NAMETOOLONG;
    return copy_out(p, gptr(a[1]), name, len);
}
