/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Grants: a set of capability bits, and rules for those that have an object
 * (paths, addresses, partners). Rules are in order, and the last one that is
 * about a thing decides: what was revoked out of a larger grant is a rule that
 * denies, behind the one that allows; what is granted again stands behind that.
 * What no rule is about is not allowed.
 */
#include "cap_internal.h"

#include <stdatomic.h>
#include <string.h>

#include "audit.h"
#include "broker.h"
#include "lib.h"
#include "pith_errno.h"
#include "proc.h"
#include "host.h"

#define RULES_MAX 256u /* per set: a set is copied and compared at spawn */
#define DENIALS_MAX 256u /* more of these: taking away must not fail soon */

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

void (*cap_used)(struct proc *p, const char *line);

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

/* ---- sets ------------------------------------------------------------ */

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

int
grants_add_rule(struct grants *g, struct rule r, const char *object, size_t len)
{
    struct rule *rules;

    if (g->nrules >= RULES_MAX + (r.deny ? DENIALS_MAX : 0))
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
    if (!r.deny)
        g->caps |= 1u << r.cap;
    return 0;
}

void
grants_copy_rest(struct grants *to, const struct grants *from)
{
    to->stub = from->stub;
    to->ask = from->ask;
    memcpy(to->limit, from->limit, sizeof to->limit);
    memcpy(to->app, from->app, sizeof to->app);
}

/* ---- comparing ------------------------------------------------------- */

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

bool
cap_rule_covers(const struct rule *big, const struct rule *small)
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
cap_plain_path(const char *p, size_t len)
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

/* ---- checks ---------------------------------------------------------- */

bool
cap_has(const struct grants *g, enum cap c)
{
    return g && (g->caps & (1u << c));
}

int
cap_refuse(struct proc *p, enum cap c, const char *object, const char *line)
{
    char *at;

    if (line)
        broker_note(p, line);
    p->denials++;
    if (p->app)
        p->app->named->denials++;
    audit(p, "refused", "%s%s%s", caps[c].name, *object ? " " : "", object);
    text_format(p->denied, sizeof p->denied, "%s %s", caps[c].name, object);
    for (at = p->denied; *at; at++) { /* shown on terminals */
        if ((uint8_t)*at < 0x20 || *at == 0x7f)
            *at = '?';
    }
    return -E_NOTCAPABLE;
}

/* What was used, for who wants to know (cap_used). */
static void
used(struct proc *p, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void
used(struct proc *p, const char *format, ...)
{
    char line[4352];
    va_list ap;

    va_start(ap, format);
    text_formatv(line, sizeof line, format, ap);
    va_end(ap);
    cap_used(p, line);
}

void
cap_set_grants(struct proc *p, struct grants *g)
{
    grants_unref(p->grants);
    p->grants = g;
    atomic_store_explicit(&p->cap_bits, g ? g->caps : 0, memory_order_relaxed);
}

int
cap_check(struct proc *p, enum cap c)
{
    if (!p)
        return 0;
    if (!cap_has(p->grants, c) && !cap_has(broker_once(p), c))
        return cap_refuse(p, c, "", caps[c].name);
    if (cap_used)
        used(p, "%s", caps[c].name);
    return 0;
}

int
cap_check_root(struct proc *p, enum cap c)
{
    int r = cap_check(p, c);

    if (r < 0 || !p || p->cred.euid == 0)
        return r;
    audit(p, "refused", "%s to user %u", caps[c].name, p->cred.euid);
    return -E_PERM;
}

bool
cap_stubbed(const struct proc *p)
{
    return p->grants && p->grants->stub;
}

bool
grants_allow_path(const struct grants *g, const char *path, bool write)
{
    size_t len = strlen(path);
    uint32_t i;

    for (i = g ? g->nrules : 0; i-- > 0;) {
        const struct rule *r = &g->rules[i];

        if (r->cap != CAP_FS || !path_covers(r->object, r->len, path, len))
            continue;
        if (r->deny)
            return false;
        if ((!write || (r->how & RULE_WRITE)) &&
            (r->len == 1 || cap_plain_path(path, len)))
            return true;
    }
    return false;
}

bool
grants_hole_below(const struct grants *g, const char *dir)
{
    size_t len = strlen(dir);
    uint32_t i;

    for (i = 0; g && i < g->nrules; i++) {
        const struct rule *r = &g->rules[i];

        if (r->cap == CAP_FS && r->deny &&
            path_covers(dir, len, r->object, r->len))
            return true;
    }
    return false;
}

int
cap_check_move(struct proc *p, const char *abs_dir)
{
    if (!p || !grants_hole_below(p->grants, abs_dir))
        return 0;
    return cap_refuse(p, CAP_FS, abs_dir, NULL);
}

static __attribute__((noinline)) int
refuse_path(struct proc *p, const char *path, bool write)
{
    char line[4352];

    text_format(line, sizeof line, "fs %s %s", path, write ? "rw" : "ro");
    return cap_refuse(p, CAP_FS, path, line);
}

int
cap_check_path(struct proc *p, const char *abs_path, bool write)
{
    if (!p)
        return 0;
    if (!grants_allow_path(p->grants, abs_path, write) &&
        !grants_allow_path(broker_once(p), abs_path, write))
        return refuse_path(p, abs_path, write);
    if (cap_used)
        used(p, "fs %s %s", abs_path, write ? "rw" : "ro");
    return 0;
}

bool
grants_allow_net(const struct grants *g, enum cap_net how, const char *host,
                 uint16_t port)
{
    uint32_t want = how == CAP_NET_CONNECT ? RULE_CONNECT : RULE_LISTEN, i;
    size_t len = strlen(host);

    for (i = g ? g->nrules : 0; i-- > 0;) {
        const struct rule *r = &g->rules[i];

        if (r->cap == CAP_NET && (r->how & want) &&
            (!r->port || r->port == port) && host_covers(r, host, len))
            return !r->deny;
    }
    return false;
}

int
cap_check_net(struct proc *p, enum cap_net how, const char *host,
              uint16_t port)
{
    const char *word = how == CAP_NET_CONNECT ? "connect" : "listen";
    bool v6 = strchr(host, ':') != NULL;
    char object[300], line[310];

    if (!p)
        return 0;
    text_format(object, sizeof object, "%s %s%s%s:%u", word, v6 ? "[" : "",
                host, v6 ? "]" : "", port);
    text_format(line, sizeof line, "net %s", object);
    if (!grants_allow_net(p->grants, how, host, port) &&
        !grants_allow_net(broker_once(p), how, host, port))
        return cap_refuse(p, CAP_NET, object, line);
    if (cap_used)
        used(p, "%s", line);
    return 0;
}

bool
grants_allow_ipc(const struct grants *g, const char *name)
{
    const struct rule want = {.cap = CAP_IPC, .len = strlen(name),
                              .object = (char *)(uintptr_t)name};
    uint32_t i;

    for (i = g ? g->nrules : 0; i-- > 0;) {
        const struct rule *r = &g->rules[i];

        if (cap_rule_covers(r, &want))
            return !r->deny;
        /* to everybody is to each: also to who was taken out */
        if (r->deny && r->cap == CAP_IPC && !strcmp(name, "*"))
            return false;
    }
    return false;
}

int
cap_check_ipc(struct proc *p, const char *name)
{
    char line[80];

    text_format(line, sizeof line, "ipc %s", name);
    if (!grants_allow_ipc(p->grants, name) &&
        !grants_allow_ipc(broker_once(p), name))
        return cap_refuse(p, CAP_IPC, name, line);
    if (cap_used)
        used(p, "%s", line);
    return 0;
}
