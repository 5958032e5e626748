/* SPDX-License-Identifier: Apache-2.0 */
/* Grants as text, in and out; the grammar is in cap.h. */
#include <string.h>

#include "cap_internal.h"
#include "lib.h"
#include "pith_errno.h"
#include "../abi/pith/abi.h"

#define LINE_MAX_ 4352u

static const char *const limit_names[APP_LIMITS] = {
#define LIMIT(NAME, name, text) name,
#include "limit.def"
#undef LIMIT
};

int
app_limit_by_name(const char *name, size_t len)
{
    int i;

    for (i = 0; i < APP_LIMITS; i++) {
        if (strlen(limit_names[i]) == len && !memcmp(limit_names[i], name, len))
            return i;
    }
    return -E_INVAL;
}

const char *
app_limit_name(int limit)
{
    return limit_names[limit];
}

struct word {
    const char *at;
    size_t len;
};

static struct word
next_word(const char **at, const char *end)
{
    struct word w;

    while (*at < end && (**at == ' ' || **at == '\t'))
        (*at)++;
    w.at = *at;
    while (*at < end && **at != ' ' && **at != '\t')
        (*at)++;
    w.len = (size_t)(*at - w.at);
    return w;
}

static bool
word_is(struct word w, const char *s)
{
    return w.len == strlen(s) && !memcmp(w.at, s, w.len);
}

static int
add_fs(struct grants *g, const char *at, const char *end, struct report *rep)
{
    struct word path = next_word(&at, end), last = {at, 0}, w;
    struct rule r = {.cap = CAP_FS};

    if (!path.len) {
        r.how = RULE_WRITE;
        return grants_add_rule(g, r, "/", 1);
    }
    /* A path may hold blanks: the last word is the mode. */
    while ((w = next_word(&at, end)).len)
        last = w;
    if (word_is(last, "rw"))
        r.how = RULE_WRITE;
    else if (last.len && !word_is(last, "ro"))
        path.len = (size_t)(last.at + last.len - path.at);
    if (word_is(last, "rw") || word_is(last, "ro")) {
        path.len = (size_t)(last.at - path.at);
        while (path.at[path.len - 1] == ' ')
            path.len--;
    }
    /* Blanks too: at its end a name of them could not be written back. */
    while (path.len > 1 && strchr("/ \t", path.at[path.len - 1]))
        path.len--;
    if (!cap_plain_path(path.at, path.len) || path.len >= PITH_PATH_MAX) {
        report_set(rep, 0, "grant: fs wants an absolute path without . and "
                           "..: `fs /data rw`");
        return -E_INVAL;
    }
    return grants_add_rule(g, r, path.at, path.len);
}

/* HOST:PORT, [V6]:PORT, :PORT, HOST; port and host may be *. */
static bool
parse_address(struct word w, struct word *host, uint16_t *port)
{
    size_t i = w.len;
    uint64_t n = 0;

    while (i && w.at[i - 1] != ':' && w.at[i - 1] != ']')
        i--;
    *host = w;
    *port = 0;
    if (i && w.at[i - 1] == ':') {
        struct word p = {w.at + i, w.len - i};

        host->len = i - 1;
        if (!word_is(p, "*") && !text_number(p.at, p.len, 65535, &n))
            return false;
        *port = (uint16_t)n;
    }
    if (host->len >= 2 && host->at[0] == '[' && host->at[host->len - 1] == ']')
        host->at++, host->len -= 2;
    if (!host->len)
        *host = (struct word){"*", 1};
    for (i = 0; i < host->len; i++) {
        if ((uint8_t)host->at[i] <= ' ' || strchr("[]\x7f", host->at[i]))
            return false;
    }
    return host->len <= 255;
}

static int
add_net(struct grants *g, const char *at, const char *end, struct report *rep)
{
    struct rule r = {.cap = CAP_NET, .how = RULE_CONNECT | RULE_LISTEN};
    struct word how = next_word(&at, end), addr = next_word(&at, end), host;

    if (!how.len)
        return grants_add_rule(g, r, "*", 1);
    if (word_is(how, "connect"))
        r.how = RULE_CONNECT;
    else if (word_is(how, "listen"))
        r.how = RULE_LISTEN;
    else
        addr.at = NULL;
    if (!addr.at || next_word(&at, end).len ||
        !parse_address(addr, &host, &r.port)) {
        report_set(rep, 0, "grant: net is `net`, `net connect HOST:PORT` or "
                           "`net listen :PORT`");
        return -E_INVAL;
    }
    return grants_add_rule(g, r, host.at, host.len);
}

static bool
plain_name(struct word w)
{
    size_t i;

    for (i = 0; i < w.len; i++) {
        char c = w.at[i];

        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'))
            return false;
    }
    return w.len > 0 && w.len <= APP_NAME_MAX;
}

static int
add_ipc(struct grants *g, const char *at, const char *end, struct report *rep)
{
    struct word name = next_word(&at, end);
    struct rule r = {.cap = CAP_IPC};

    if (!name.len)
        return grants_add_rule(g, r, "*", 1);
    if ((!word_is(name, "*") && !plain_name(name)) ||
        next_word(&at, end).len) {
        report_set(rep, 0, "grant: ipc is `ipc`, `ipc *` or `ipc NAME`");
        return -E_INVAL;
    }
    return grants_add_rule(g, r, name.at, name.len);
}

static int
add_app(struct grants *g, const char *at, const char *end, struct report *rep)
{
    struct word name = next_word(&at, end);

    if (!plain_name(name) || next_word(&at, end).len) {
        report_set(rep, 0, "grant: `app NAME`, of a-z, 0-9 and -");
        return -E_INVAL;
    }
    memcpy(g->app, name.at, name.len);
    g->app[name.len] = 0;
    return 0;
}

