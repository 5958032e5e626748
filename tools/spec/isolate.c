/* SPDX-License-Identifier: Apache-2.0 */
/* One child process per test file, and the tally it shares with us. */
#include "spec.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* AddressSanitizer, where it is built in: memory that is not to be had is NULL,
 * as it is without it; hostile modules ask for what no machine has. */
const char *__asan_default_options(void);
const char *
__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

void
tally_fail(struct tally *t, int line, const char *format, ...)
{
    char sentence[1024];
    size_t room = sizeof t->text - t->used;
    va_list ap;
    int n;

    t->failed++;
    va_start(ap, format);
    vsnprintf(sentence, sizeof sentence, format, ap);
    va_end(ap);
    for (char *c = sentence; *c; c++)
        if (*c == '\n')
            *c = ' ';
    n = snprintf(t->text + t->used, room, "%d\t%s\n", line, sentence);
    if (n > 0 && (size_t)n < room)
        t->used += (size_t)n;
    else
        t->text[t->used] = 0;
}

/* What a sanitizer or assert said last, on one line. */
static void
last_words(FILE *err, char *text, size_t size)
{
    char line[400];

    text[0] = 0;
    fseek(err, 0, SEEK_SET);
    while (fgets(line, sizeof line, err)) {
        char *said = strstr(line, "runtime error:");

        if (!said)
            said = strstr(line, "SUMMARY:");
        if (!said)
            said = strstr(line, "Assertion");
        if (said && !text[0])
            snprintf(text, size, ": %s", line);
    }
}

static int
judge(int status, const struct rusage *usage, struct tally *t, unsigned seconds,
      unsigned max_mib, FILE *err)
{
    char words[500];

    last_words(err, words, sizeof words);
    if (WIFSIGNALED(status)) {
        int sig = WTERMSIG(status);

        if (sig == SIGALRM)
            tally_fail(t, t->line, "not finished after %u s", seconds);
        else
            tally_fail(t, t->line, "crash: signal %d (%s)%s", sig,
                       strsignal(sig), words);
        return -1;
    }
    if (max_mib && usage->ru_maxrss / 1024 > (long)max_mib) {
        tally_fail(t, t->line, "used %ld MiB of memory, over the limit of %u",
                   usage->ru_maxrss / 1024, max_mib);
        return -1;
    }
    if (words[0])
        tally_fail(t, t->line, "crash: exit code %d%s", WEXITSTATUS(status),
                   words);
    return WEXITSTATUS(status);
}

int
isolate(int (*fn)(const char *path, const void *arg, struct tally *t),
        const char *path, const void *arg, struct tally *t, unsigned seconds,
        unsigned max_mib)
{
    struct rusage usage;
    int status = 0;
    FILE *err = tmpfile();
    pid_t pid;

    fflush(NULL);
    pid = err ? fork() : -1;
    if (pid < 0) {
        tally_fail(t, 0, "cannot start a process: %s", strerror(errno));
        if (err)
            fclose(err);
        return -1;
    }
    if (!pid) {
        dup2(fileno(err), STDERR_FILENO);
        alarm(seconds);
        status = fn(path, arg, t);
        fflush(NULL);
        /* exit, not _exit: sanitizers look for leaks in exit handlers */
        exit(status);
    }
    while (wait4(pid, &status, 0, &usage) < 0)
        if (errno != EINTR) {
            tally_fail(t, 0, "wait: %s", strerror(errno));
            break;
        }
    status = judge(status, &usage, t, seconds, max_mib, err);
    fclose(err);
    return status;
}

uint8_t *
file_read(const char *path, size_t *size)
{
    FILE *f = fopen(path, "rb");
    uint8_t *bytes = NULL;
    long n;

    if (!f)
        return NULL;
    if (fseek(f, 0, SEEK_END) || (n = ftell(f)) < 0 || fseek(f, 0, SEEK_SET))
        goto fail;
    bytes = malloc((size_t)n + 1);
    if (!bytes || fread(bytes, 1, (size_t)n, f) != (size_t)n)
        goto fail;
    *size = (size_t)n;
    fclose(f);
    return bytes;
fail:
    free(bytes);
    fclose(f);
    return NULL;
}
