/* SPDX-License-Identifier: Apache-2.0 */
/* Directories for tests: a fresh, writable copy before, nothing left after. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "wasi_test.h"

bool
fixture_read(const char *path, struct bytes *out)
{
    FILE *f = fopen(path, "rbe");
    size_t room = 0;
    *out = (struct bytes){0};
    if (!f)
        return false;
    for (;;) {
        if (out->size + 1 >= room) {
            room = room ? room * 2 : 4096;
            char *more = realloc(out->data, room);
            if (!more)
                break;
            out->data = more;
        }
        size_t n = fread(out->data + out->size, 1, room - 1 - out->size, f);
        out->size += n;
        out->data[out->size] = 0;
        if (n == 0) {
            fclose(f);
            return true;
        }
    }
    fclose(f);
    free(out->data);
    *out = (struct bytes){0};
    return false;
}

static bool
copy_file(const char *from, const char *to)
{
    struct bytes b;
    if (!fixture_read(from, &b))
        return false;
    FILE *f = fopen(to, "wbe");
    bool ok = f && fwrite(b.data, 1, b.size, f) == b.size;
    if (f && fclose(f) != 0)
        ok = false;
    free(b.data);
    return ok;
}

static char *
join(const char *dir, const char *name)
{
    char *r;
    return asprintf(&r, "%s/%s", dir, name) < 0 ? NULL : r;
}

static bool
is_dots(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

bool
fixture_copy(const char *from, const char *to)
{
    DIR *d = opendir(from);
    if (!d)
        return false;
    bool ok = mkdir(to, 0755) == 0 || errno == EEXIST;
    for (struct dirent *e; ok && (e = readdir(d));) {
        if (is_dots(e->d_name))
            continue;
        struct stat st;
        char *f = join(from, e->d_name), *t = join(to, e->d_name);
        ok = f && t && lstat(f, &st) == 0;
        if (ok)
            ok = S_ISDIR(st.st_mode) ? fixture_copy(f, t) : copy_file(f, t);
        free(f);
        free(t);
    }
    closedir(d);
    return ok;
}

void
fixture_remove(const char *path)
{
    DIR *d = opendir(path);
    struct dirent *e;
    while (d && (e = readdir(d))) {
        struct stat st;
        char *p = is_dots(e->d_name) ? NULL : join(path, e->d_name);
        if (p && lstat(p, &st) == 0 && S_ISDIR(st.st_mode))
            fixture_remove(p);
        else if (p)
            unlink(p);
        free(p);
    }
    if (d)
        closedir(d);
    rmdir(path);
}
