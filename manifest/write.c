/* SPDX-License-Identifier: Apache-2.0 */
/* A struct manifest as grants for the kernel, and as a vyoma.toml. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pith_errno.h"
#include "read.h"

static const char *
kernel_name(enum cap c)
{
    static const char *const names[] = {
#define CAP(NAME, name, text) name,
#include "cap.def"
#undef CAP
    };

    return names[c];
}

struct out {
    char *at;
    size_t room, used;
};

static void add(struct out *o, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void
add(struct out *o, const char *format, ...)
{
    size_t at = o->used < o->room ? o->used : o->room;
    va_list ap;
    int n;

    va_start(ap, format);
    n = vsnprintf(o->room ? o->at + at : NULL, o->room - at, format, ap);
    va_end(ap);
    o->used += n > 0 ? (size_t)n : 0;
}

static bool
has_rules(const struct manifest *m, enum cap cap)
{
    for (uint32_t i = 0; i < m->nrules; i++)
        if (m->rules[i].cap == cap)
            return true;
    return false;
}

/* ---- grants ---------------------------------------------------------- */

static void
add_limits(struct out *o, const struct manifest *m)
{
    const struct {
        const char *name;
        uint64_t value;
    } limits[] = {
        {"memory", m->limit.memory},       {"cpu", m->limit.cpu},
        {"call_depth", m->limit.call_depth},
        {"fuel", m->limit.fuel},           {"files", m->limit.files},
        {"processes", m->limit.processes}, {"disk", m->limit.disk},
        {"messages", m->limit.messages},
    };

    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        if (limits[i].value)
            add(o, "limit %s %llu\n", limits[i].name,
                (unsigned long long)limits[i].value);
}

size_t
manifest_grants(const struct manifest *m, bool with_app, char *text,
                size_t room)
{
    struct out o = {text, room, 0};

    if (room)
        text[0] = 0;
    if (with_app)
        add(&o, "app %s\n%s", m->name, m->ask ? "ask\n" : "");
    for (uint32_t i = 0; i < cap_row_count; i++) {
        const struct cap_row *row = &cap_rows[i];

        if (!(m->caps & 1u << row->cap))
            continue;
        if (row->cap == CAP_FS) {
            if (m->own_data)
                add(&o, "fs /data/%s rw\n", m->name);
        } else if (row->value == VALUE_FLAG || !has_rules(m, row->cap)) {
            add(&o, "%s\n", kernel_name(row->cap));
        }
    }
    for (uint32_t i = 0; i < m->nrules; i++) {
        const struct manifest_rule *r = &m->rules[i];

        if (r->cap == CAP_FS)
            add(&o, "fs %s %s\n", r->object,
                r->how & MANIFEST_WRITE ? "rw" : "ro");
        else if (r->cap == CAP_NET)
            add(&o, "net %s %s\n",
                r->how & MANIFEST_LISTEN ? "listen" : "connect", r->object);
        else
            add(&o, "ipc %s\n", r->object);
    }
    if (with_app)
        add_limits(&o, m);
    return o.used;
}

/* ---- and back -------------------------------------------------------- */

/* "fs PATH ro": the path may hold blanks. */
static int
grant_fs(struct manifest *m, char *what, struct report *r)
{
    char *mode = strrchr(what, ' ');
    bool rw = mode && strcmp(mode, " rw") == 0;

    if (mode && (rw || strcmp(mode, " ro") == 0))
        *mode = 0;
    return manifest_add_rule(m, CAP_FS, rw ? MANIFEST_WRITE : 0, what, NULL, r);
}

static int
grant_net(struct manifest *m, const char *what, struct report *r)
{
    bool listen = strncmp(what, "listen ", 7) == 0;

    if (!*what) {
        m->caps |= 1u << CAP_NET;
        return 0;
    }
    if (!listen && strncmp(what, "connect ", 8) != 0)
        return report_set(r, 0, "net is `net connect HOST:PORT` or `net listen "
                                ":PORT`"),
               -E_INVAL;
    what += listen ? 7 : 8;
    return manifest_add_rule(m, CAP_NET,
                             listen ? MANIFEST_LISTEN : MANIFEST_CONNECT, what,
                             NULL, r);
}

int
manifest_add_grant(struct manifest *m, const char *line, size_t len,
                   struct report *r)
{
    char text[4352], *what;

    if (len >= sizeof text)
        return report_set(r, 0, "the grant is too long"), -E_INVAL;
    memcpy(text, line, len);
    text[len] = 0;
    what = text + strcspn(text, " ");
    if (*what)
        *what++ = 0;
    for (uint32_t i = 0; i < cap_row_count; i++) {
        const struct cap_row *row = &cap_rows[i];

        if (strcmp(kernel_name(row->cap), text) != 0)
            continue;
        if (row->cap == CAP_FS && *what)
            return grant_fs(m, what, r);
        if (row->cap == CAP_NET)
            return grant_net(m, what, r);
        if (row->cap == CAP_IPC && *what && strcmp(what, "*") != 0)
            return manifest_add_rule(m, CAP_IPC, 0, what, NULL, r);
        m->own_data |= row->cap == CAP_FS;
        m->caps |= 1u << row->cap;
        return 0;
    }
    report_set(r, 0, "`%.40s` is not a capability", text);
    return -E_INVAL;
}

