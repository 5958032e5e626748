/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tvm: run a TVM program.
 *
 *     tvm FILE          its output is this program's, its exit code too
 *     tvm --json FILE   the result as JSON, output and counts in it
 *     tvm --check FILE  only look whether it could be run
 *     tvm --sandbox     what programs may do, as JSON
 *
 * FILE is TVM code, or a .trymon package: that runs with what its permissions say.
 *
 * Exit code: the program's; 134 when it failed; 126 when it is no program; 127
 * when it is not there; 2 for a wrong command line.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "package.h"
#include "world.h"

#define FILE_MAX ((size_t)TVM_CODE_MAX + TVM_CONST_MAX + 4096)

static const char usage[] =
    "usage: tvm [OPTION...] FILE\n"
    "  --json             the result, output and counts as JSON\n"
    "  --check            only look whether it could be run\n"
    "  --sandbox          what programs may do, as JSON\n"
    "  --rate N           instructions a second (1000000; 0: any number)\n"
    "  --calls N          system calls a second (10000; 0: any number)\n"
    "  --memory BYTES     (67108864)\n"
    "  --cycles N         in all; more is an error (0: any number)\n"
    "  --no-time          gettimeofday is not allowed\n";

struct options {
    struct tvm_limits limits;
    const char *file;
    bool json, check, sandbox, no_time;
};

/* ---- the command line -------------------------------------------------------
 */

static bool
number(const char *text, uint64_t most, uint64_t *out)
{
    char *end;

    errno = 0;
    *out = text ? strtoull(text, &end, 10) : 0;
    return text && *text >= '0' && *text <= '9' && !*end && !errno &&
           *out <= most;
}

static bool
set_limit(struct options *o, const char *name, const char *value)
{
    uint64_t v;

    if (!number(value, strcmp(name, "--memory") ? UINT64_MAX : TVM_MEMORY_MAX,
                &v))
        return false;
    if (!strcmp(name, "--rate"))
        o->limits.per_second = v;
    else if (!strcmp(name, "--calls"))
        o->limits.calls_per_second = v;
    else if (!strcmp(name, "--memory"))
        o->limits.memory = (uint32_t)v;
    else if (!strcmp(name, "--cycles"))
        o->limits.cycles = v;
    else
        return false;
    return true;
}

static bool
parse(struct options *o, char **argv)
{
    for (argv++; *argv; argv++) {
        if (!strcmp(*argv, "--json"))
            o->json = true;
        else if (!strcmp(*argv, "--check"))
            o->check = true;
        else if (!strcmp(*argv, "--sandbox"))
            o->sandbox = true;
        else if (!strcmp(*argv, "--no-time"))
            o->no_time = true;
        else if ((*argv)[0] != '-')
            break;
        else if (!set_limit(o, *argv, argv[1]))
            return false;
        else
            argv++;
    }
    o->file =
        *argv; /* what follows is the program's: it has no way to see it */
    return o->file || o->sandbox;
}

/* ---- JSON
 * --------------------------------------------------------------------- */

/* The length of the UTF-8 sequence there, 0: none begins. */
static size_t
sequence(const uint8_t *p, size_t n)
{
    uint32_t v;
    size_t len = p[0] < 0x80       ? 1
                 : p[0] >> 5 == 6  ? 2
                 : p[0] >> 4 == 14 ? 3
                 : p[0] >> 3 == 30 ? 4
                                   : 0;

    if (len < 2 || len > n)
        return len == 1;
    v = p[0] & (0x7fu >> len);
    for (size_t i = 1; i < len; i++) {
        if (p[i] >> 6 != 2)
            return 0;
        v = v << 6 | (p[i] & 63);
    }
    if (v < (len == 2   ? 0x80u
             : len == 3 ? 0x800u
                        : 0x10000u) ||
        v > 0x10ffff || (v >= 0xd800 && v < 0xe000))
        return 0;
    return len;
}

static void
put_string(const char *bytes, size_t n)
{
    const uint8_t *p = (const uint8_t *)bytes;
    size_t len;

    putchar('"');
    for (size_t i = 0; i < n; i += len ? len : 1) {
        len = sequence(p + i, n - i);
        if (!len)
            fputs("\xef\xbf\xbd", stdout);
        else if (p[i] == '"' || p[i] == '\\')
            printf("\\%c", p[i]);
        else if (p[i] == '\n')
            fputs("\\n", stdout);
        else if (p[i] < 0x20 || p[i] == 0x7f)
            printf("\\u%04x", p[i]);
        else
            fwrite(p + i, 1, len, stdout);
    }
    putchar('"');
}

