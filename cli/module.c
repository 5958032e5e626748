/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Program files: found, mapped, and recognised before a kernel is started, so
 * that what is obviously no WebAssembly program is refused in plain words.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "pith_errno.h"

#define MAX_FILE (1ull << 30)

static int
refuse(const char *file, const char *what, const char *try)
{
    cli_error("%s: %s; try: %s", file, what, try);
    return EXIT_REFUSED;
}

static bool
is_text(const uint8_t *b, size_t n)
{
    for (size_t i = 0; i < n && i < 512; i++)
        if (!b[i] || b[i] == 0x7f ||
            (b[i] < 0x20 && !strchr("\t\n\v\f\r\033", b[i])))
            return false;
    return n > 0;
}

/* 0 when it may be a module; magic and version are here, the rest the
 * engine's. */
static int
recognise(const char *file, const uint8_t *b, size_t n)
{
    static const uint8_t core[] = {0, 'a', 's', 'm', 1, 0, 0, 0};
    static const uint8_t component[] = {0, 'a', 's', 'm', 0x0d, 0, 1, 0};
    size_t head = n < 8 ? n : 8;
    if (n == 0)
        return refuse(file, "the file is empty",
                      "building or copying it again");
    if (n >= 4 && memcmp(b, "\177ELF", 4) == 0)
        return refuse(file, "this is a native Linux program, not WebAssembly",
                      "compiling it with pith-cc");
    if (n >= 2 && b[0] == '#' && b[1] == '!')
        return refuse(file, "this is a script, and pith run takes WebAssembly",
                      "pith --mount .::/mnt, and running it in the shell");
    if (n >= 8 && memcmp(b, component, 8) == 0)
        return refuse(file,
                      "this is a component; only core modules can run so far",
                      "building for wasm32-wasip1");
    if (memcmp(b, core, head < 4 ? head : 4) == 0) {
        if (n < 8)
            return refuse(file, "the file is truncated, even its header is",
                          "building or copying it again");
        if (memcmp(b, core, 8) != 0)
            return refuse(file,
                          "this is a WebAssembly version Pith does not "
                          "know",
                          "building for wasm32-wasip1");
        return 0;
    }
    if (n >= 4 && memcmp(b, "(mod", 4) == 0)
        return refuse(file, "this is WebAssembly text, not a binary",
                      "wat2wasm");
    if (is_text(b, n))
        return refuse(file, "this is a text file without #!, not WebAssembly",
                      "pith run FILE.wasm");
    return refuse(file, "this is not a WebAssembly module",
                  "pith run FILE.wasm");
}

static int
open_error(const char *file, int e)
{
    if (e == ENOENT || e == ENOTDIR) {
        const char *slash = strrchr(file, '/');
        cli_error("%s: there is no such file; try: ls %.*s", file,
                  slash ? (int)(slash - file) : 1, slash ? file : ".");
        return EXIT_NOT_FOUND;
    }
    cli_error("%s: %s; try: ls -l %s", file, strerror(e), file);
    return EXIT_REFUSED;
}

int
cli_module_open(const char *file, struct cli_module *out)
{
    struct stat st;
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return open_error(file, errno);
    int r = 0;
    if (fstat(fd, &st) < 0)
        r = open_error(file, errno);
    else if (S_ISDIR(st.st_mode))
        r = refuse(file, "this is a directory", "a .wasm file in it");
    else if (!S_ISREG(st.st_mode))
        r = refuse(file, "this is not a regular file", "copying it to one");
    else if ((uint64_t)st.st_size > MAX_FILE)
        r = refuse(file, "this is over 1 GiB, too large for a module",
                   "pith inspect on a smaller one");
    out->size = r ? 0 : (size_t)st.st_size;
    void *map = NULL;
    if (!r && out->size) {
        map = mmap(NULL, out->size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (map == MAP_FAILED) {
            r = open_error(file, errno);
            map = NULL;
        }
    }
    out->file = (struct engine_file){st.st_dev,          st.st_ino,
                                     out->size,          st.st_mtim.tv_sec,
                                     st.st_mtim.tv_nsec, st.st_ctim.tv_sec,
                                     st.st_ctim.tv_nsec};
    close(fd);
    out->bytes = map;
    return r ? r : recognise(file, out->bytes, out->size);
}

/* Does a section reach beyond the end of the file? */
static bool
is_truncated(const struct cli_module *m)
{
    size_t at = 8;
    while (at < m->size) {
        uint64_t n = 0;
        uint32_t shift = 0;
        at++; /* the section's number */
        for (;; shift += 7) {
            if (at >= m->size || shift > 28)
                return at >= m->size;
            n |= (uint64_t)(m->bytes[at] & 0x7f) << shift;
            if (!(m->bytes[at++] & 0x80))
                break;
        }
        if (n > m->size - at)
            return true;
        at += n;
    }
    return false;
}

void
cli_module_refused(const char *file, const struct cli_module *m, int error,
                   const struct report *report)
{
    const char *text = report->text[0] ? report->text : pith_errno_text(error);
    if (is_truncated(m))
        cli_error("%s: the file is truncated (%zu bytes are there: %s); try: "
                  "building or copying it again",
                  file, m->size, text);
    else if (error == -E_INVAL)
        cli_error("%s: not a valid module: %s; try: building it again", file,
                  text);
    else
        cli_error("%s: %s; try: pith inspect %s", file, text, file);
}
