/* SPDX-License-Identifier: Apache-2.0 */
/* Files that pith itself writes: opened before the program runs, so that a
 * place that cannot be written to is refused at once. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

static bool
to_file(void *ctx, const void *data, size_t n)
{
    return fwrite(data, 1, n, ctx) == n;
}

struct engine_sink
cli_stdout(void)
{
    return (struct engine_sink){to_file, stdout, false};
}

struct engine_sink
cli_sink(FILE *f)
{
    return (struct engine_sink){to_file, f, false};
}

FILE *
cli_create(const char *option, const char *name)
{
    FILE *f = fopen(name, "we");

    if (!f)
        cli_error("%s=%s: cannot write it: %s", option, name, strerror(errno));
    return f;
}

FILE *
cli_create_private(const char *option, const char *name, bool *made)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    FILE *f = NULL;

    *made = fd >= 0;
    if (fd < 0 && errno == EEXIST)
        fd = open(name, O_WRONLY | O_CLOEXEC);
    if (fd >= 0 && !(f = fdopen(fd, "w")))
        close(fd);
    if (!f)
        cli_error("%s=%s: cannot write it: %s", option, name, strerror(errno));
    return f;
}

bool
cli_close(FILE *f, const char *name)
{
    bool ok = !ferror(f);

    if (fclose(f) != 0)
        ok = false;
    if (!ok)
        cli_error("%s: it could not be written completely: %s", name,
                  strerror(errno));
    return ok;
}
