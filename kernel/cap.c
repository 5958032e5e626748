/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Grants: a set of capability bits, and rules for those that have an object
 * (paths, addresses, partners). Rules only ever allow, so a set is a subset of
 * another when each of its rules is covered by one of the other's.
 */
#include "cap.h"

#include <string.h>

#include "lib.h"
#include "pith_errno.h"
#include "proc.h"
#include "host.h"

#define RULES_MAX 256u /* per set: a set is copied and compared at spawn */
#define LINE_MAX_ 4352u

enum { RULE_WRITE = 1, RULE_CONNECT = 2, RULE_LISTEN = 4 };

struct rule {
    enum cap cap;      /* FS, NET or IPC */
    uint32_t how;      /* RULE_* */
    uint16_t port;     /* NET; 0: any */
    size_t len;
    char *object;      /* path, host or partner; "*" is any host, partner */
};
struct grants {
    uint32_t refs;
    uint32_t caps;     /* bit per enum cap */
    uint32_t nrules;
    struct rule *rules;
};

static const struct {
    const char *name, *text;
} caps[] = {
#define CAP(NAME, name, text) {name, text},
#include "cap.def"
#undef CAP
};

const char *
cap_name(enum cap c)
{
    return caps[c].name;
}

const char *
cap_text(enum cap c)
{
    return caps[c].text;
}

int
cap_by_name(const char *name, size_t len)
{
    int c;

    for (c = 0; c < CAP_COUNT; c++) {
        if (strlen(caps[c].name) == len && !memcmp(caps[c].name, name, len))
            return c;
    }
    return -E_INVAL;
}

/* ---- sets ----------------------------------------------------------------- */

struct grants *
grants_create(void)
{
    struct grants *g = host_alloc(sizeof *g);

    if (g) {
        g->refs = 1;
        g->caps = 1u << CAP_BASE;
    }
    return g;
}

struct grants *
grants_ref(struct grants *g)
{
    g->refs++;
    return g;
}

void
grants_unref(struct grants *g)
{
    uint32_t i;

    if (!g || --g->refs)
        return;
    for (i = 0; i < g->nrules; i++)
        host_free(g->rules[i].object);
    host_free(g->rules);
    host_free(g);
}

static int
add_rule(struct grants *g, struct rule r, const char *object, size_t len)
{
    struct rule *rules;

    if (g->nrules >= RULES_MAX)
        return -E_2BIG;
    r.object = text_copy(object, len);
    r.len = len;
    if (!r.object)
        return -E_NOMEM;
    rules = host_realloc(g->rules, (g->nrules + 1) * sizeof *rules);
    if (!rules) {
        host_free(r.object);
        return -E_NOMEM;
    }
    g->rules = rules;
    rules[g->nrules++] = r;
    g->caps |= 1u << r.cap;
    return 0;
}

/* ---- text ------------------------------------------------------------------ */

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

/* No "." or ".." components: a rule or a request that has them is refused
 * rather than understood. */
static bool
plain_path(const char *p, size_t len)
{
    size_t i = 0;

    if (!len || p[0] != '/')
        return false;
    while (i < len) {
        size_t from = ++i;

        while (i < len && p[i] != '/')
            i++;
        if ((i - from == 1 && p[from] == '.') ||
            (i - from == 2 && p[from] == '.' && p[from + 1] == '.'))
            return false;
    }
    return true;
}

static int
add_fs(struct grants *g, const char *at, const char *end, struct report *rep)
{
    struct word path = next_word(&at, end), last = {at, 0}, w;
    struct rule r = {.cap = CAP_FS};

    if (!path.len) {
        r.how = RULE_WRITE;
        return add_rule(g, r, "/", 1);
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
    while (path.len > 1 && path.at[path.len - 1] == '/')
        path.len--;
    if (!plain_path(path.at, path.len) || path.len >= PITH_PATH_MAX) {
        report_set(rep, 0, "grant: fs wants an absolute path without . and "
                           "..: `fs /data rw`");
        return -E_INVAL;
    }
    return add_rule(g, r, path.at, path.len);
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
    return host->len <= 255;
}

static int
add_net(struct grants *g, const char *at, const char *end, struct report *rep)
{
    struct rule r = {.cap = CAP_NET, .how = RULE_CONNECT | RULE_LISTEN};
    struct word how = next_word(&at, end), addr = next_word(&at, end), host;

    if (!how.len)
        return add_rule(g, r, "*", 1);
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
    return add_rule(g, r, host.at, host.len);
}

static int
add_ipc(struct grants *g, const char *at, const char *end)
{
    struct word name = next_word(&at, end);
    struct rule r = {.cap = CAP_IPC};

    return name.len ? add_rule(g, r, name.at, name.len)
                    : add_rule(g, r, "*", 1);
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
    c = cap_by_name(name.at, name.len);
    if (c == CAP_FS)
        return add_fs(g, at, end, r);
    if (c == CAP_NET)
        return add_net(g, at, end, r);
    if (c == CAP_IPC)
        return add_ipc(g, at, end);
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
        text_add(t, "net %s %s%s%s:", r->how & RULE_LISTEN ? "listen" : "connect",
                 v6 ? "[" : "", r->object, v6 ? "]" : "");
        if (r->port)
            text_add(t, "%u\n", r->port);
        else
            text_add(t, "*\n");
        break;
    default:
        text_add(t, "%s %s\n", caps[r->cap].name, r->object);
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
            text_add(&t, "%s\n", caps[c].name);
    }
    for (i = 0; i < g->nrules; i++)
        format_rule(&t, &g->rules[i]);
    return t.used;
}