static void
put_result(const struct tvm *t, const struct world *w)
{
    const struct tvm_stats *s = &t->stats;

    printf("{\"success\":%s,\"exit_code\":%" PRId32 ",\"stdout\":",
           t->state == TVM_ENDED ? "true" : "false", t->exit_code);
    put_string(w->text[0].bytes, w->text[0].n);
    fputs(",\"stderr\":", stdout);
    put_string(w->text[1].bytes, w->text[1].n);
    if (t->state == TVM_FAILED) {
        fputs(",\"error\":", stdout);
        put_string(t->error.text, strlen(t->error.text));
    }
    printf(",\"stats\":{\"instructions_executed\":%" PRIu64
           ",\"function_calls\":%" PRIu64 ",\"syscall_count\":%" PRIu64
           ",\"allocations\":%" PRIu64 ",\"cycles\":%" PRIu64 "}}\n",
           s->instructions, s->calls, s->syscalls, s->allocations, s->cycles);
}

static void
put_sandbox(const struct tvm_limits *l)
{
    static const struct {
        const char *name;
        int allowed;
    } calls[] = {
#define CALL(number, name, allowed) {#name, allowed},
#include "call.def"
#undef CALL
    };
    const char *comma = "";

    printf("{\"enabled\":true,\"memory_limit_bytes\":%" PRIu32
           ",\"instructions_per_second\":%" PRIu64
           ",\"syscalls_per_second\":%" PRIu64 ",\"max_call_depth\":%u"
           ",\"stack_bytes\":%u,\"allowed_network_domains\":[]"
           ",\"allowed_syscalls\":[",
           l->memory, l->per_second, l->calls_per_second, TVM_DEPTH,
           TVM_STACK * 8);
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        if (calls[i].allowed) {
            printf("%s\"%s\"", comma, calls[i].name);
            comma = ",";
        }
    }
    fputs("]}\n", stdout);
}

/* ---- running
 * -------------------------------------------------------------------- */

static uint8_t *
read_file(const char *name, size_t *size)
{
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    size_t room = 65536;
    uint8_t *p = fd < 0 ? NULL : malloc(room), *more;
    ssize_t n;

    *size = 0;
    while (p && (n = read(fd, p + *size, room - *size)) != 0) {
        if (n < 0 || *size + (size_t)n > FILE_MAX) {
            errno = n < 0 ? errno : EFBIG;
            free(p);
            p = NULL;
            break;
        }
        *size += (size_t)n;
        if (*size == room) {
            more = realloc(p, room *= 2);
            if (!more)
                free(p);
            p = more;
        }
    }
    if (fd >= 0)
        close(fd);
    return p;
}

static int
refuse(const struct options *o, const char *why, int code)
{
    if (o->json) {
        printf("{\"success\":false,\"exit_code\":%d,\"stdout\":\"\","
               "\"stderr\":\"\",\"error\":",
               code);
        put_string(why, strlen(why));
        fputs(",\"stats\":{\"instructions_executed\":0,\"function_calls\":0,"
              "\"syscall_count\":0,\"allocations\":0,\"cycles\":0}}\n",
              stdout);
    } else {
        fprintf(stderr, "tvm: %s: %s\n", o->file, why);
    }
    return code;
}

static int
run(const struct options *o, const uint8_t *bytes, size_t size)
{
    static struct tvm t; /* 64 KiB of stack */
    static struct world w;
    struct tvm_host host;
    struct report r = {0};
    bool clocks = !o->no_time;
    int code;

    if (!package_open(bytes, size, !o->check, &bytes, &size, &clocks, &r))
        return refuse(o, r.text, 126);
    world_init(&w, o->json, clocks);
    host = world_host(&w);
    if (!tvm_load(&t, bytes, size, &o->limits, &host, &r))
        return refuse(o, r.text, 126);
    if (o->check) {
        tvm_finish(&t);
        return 0;
    }
    tvm_run(&t);
    if (o->json)
        put_result(&t, &w);
    else if (t.state == TVM_FAILED)
        fprintf(stderr, "tvm: %s: %s\n", o->file, t.error.text);
    code = t.exit_code & 0xff;
    tvm_finish(&t);
    world_finish(&w);
    return code;
}

int
main(int argc, char **argv)
{
    struct options o = {.limits = TVM_LIMITS};
    size_t size;
    uint8_t *bytes;
    int code;

    (void)argc;
    if (!parse(&o, argv)) {
        fputs(usage, stderr);
        return 2;
    }
    if (o.sandbox) {
        put_sandbox(&o.limits);
        return 0;
    }
    bytes = read_file(o.file, &size);
    if (!bytes)
        return refuse(&o, strerror(errno), errno == ENOENT ? 127 : 126);
    code = run(&o, bytes, size);
    free(bytes);
    return code;
}
