/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /etc/passwd, /etc/group, /etc/shadow: lines that begin with a name and a
 * colon. A change writes a new file beside and renames it, so that a reader
 * sees the old one or the new one, also after a crash.
 */
#include "accounts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SHADOW "/etc/shadow"
#define LOCK "/etc/.pwd.lock"
#define LINE_ROOM 1024

bool
name_ok(const char *name)
{
    size_t n = strlen(name);

    if (!n || n > NAME_MAX_ || !strchr("abcdefghijklmnopqrstuvwxyz_", *name))
        return false;
    return strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") == n;
}

bool
files_lock(void)
{
    struct flock all = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int fd = open(LOCK, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    return fd >= 0 && fcntl(fd, F_SETLKW, &all) == 0; /* until we end */
}

static bool
is_of(const char *line, const char *name)
{
    size_t n = strlen(name);

    return strncmp(line, name, n) == 0 && line[n] == ':';
}

static bool
copy_but(FILE *from, FILE *to, const char *name, const char *line)
{
    char *old = NULL;
    size_t room = 0;
    bool done = !line;

    while (from && getline(&old, &room, from) > 0) {
        if (!is_of(old, name))
            fputs(old, to);
        else if (!done)
            done = fprintf(to, "%s\n", line) > 0;
    }
    free(old);
    if (!done)
        fprintf(to, "%s\n", line);
    return fflush(to) == 0 && !ferror(to) && fsync(fileno(to)) == 0;
}

bool
files_put(const char *path, const char *name, const char *line, unsigned mode)
{
    char new[64];
    FILE *from, *to;
    bool ok;
    int fd;

    snprintf(new, sizeof new, "%s+", path);
    unlink(new);
    fd = open(new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    to = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (!to) {
        if (fd >= 0)
            close(fd);
        return false;
    }
    from = fopen(path, "re");
    ok = (from || errno == ENOENT) && copy_but(from, to, name, line) &&
         fchmod(fd, mode) == 0;
    if (from)
        fclose(from);
    ok = fclose(to) == 0 && ok && rename(new, path) == 0;
    if (!ok)
        unlink(new);
    return ok;
}

bool
shadow_set(const char *name, const char *hash)
{
    char line[LINE_ROOM];

    snprintf(line, sizeof line, "%s:%s::0:99999:7:::", name, hash);
    return files_put(SHADOW, name, line, 0600);
}

bool
shadow_get(const char *name, char *hash)
{
    FILE *f = fopen(SHADOW, "re");
    char *line = NULL;
    size_t room = 0, n;
    bool found = false;

    while (f && !found && getline(&line, &room, f) > 0) {
        if (!is_of(line, name))
            continue;
        char *field = line + strlen(name) + 1;

        n = strcspn(field, ":\n");
        found = n < HASH_ROOM;
        if (found) {
            memcpy(hash, field, n);
            hash[n] = 0;
        }
    }
    free(line);
    if (f)
        fclose(f);
    return found;
}
