/* SPDX-License-Identifier: Apache-2.0 */
/*
 * strace out of the tables: one line a call, formatted as the row's trace
 * column says (see syscall.def). Printed when the call has returned, so that
 * buffers show what was moved.
 *
 *     [12] read(0, "hello\n", 4096) = 6
 *     [12] open(AT_FDCWD, "/nowhere", O_RDONLY, 0) = -1 ENOENT (No such ...)
 */
#include <string.h>

#include "../kernel/lib.h"
#include "enter.h"
#include "pith_errno.h"

#define SHOW_MAX 32u  /* bytes of a buffer */
#define SHOW_PATH 128u

void (*abi_trace_sink)(const char *text, size_t n) = host_log;

static const char *const signals[] = {
    "0", "SIGHUP", "SIGINT", "SIGQUIT", "SIGILL", "SIGTRAP", "SIGABRT",
    "SIGBUS", "SIGFPE", "SIGKILL", "SIGUSR1", "SIGSEGV", "SIGUSR2", "SIGPIPE",
    "SIGALRM", "SIGTERM", "SIGSTKFLT", "SIGCHLD", "SIGCONT", "SIGSTOP",
    "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGURG", "SIGXCPU", "SIGXFSZ",
    "SIGVTALRM", "SIGPROF", "SIGWINCH", "SIGIO", "SIGPWR", "SIGSYS",
};

static const struct {
    uint32_t bit;
    const char *name;
} open_flags[] = {
    {PITH_O_CREAT, "O_CREAT"}, {PITH_O_EXCL, "O_EXCL"},
    {PITH_O_NOCTTY, "O_NOCTTY"}, {PITH_O_TRUNC, "O_TRUNC"},
    {PITH_O_APPEND, "O_APPEND"}, {PITH_O_NONBLOCK, "O_NONBLOCK"},
    {PITH_O_SYNC, "O_SYNC"}, {PITH_O_DSYNC, "O_DSYNC"},
    {PITH_O_TMPFILE, "O_TMPFILE"}, {PITH_O_DIRECTORY, "O_DIRECTORY"},
    {PITH_O_NOFOLLOW, "O_NOFOLLOW"}, {PITH_O_CLOEXEC, "O_CLOEXEC"},
    {PITH_O_PATH, "O_PATH"},
};

static void
show_bytes(struct text *t, const char *s, size_t n)
{
    size_t i;

    text_add(t, "\"");
    for (i = 0; i < n; i++) {
        uint8_t c = (uint8_t)s[i];

        if (c == '\n')
            text_add(t, "\\n");
        else if (c == '"' || c == '\\')
            text_add(t, "\\%c", c);
        else if (c < 32 || c >= 127)
            text_add(t, "\\x%02x", c);
        else
            text_add(t, "%c", c);
    }
    text_add(t, "\"");
}

static void
show_buffer(struct text *t, struct proc *p, uint64_t at, uint64_t len)
{
    char bytes[SHOW_MAX];
    size_t n = len < SHOW_MAX ? (size_t)len : SHOW_MAX;

    if (copy_in(p, bytes, gptr(at), n) < 0) {
        text_add(t, "0x%llx", (unsigned long long)at);
        return;
    }
    show_bytes(t, bytes, n);
    if (n < len)
        text_add(t, "...");
}

static void
show_string(struct text *t, struct proc *p, uint64_t at)
{
    int64_t n = user_string_length(p, gptr(at), PITH_PATH_MAX);
    char bytes[SHOW_PATH];
    size_t k = n < (int64_t)SHOW_PATH ? (size_t)(n < 0 ? 0 : n) : SHOW_PATH;

    if (n < 0 || copy_in(p, bytes, gptr(at), k) < 0) {
        text_add(t, at ? "0x%llx" : "NULL", (unsigned long long)at);
        return;
    }
    show_bytes(t, bytes, k);
    if ((int64_t)k < n)
        text_add(t, "...");
}

static void
show_argv(struct text *t, struct proc *p, uint64_t at)
{
    pith_gp s;
    int i;

    text_add(t, "[");
    for (i = 0; at && i < 16; i++, at += sizeof s) {
        if (copy_in(p, &s, gptr(at), sizeof s) < 0 || !s)
            break;
        text_add(t, i ? ", " : "");
        show_string(t, p, s);
    }
    text_add(t, i == 16 ? ", ...]" : "]");
}

static void
show_open_flags(struct text *t, uint32_t f)
{
    static const char *const access[] = {"O_RDONLY", "O_WRONLY", "O_RDWR",
                                         "O_ACCMODE"};
    size_t i;

    text_add(t, "%s", access[f & PITH_O_ACCMODE]);
    f &= ~(uint32_t)PITH_O_ACCMODE;
    for (i = 0; i < sizeof open_flags / sizeof open_flags[0]; i++) {
        if ((f & open_flags[i].bit) == open_flags[i].bit) {
            text_add(t, "|%s", open_flags[i].name);
            f &= ~open_flags[i].bit;
        }
    }
    if (f)
        text_add(t, "|0x%x", f);
}

static void
show_arg(struct text *t, struct proc *p, const char *how, char type,
         const uint64_t *a, int64_t result)
{
    int64_t v = type == 'l' ? (int64_t)*a : (int32_t)*a;

    switch (*how) {
    case 'x':
        text_add(t, "0x%llx", (unsigned long long)*a);
        break;
    case 'o':
        text_add(t, "0%llo", (unsigned long long)*a);
        break;
    case 'p':
        text_add(t, *a ? "0x%llx" : "NULL", (unsigned long long)*a);
        break;
    case 's':
        show_string(t, p, *a);
        break;
    case 'b': /* all of it, or what was moved: the pointer when nothing was */
        if (how[1] == '-')
            show_buffer(t, p, *a, a[1]);
        else if (result >= 0)
            show_buffer(t, p, *a,
                        (uint64_t)result < a[1] ? (uint64_t)result : a[1]);
        else
            text_add(t, "0x%llx", (unsigned long long)*a);
        break;
    case 'a':
        show_argv(t, p, *a);
        break;
    case 'O':
        show_open_flags(t, (uint32_t)*a);
        break;
    case 'S':
        if (*a < sizeof signals / sizeof signals[0])
            text_add(t, "%s", signals[*a]);
        else
            text_add(t, "%lld", (long long)v);
        break;
    case 'f':
        if (v == PITH_AT_FDCWD) {
            text_add(t, "AT_FDCWD");
            break;
        }
        __attribute__((fallthrough));
    default:
        text_add(t, "%lld", (long long)v);
    }
}

void
abi_trace(struct proc *p, const struct abi_row *row, const uint64_t *a,
          int64_t result)
{
    char line[1024];
    struct text t = {line, sizeof line - 1, 0};
    bool any = false;
    size_t n;
    int i;

    text_add(&t, "[%d] %s(", p->pid, row->name);
    for (i = 0; row->trace[i] && row->signature[i + 1]; i++) {
        if (row->trace[i] == '-')
            continue;
        text_add(&t, any ? ", " : "");
        any = true;
        show_arg(&t, p, &row->trace[i], row->signature[i + 1], &a[i], result);
    }
    if (row->signature[0] == 'v')
        text_add(&t, ")");
    else if (result < 0)
        text_add(&t, ") = -1 %s (%s)", pith_errno_name((int)-result),
                 pith_errno_text((int)-result));
    else
        text_add(&t, ") = %lld", (long long)result);
    n = t.used < sizeof line - 2 ? t.used : sizeof line - 2;
    line[n++] = '\n';
    abi_trace_sink(line, n);
}