static int
add_limit(struct grants *g, const char *at, const char *end,
          struct report *rep)
{
    struct word what = next_word(&at, end), n = next_word(&at, end);
    int l = app_limit_by_name(what.at, what.len);
    uint64_t v;

    if (l < 0 || !text_number(n.at, n.len, INT64_MAX, &v) || !v ||
        next_word(&at, end).len) {
        report_set(rep, 0, "grant: `limit WHAT NUMBER`, as `limit cpu 50`");
        return -E_INVAL;
    }
    g->limit[l] = v;
    return 0;
}

/* The same with `not` before: what the rules so far allow of it is taken out. */
static int
add_denial(struct grants *g, const char *line, size_t len, struct report *rep)
{
    struct grants *one = grants_create();
    int r = one ? grants_add(one, line, len, rep) : -E_NOMEM;

    if (r == 0 && one->nrules != 1) {
        report_set(rep, 0, "grant: `not` is for fs, net and ipc");
        r = -E_INVAL;
    }
    if (r == 0) {
        one->rules[0].deny = true;
        if (one->rules[0].cap == CAP_FS)
            one->rules[0].how = RULE_WRITE; /* not to read is neither */
        r = grants_add_rule(g, one->rules[0], one->rules[0].object,
                            one->rules[0].len);
    }
    grants_unref(one);
    return r;
}

int
grants_add(struct grants *g, const char *line, size_t len, struct report *r)
{
    const char *at = line, *end = line + len;
    struct word name;
    int c;

    if (len > LINE_MAX_ || memchr(line, 0, len)) {
        report_set(r, 0, "grant: the line is too long or holds a NUL");
        return -E_INVAL;
    }
    while (end > at && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r'))
        end--;
    name = next_word(&at, end);
    if (!name.len || name.at[0] == '#')
        return 0;
    if (word_is(name, "app"))
        return add_app(g, at, end, r);
    if (word_is(name, "limit"))
        return add_limit(g, at, end, r);
    if (word_is(name, "stub")) {
        g->stub = true;
        return 0;
    }
    if (word_is(name, "ask")) {
        g->ask = true;
        return 0;
    }
    if (word_is(name, "not"))
        return add_denial(g, at, (size_t)(end - at), r);
    c = cap_by_name(name.at, name.len);
    if (c == CAP_FS)
        return add_fs(g, at, end, r);
    if (c == CAP_NET)
        return add_net(g, at, end, r);
    if (c == CAP_IPC)
        return add_ipc(g, at, end, r);
    if (c < 0 || next_word(&at, end).len) {
        report_set(r, 0, "grant: `%.*s` is not a capability",
                   (int)(name.len < 64 ? name.len : 64), name.at);
        return -E_INVAL;
    }
    g->caps |= 1u << c;
    return 0;
}

int
grants_add_all(struct grants *g)
{
    static const char all[] = "fs\nnet\nipc\n";
    const char *at = all;
    int r = 0;

    while (*at && r == 0) {
        size_t n = strcspn(at, "\n");

        r = grants_add(g, at, n, NULL);
        at += n + 1;
    }
    g->caps = (1u << CAP_COUNT) - 1;
    return r;
}

int
grants_parse(const char *text, size_t len, struct grants **out,
             struct report *rep)
{
    struct grants *g = grants_create();
    size_t at = 0;

    if (!g)
        return -E_NOMEM;
    while (at < len) {
        const char *nl = memchr(text + at, '\n', len - at);
        size_t n = nl ? (size_t)(nl - (text + at)) : len - at;
        int r = grants_add(g, text + at, n, rep);

        if (r < 0) {
            grants_unref(g);
            return r;
        }
        at += n + 1;
    }
    *out = g;
    return 0;
}

static void
format_rule(struct text *t, const struct rule *r)
{
    bool v6;

    if (r->deny)
        text_add(t, "not ");
    switch (r->cap) {
    case CAP_FS:
        text_add(t, "fs %s %s\n", r->object, r->how & RULE_WRITE ? "rw" : "ro");
        break;
    case CAP_NET:
        if (r->how == (RULE_CONNECT | RULE_LISTEN)) {
            text_add(t, "net\n");
            break;
        }
        v6 = strchr(r->object, ':') != NULL;
        text_add(t, "net %s %s%s%s:",
                 r->how & RULE_LISTEN ? "listen" : "connect",
                 v6 ? "[" : "", r->object, v6 ? "]" : "");
        if (r->port)
            text_add(t, "%u\n", r->port);
        else
            text_add(t, "*\n");
        break;
    default:
        text_add(t, "%s %s\n", cap_name(r->cap), r->object);
    }
}

size_t
grants_format(const struct grants *g, char *out, size_t room)
{
    struct text t = {out, room, 0};
    uint32_t i;
    int c;

    if (room)
        out[0] = 0;
    for (c = CAP_BASE + 1; c < CAP_COUNT; c++) {
        if (c != CAP_FS && c != CAP_NET && c != CAP_IPC &&
            (g->caps & (1u << c)))
            text_add(&t, "%s\n", cap_name((enum cap)c));
    }
    for (i = 0; i < g->nrules; i++)
        format_rule(&t, &g->rules[i]);
    if (g->app[0])
        text_add(&t, "app %s\n", g->app);
    for (c = 0; c < APP_LIMITS; c++) {
        if (g->limit[c])
            text_add(&t, "limit %s %llu\n", app_limit_name(c),
                     (unsigned long long)g->limit[c]);
    }
    if (g->stub)
        text_add(&t, "stub trap\n");
    if (g->ask)
        text_add(&t, "ask\n");
    return t.used;
}