/* ---- comparing --------------------------------------------------------------- */

/* Is path at or below dir? */
static bool
path_covers(const char *dir, size_t dlen, const char *path, size_t plen)
{
    if (dlen == 1)
        return true; /* the root */
    return plen >= dlen && !memcmp(dir, path, dlen) &&
           (plen == dlen || path[dlen] == '/');
}

static char
lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static bool
same_name(const char *a, const char *b, size_t len)
{
    size_t i;

    for (i = 0; i < len; i++) {
        if (lower(a[i]) != lower(b[i]))
            return false;
    }
    return true;
}

/* `*`, the name itself, or *.domain. */
static bool
host_covers(const struct rule *r, const char *host, size_t len)
{
    if (r->len == 1 && r->object[0] == '*')
        return true;
    if (r->len > 2 && r->object[0] == '*' && r->object[1] == '.')
        return len >= r->len &&
               same_name(r->object + 1, host + len - (r->len - 1), r->len - 1);
    return len == r->len && same_name(r->object, host, len);
}

static bool
rule_covers(const struct rule *big, const struct rule *small)
{
    if (big->cap != small->cap || (small->how & ~big->how))
        return false;
    switch (big->cap) {
    case CAP_FS:
        return path_covers(big->object, big->len, small->object, small->len);
    case CAP_NET:
        return (!big->port || big->port == small->port) &&
               host_covers(big, small->object, small->len);
    default:
        return (big->len == 1 && big->object[0] == '*') ||
               (big->len == small->len &&
                !memcmp(big->object, small->object, big->len));
    }
}

bool
grants_subset(const struct grants *small, const struct grants *big)
{
    uint32_t i, k;

    if (small == big)
        return true;
    if (small->caps & ~big->caps)
        return false;
    for (i = 0; i < small->nrules; i++) {
        for (k = 0; k < big->nrules; k++) {
            if (rule_covers(&big->rules[k], &small->rules[i]))
                break;
        }
        if (k == big->nrules)
            return false;
    }
    return true;
}

/* ---- checks --------------------------------------------------------------- */

bool
cap_has(const struct grants *g, enum cap c)
{
    return g && (g->caps & (1u << c));
}

static int
refuse(struct proc *p, enum cap c, const char *object)
{
    char *at;

    p->denials++;
    text_format(p->denied, sizeof p->denied, "%s %s", caps[c].name, object);
    for (at = p->denied; *at; at++) { /* shown on terminals */
        if ((uint8_t)*at < 0x20 || *at == 0x7f)
            *at = '?';
    }
    return -E_NOTCAPABLE;
}

int
cap_check(struct proc *p, enum cap c)
{
    if (!p || cap_has(p->grants, c))
        return 0;
    return refuse(p, c, "");
}

int
cap_check_path(struct proc *p, const char *abs_path, bool write)
{
    size_t len = strlen(abs_path);
    const struct grants *g = p ? p->grants : NULL;
    uint32_t i;

    if (!p)
        return 0;
    for (i = 0; g && i < g->nrules; i++) {
        const struct rule *r = &g->rules[i];

        if (r->cap == CAP_FS && (!write || (r->how & RULE_WRITE)) &&
            path_covers(r->object, r->len, abs_path, len) &&
            (r->len == 1 || plain_path(abs_path, len)))
            return 0;
    }
    return refuse(p, CAP_FS, abs_path);
}

int
cap_check_net(struct proc *p, enum cap_net how, const char *host,
              uint16_t port)
{
    uint32_t want = how == CAP_NET_CONNECT ? RULE_CONNECT : RULE_LISTEN, i;
    const struct grants *g = p ? p->grants : NULL;
    size_t len = strlen(host);

    if (!p)
        return 0;
    for (i = 0; g && i < g->nrules; i++) {
        const struct rule *r = &g->rules[i];

        if (r->cap == CAP_NET && (r->how & want) &&
            (!r->port || r->port == port) && host_covers(r, host, len))
            return 0;
    }
    return refuse(p, CAP_NET, host);
}
