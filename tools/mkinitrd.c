/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pith-mkinitrd: an initramfs (cpio, format newc) on standard output.
 *
 *     pith-mkinitrd LIST [NAME=FILE]...  > OUT
 *
 * A line of LIST is one of these; modes are octal, # begins a comment:
 *
 *     dir PATH MODE
 *     node PATH MODE MAJOR MINOR      a character device
 *     file PATH MODE NAME             with the bytes of FILE
 *
 * The same input gives the same bytes: owner root, time 0, numbers in order.
 * No rights are needed to make a device, for nothing is made but the archive.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define LINE_MAX_ 1024

static unsigned long position; /* bytes written so far */

static void __attribute__((noreturn, format(printf, 1, 2)))
die(const char *format, ...)
{
    va_list ap;

    fprintf(stderr, "pith-mkinitrd: ");
    va_start(ap, format);
    vfprintf(stderr, format, ap);
    va_end(ap);
    fputc('\n', stderr);
    exit(1);
}

static void
put(const void *data, size_t n)
{
    if (fwrite(data, 1, n, stdout) != n)
        die("standard output: %s", strerror(errno));
    position += n;
}

static void
pad(unsigned long to)
{
    static const char zeros[512];

    if (position % to)
        put(zeros, to - position % to);
}

struct entry {
    unsigned mode, major, minor;
    unsigned long size;
};

static void
put_header(const char *path, const struct entry *e)
{
    static unsigned ino;
    char h[128];

    /* in the archive names have no leading slash */
    path += path[0] == '/';
    snprintf(h, sizeof h,
             "070701%08X%08X%08X%08X%08X%08X%08lX%08X%08X%08X%08X%08zX%08X",
             ++ino, e->mode, 0u, 0u, S_ISDIR(e->mode) ? 2u : 1u, 0u, e->size,
             0u, 0u, e->major, e->minor, strlen(path) + 1, 0u);
    put(h, 110);
    put(path, strlen(path) + 1);
    pad(4);
}

static const char *
source_of(const char *name, int argc, char **argv)
{
    size_t n = strlen(name);

    for (int i = 2; i < argc; i++)
        if (strncmp(argv[i], name, n) == 0 && argv[i][n] == '=')
            return argv[i] + n + 1;
    die("%s=FILE is missing", name);
}

static void
put_file(const char *path, unsigned mode, const char *file)
{
    static char buf[1 << 16];
    struct entry e = {.mode = S_IFREG | mode};
    FILE *f = fopen(file, "rb");
    struct stat st;
    size_t n, sum = 0;

    if (!f || fstat(fileno(f), &st) < 0 || !S_ISREG(st.st_mode))
        die("%s: %s", file, f ? "no file" : strerror(errno));
    if (st.st_size < 0 || st.st_size > 0xffffffff)
        die("%s: too long for this format", file);
    e.size = (unsigned long)st.st_size;
    put_header(path, &e);
    for (; (n = fread(buf, 1, sizeof buf, f)) > 0; sum += n)
        put(buf, n);
    if (ferror(f) || sum != e.size)
        die("%s: cannot be read, or changed meanwhile", file);
    fclose(f);
    pad(4);
}

static void
put_line(const char *line, unsigned number, int argc, char **argv)
{
    char kind[8], path[256], name[64];
    struct entry e = {0};
    unsigned mode;
    int n = sscanf(line, "%7s %255s %o", kind, path, &mode);

    if (n == 3 && strcmp(kind, "dir") == 0) {
        e.mode = S_IFDIR | mode;
        put_header(path, &e);
    } else if (n == 3 && strcmp(kind, "node") == 0 &&
               sscanf(line, "%*s %*s %*s %u %u", &e.major, &e.minor) == 2) {
        e.mode = S_IFCHR | mode;
        put_header(path, &e);
    } else if (n == 3 && strcmp(kind, "file") == 0 &&
               sscanf(line, "%*s %*s %*s %63s", name) == 1) {
        put_file(path, mode, source_of(name, argc, argv));
    } else {
        die("%s:%u: not understood", argv[1], number);
    }
}

int
main(int argc, char **argv)
{
    char line[LINE_MAX_];
    struct entry end = {0};
    unsigned number = 0;
    FILE *list;

    if (argc < 2)
        die("usage: pith-mkinitrd LIST [NAME=FILE]... > OUT");
    list = fopen(argv[1], "r");
    if (!list)
        die("%s: %s", argv[1], strerror(errno));
    while (fgets(line, sizeof line, list)) {
        number++;
        line[strcspn(line, "#\n")] = '\0';
        if (line[strspn(line, " \t")])
            put_line(line, number, argc, argv);
    }
    if (ferror(list))
        die("%s: cannot be read", argv[1]);
    fclose(list);
    put_header("TRAILER!!!", &end);
    pad(512);
    if (fflush(stdout) != 0)
        die("standard output: %s", strerror(errno));
    return 0;
}
