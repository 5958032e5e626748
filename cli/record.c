/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --record: each use of a capability that is allowed is noted, once, and at the
 * end the notes are a manifest. Of files in one directory beyond a handful the
 * directory is named. --audit: the kernel's audit log goes to a file.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit.h"
#include "cap.h"
#include "cli.h"
#include "manifest.h"

#define NOTES_MAX 4096u
#define FILES_MAX 6u /* of one directory, before it stands for them */

static struct {
    char **lines;
    uint32_t n;
    bool full;
} notes;

static void
note(struct proc *p, const char *line)
{
    char **more;

    (void)p;
    for (uint32_t i = 0; i < notes.n; i++)
        if (strcmp(notes.lines[i], line) == 0)
            return;
    if (strcmp(line, "base") == 0 || notes.full)
        return;
    more = notes.n < NOTES_MAX
               ? realloc(notes.lines, (notes.n + 1) * sizeof *more)
               : NULL;
    if (more)
        notes.lines = more;
    if (!more || !(more[notes.n] = strdup(line)))
        notes.full = true;
    else
        notes.n++;
}

void
cli_record_start(void)
{
    cap_used = note;
}

/* ---- fewer and smaller rules ----------------------------------------- */

/* "fs PATH rw" -> its path's length, or 0. */
static size_t
path_length(const char *line, bool *rw)
{
    size_t n = strlen(line);

    if (strncmp(line, "fs ", 3) != 0 || n < 6)
        return 0;
    *rw = line[n - 1] == 'w';
    return n - 6;
}

static bool
below(const char *path, size_t len, const char *dir, size_t dlen)
{
    return dlen == 1 || (len >= dlen && strncmp(path, dir, dlen) == 0 &&
                         (len == dlen || path[dlen] == '/'));
}

static void
drop(uint32_t i)
{
    free(notes.lines[i]);
    notes.lines[i] = notes.lines[--notes.n];
}

/* Those that another one covers. */
static void
drop_covered(void)
{
    for (uint32_t i = 0; i < notes.n; i++) {
        bool rw, rw2;
        size_t len = path_length(notes.lines[i], &rw);

        for (uint32_t k = 0; len && k < notes.n; k++) {
            size_t dlen = path_length(notes.lines[k], &rw2);

            if (k != i && dlen && (rw2 || !rw) &&
                below(notes.lines[i] + 3, len, notes.lines[k] + 3, dlen)) {
                drop(i--);
                break;
            }
        }
    }
}

/* Of many files in a directory: the directory. */
static void
merge_directories(void)
{
    for (uint32_t i = 0; i < notes.n; i++) {
        bool rw, any_rw = false, rw2;
        size_t len = path_length(notes.lines[i], &rw), dir = len;
        const char *path = notes.lines[i] + 3;
        char line[4352];
        uint32_t siblings = 0;

        while (dir && path[dir - 1] != '/')
            dir--;
        for (uint32_t k = 0; dir > 1 && k < notes.n; k++) {
            size_t l = path_length(notes.lines[k], &rw2);

            if (l > dir && strncmp(notes.lines[k] + 3, path, dir) == 0 &&
                !memchr(notes.lines[k] + 3 + dir, '/', l - dir)) {
                siblings++;
                any_rw |= rw2;
            }
        }
        if (siblings > FILES_MAX) {
            snprintf(line, sizeof line, "fs %.*s %s", (int)dir - 1, path,
                     any_rw ? "rw" : "ro");
            note(NULL, line);
            drop_covered();
            i = UINT32_MAX; /* from the beginning */
        }
    }
}

static void
set_name(struct manifest *m, const char *file)
{
    const char *slash = strrchr(file, '/'), *s = slash ? slash + 1 : file;
    size_t n = 0;

    snprintf(m->wasm, sizeof m->wasm, "%s", s);
    for (; *s && strcmp(s, ".wasm") != 0 && n < MANIFEST_NAME_MAX; s++) {
        char c = *s >= 'A' && *s <= 'Z' ? (char)(*s + 32) : *s;
        bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');

        m->name[n++] = plain ? c : '-';
    }
    if (!n)
        snprintf(m->name, sizeof m->name, "app");
}

static bool
write_manifest(const struct manifest *m, const char *file)
{
    size_t room = manifest_write(m, NULL, 0) + 1;
    char *text = malloc(room);
    FILE *f = text ? fopen(file, "w") : NULL;
    bool ok = f != NULL;

    if (ok) {
        manifest_write(m, text, room);
        ok = fputs(text, f) >= 0;
        ok = fclose(f) == 0 && ok;
    }
    if (!ok)
        cli_error("%s: %s", file, strerror(errno));
    free(text);
    return ok;
}

bool
cli_record_finish(const struct cli_options *o)
{
    struct manifest m = {.caps = 1u << CAP_STDIO};
    struct report report = {0};
    bool ok = true;

    cap_used = NULL;
    drop_covered();
    merge_directories();
    set_name(&m, o->file);
    for (uint32_t i = 0; i < notes.n && ok; i++) {
        ok = manifest_add_grant(&m, notes.lines[i], strlen(notes.lines[i]),
                                &report) == 0;
        if (!ok)
            cli_error("%s: %s: %s", o->record, notes.lines[i], report.text);
        free(notes.lines[i]);
    }
    if (notes.full)
        cli_error("%s: it used more than could be noted", o->record);
    free(notes.lines);
    ok = ok && write_manifest(&m, o->record);
    manifest_finish(&m);
    return ok;
}

/* ---- --audit --------------------------------------------------------- */

static int audit_fd = -1;

static void
append(const char *line, size_t n)
{
    while (n) {
        ssize_t w = write(audit_fd, line, n);

        if (w < 0 && errno == EINTR)
            continue;
        if (w <= 0)
            return; /* the numbers show what is missing */
        line += w;
        n -= (size_t)w;
    }
}

bool
cli_audit_start(const char *file)
{
    audit_fd = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (audit_fd < 0) {
        cli_error("%s: %s", file, strerror(errno));
        return false;
    }
    audit_sink = append;
    return true;
}
