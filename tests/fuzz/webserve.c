/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target: the HTTP server of `pith web`. Input: the head of a
 * request. Whatever it is, the answer is one of HTTP, as long as it says, and
 * holds nothing but the site's files.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "web.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SECRET "not-for-them"
#define SITE_FD 100
static char dir[] = "/tmp/pith-fuzz-web-XXXXXX", site_dir[64];

static void
put_file(const char *format, const char *text)
{
    char path[128];
    FILE *f;

    snprintf(path, sizeof path, format, dir);
    f = fopen(path, "w");
    if (!f || fputs(text, f) < 0 || fclose(f))
        abort();
}

static void
clean_up(void)
{
    static const char *const names[] = {
        "/site/index.html", "/site/a.js", "/site/a.js.gz", "/site/a.js.br",
        "/site/.hidden",    "/secret",    "/site",         ""};
    char path[128];

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s%s", dir, names[i]);
        remove(path);
    }
}

static void
make_site(void)
{
    char path[64];
    int fd;

    if (!mkdtemp(dir))
        abort();
    atexit(clean_up);
    snprintf(path, sizeof path, "%s/site", dir);
    if (mkdir(path, 0755) < 0)
        abort();
    /* by a name that is the same every time: libFuzzer learns from strings */
    fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || dup2(fd, SITE_FD) < 0)
        abort();
    close(fd);
    snprintf(site_dir, sizeof site_dir, "/proc/self/fd/%d", SITE_FD);
    put_file("%s/site/index.html", "0123456789");
    put_file("%s/site/a.js", "abcdefghij");
    put_file("%s/site/a.js.gz", "(zipped)");
    put_file("%s/site/a.js.br", "(brotli)");
    put_file("%s/site/.hidden", SECRET);
    put_file("%s/secret", SECRET);
}

static void
check(char *answer, size_t n, bool head_only)
{
    char *body = memmem(answer, n, "\r\n\r\n", 4), *at;
    unsigned long long length, have, from, to, of;

    if (n < 16 || memcmp(answer, "HTTP/1.1 ", 9) || !body)
        abort();
    if (memmem(answer, n, SECRET, sizeof SECRET - 1))
        abort();
    *body = 0;
    body += 4;
    have = n - (size_t)(body - answer);
    at = strstr(answer, "\r\nContent-Length: ");
    length = at ? strtoull(at + 18, NULL, 10) : 0;
    /* what is no request is no HEAD either; the connection is closed then */
    if (have != (head_only && memcmp(answer + 9, "400", 3) ? 0 : length))
        abort();
    at = strstr(answer, "\r\nContent-Range: bytes ");
    if (at && sscanf(at + 23, "%llu-%llu/%llu", &from, &to, &of) == 3 &&
        (to < from || to >= of || to - from + 1 != length || of != 10))
        abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct web_site site;
    char head[WEB_HEAD_MAX + 1], answer[8192];
    ssize_t n;
    int fd;

    if (!site.dir) {
        make_site();
        site.dir = site_dir;
    }
    if (size > WEB_HEAD_MAX)
        return 0;
    memcpy(head, data, size);
    head[size] = 0;
    site.local = size & 1;
    fd = memfd_create("answer", MFD_CLOEXEC);
    web_answer(&site, fd, head);
    n = pread(fd, answer, sizeof answer - 1, 0);
    close(fd);
    if (n < 0)
        abort();
    answer[n] = 0;
    check(answer, (size_t)n, size >= 5 && !memcmp(data, "HEAD ", 5));
    return 0;
}