/* ---- vyoma.toml ------------------------------------------------------ */

static void
add_string(struct out *o, const char *s)
{
    add(o, "\"");
    for (; *s; s++) {
        if (*s == '"' || *s == '\\')
            add(o, "\\%c", *s);
        else if ((unsigned char)*s < 0x20 || *s == 0x7f)
            add(o, "\\u%04x", (unsigned)(unsigned char)*s);
        else
            add(o, "%c", *s);
    }
    add(o, "\"");
}

static void
add_text(struct out *o, const char *key, const char *value)
{
    if (!*value)
        return;
    add(o, "%s = ", key);
    add_string(o, value);
    add(o, "\n");
}

static void
add_list(struct out *o, const struct manifest *m, enum cap cap, uint32_t how)
{
    const char *comma = "";

    add(o, "[");
    for (uint32_t i = 0; i < m->nrules; i++) {
        const struct manifest_rule *r = &m->rules[i];

        if (r->cap != cap || (how && !(r->how & how)))
            continue;
        add(o, "%s", comma);
        add_string(o, r->object);
        comma = ", ";
    }
    add(o, "]");
}

static void
add_paths(struct out *o, const struct manifest *m)
{
    const char *comma = " ";

    add(o, "{");
    for (uint32_t i = 0; i < m->nrules; i++) {
        if (m->rules[i].cap != CAP_FS)
            continue;
        add(o, "%s", comma);
        add_string(o, m->rules[i].object);
        add(o, " = \"%s\"", m->rules[i].how & MANIFEST_WRITE ? "rw" : "ro");
        comma = ", ";
    }
    add(o, " }");
}

static void
add_network(struct out *o, const struct manifest *m)
{
    bool connect = false, listen = false;

    for (uint32_t i = 0; i < m->nrules; i++) {
        if (m->rules[i].cap != CAP_NET)
            continue;
        connect |= (m->rules[i].how & MANIFEST_CONNECT) != 0;
        listen |= (m->rules[i].how & MANIFEST_LISTEN) != 0;
    }
    add(o, "{ ");
    if (connect) {
        add(o, "connect = ");
        add_list(o, m, CAP_NET, MANIFEST_CONNECT);
    }
    if (listen) {
        add(o, "%slisten = ", connect ? ", " : "");
        add_list(o, m, CAP_NET, MANIFEST_LISTEN);
    }
    add(o, " }");
}

static void
add_capabilities(struct out *o, const struct manifest *m)
{
    add(o, "\n[capabilities]\n");
    for (uint32_t i = 0; i < cap_row_count; i++) {
        const struct cap_row *row = &cap_rows[i];

        if (!(m->caps & 1u << row->cap))
            continue;
        add(o, "%s = ", row->key);
        if (!has_rules(m, row->cap) || (row->cap == CAP_FS && m->own_data))
            add(o, "true");
        else if (row->cap == CAP_FS)
            add_paths(o, m);
        else if (row->cap == CAP_NET)
            add_network(o, m);
        else
            add_list(o, m, row->cap, 0);
        add(o, "\n");
    }
}

static void
add_numbers(struct out *o, const struct manifest *m)
{
    const char *head = "\n[limits]\n";
#define FIELD(section, key, type, member, text) NUMBER_##section(key, member)
#define NUMBER_app(key, member)
#define NUMBER_window(key, member)
#define NUMBER_limits(key, member)                                             \
    if (m->member) {                                                           \
        add(o, "%s%s = %llu\n", head, #key, (unsigned long long)m->member);    \
        head = "";                                                             \
    }
#include "field.def"
#undef FIELD
    (void)head;
    if (m->has_window)
        add(o, "\n[window]\nx = %lld\ny = %lld\nw = %llu\nh = %llu\n",
            (long long)m->window.x, (long long)m->window.y,
            (unsigned long long)m->window.w, (unsigned long long)m->window.h);
}

size_t
manifest_write(const struct manifest *m, char *text, size_t room)
{
    struct out o = {text, room, 0};

    if (room)
        text[0] = 0;
    add(&o, "[app]\n");
    add_text(&o, "name", m->name);
    add_text(&o, "version", m->version);
    add_text(&o, "wasm", m->wasm);
    add_text(&o, "description", m->description);
    add_text(&o, "author", m->author);
    if (m->restart)
        add(&o, "restart = \"%s\"\n", manifest_restart_names[m->restart]);
    if (m->watchdog_secs)
        add(&o, "watchdog_secs = %llu\n",
            (unsigned long long)m->watchdog_secs);
    if (m->ask)
        add(&o, "ask = true\n");
    if (m->user[0])
        add(&o, "user = \"%s\"\n", m->user);
    if (m->stub_trap)
        add(&o, "stub = \"trap\"\n");
    add_capabilities(&o, m);
    add_numbers(&o, m);
    return o.used;
}
