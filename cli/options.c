/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Command lines into struct cli_options. Everything after FILE is the
 * program's own; an option takes its value as the next argument or after `=`.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cap.h"
#include "cli.h"
#include "engine.h"
#include "pith_errno.h"

struct cursor {
    int argc, at;
    char **argv;
    const char *value; /* behind =, or NULL */
};

/* Does the current argument spell this option? Leaves its =value behind. */
static bool
is(struct cursor *c, const char *option)
{
    const char *arg = c->argv[c->at];
    size_t n = strlen(option);
    if (strncmp(arg, option, n) != 0 || (arg[n] && arg[n] != '='))
        return false;
    c->value = arg[n] ? arg + n + 1 : NULL;
    return true;
}

/* The option's value, or NULL having complained. */
static const char *
value(struct cursor *c, const char *option)
{
    if (c->value)
        return c->value;
    if (c->at + 1 >= c->argc) {
        cli_error("%s needs a value; try: pith --help", option);
        return NULL;
    }
    return c->argv[++c->at];
}

static bool
out_of_memory(void)
{
    cli_error("out of memory");
    return false;
}

bool
cli_parse_size(const char *s, uint64_t *out)
{
    char *end;
    errno = 0;
    uint64_t n = strtoull(s, &end, 10);
    if (end == s || errno || *s == '-' || *s == '+')
        return false;
    uint32_t shift = 0;
    switch (*end) {
    case 'k':
    case 'K':
        shift = 10;
        break;
    case 'm':
    case 'M':
        shift = 20;
        break;
    case 'g':
    case 'G':
        shift = 30;
        break;
    case 0:
        break;
    default:
        return false;
    }
    if ((shift && end[1]) || n > UINT64_MAX >> shift)
        return false;
    *out = n << shift;
    return true;
}

static bool
parse_seconds(const char *s, uint64_t *ns)
{
    uint64_t seconds = 0, part = 0, unit = 1000000000;

    if (strspn(s, "0123456789.") != strlen(s))
        return false;
    for (; *s >= '0' && *s <= '9'; s++)
        if ((seconds = seconds * 10 + (uint64_t)(*s - '0')) > 1000000000)
            return false;
    if (*s == '.')
        for (s++; *s >= '0' && *s <= '9'; s++)
            part += (uint64_t)(*s - '0') * (unit /= 10);
    *ns = seconds * 1000000000 + part;
    return !*s && *ns > 0;
}

/* guest as an absolute path without ., .. and doubled slashes. */
static bool
place_of(const char *guest, char *out, size_t room)
{
    size_t used = 0;
    for (const char *s = guest; *s;) {
        size_t n = strcspn(s, "/");
        if (n == 2 && s[0] == '.' && s[1] == '.') {
            while (used && out[--used] != '/')
                ;
        } else if (n && !(n == 1 && s[0] == '.')) {
            if (used + n + 2 > room)
                return false;
            out[used++] = '/';
            memcpy(out + used, s, n);
            used += n;
        }
        s += n + (s[n] == '/');
    }
    if (!used)
        out[used++] = '/';
    out[used] = 0;
    return true;
}

/* HOST[::GUEST][:ro]. Without GUEST it is found where it is on the host, so
 * that several do not get into each other's way, and is called as it was given.
 */
static bool
add_dir(struct cli_options *o, const char *spec, bool boot)
{
    struct cli_dir d = {0}, *dirs;
    const char *sep = strstr(spec, "::");
    size_t len = strlen(spec);
    if (len > 3 && strcmp(spec + len - 3, ":ro") == 0) {
        d.readonly = true;
        len -= 3;
    }
    size_t host = sep ? (size_t)(sep - spec) : len;
    size_t guest = sep ? host + 2 : 0;
    if (host == 0 || (sep && guest >= len) || (boot && !sep)) {
        cli_error("%s: want %s", spec,
                  boot ? "HOST::GUEST[:ro]" : "HOST[::GUEST][:ro]");
        return false;
    }
    if (strchr(spec, '\n')) { /* grants are lines */
        cli_error("a directory name with a line break cannot be granted");
        return false;
    }
    d.host = strndup(spec, host);
    d.guest = strndup(spec + guest, len - guest);
    dirs = realloc(o->dirs, (o->ndirs + 1) * sizeof *dirs);
    if (dirs)
        o->dirs = dirs;
    if (!d.host || !d.guest || !dirs) {
        free(d.host);
        free(d.guest);
        return out_of_memory();
    }
    o->dirs[o->ndirs++] = d;
    struct cli_dir *in = &o->dirs[o->ndirs - 1];
    char *real = sep ? NULL : realpath(in->host, NULL);
    bool ok = place_of(real ? real : in->guest, in->place, sizeof in->place);
    free(real);
    if (!ok) {
        cli_error("%s: the name is too long", in->guest);
        return false;
    }
    for (uint32_t i = 0; i + 1 < o->ndirs; i++)
        if (strcmp(o->dirs[i].place, in->place) == 0) {
            cli_error("%s and %s would both be %s; give one another name with "
                      "HOST::GUEST",
                      o->dirs[i].host, in->host, in->place);
            return false;
        }
    return true;
}

bool
cli_add_mount(struct cli_options *o, const char *spec)
{
    return add_dir(o, spec, true);
}

bool
cli_add_dir(struct cli_options *o, const char *host, const char *guest)
{
    char spec[8300];
    int n = snprintf(spec, sizeof spec, "%s::%s", host, guest);
    return n > 0 && (size_t)n < sizeof spec && add_dir(o, spec, false);
}

static bool
add_env(struct cli_options *o, const char *spec)
{
    char *entry;
    const char *equals = strchr(spec, '=');
    if (equals == spec || !*spec) {
        cli_error("--env %s: want NAME=VALUE or NAME", spec);
        return false;
    }
    if (equals) {
        entry = strdup(spec);
    } else {
        const char *v = getenv(spec);
        if (!v)
            return true; /* not set here, so not there either */
        size_t n = strlen(spec) + strlen(v) + 2;
        entry = malloc(n);
        if (entry)
            snprintf(entry, n, "%s=%s", spec, v);
    }
    char **env = realloc(o->env, (o->nenv + 2) * sizeof *env);
    if (env)
        o->env = env;
    if (!entry || !env) {
        free(entry);
        return out_of_memory();
    }
    env[o->nenv++] = entry;
    env[o->nenv] = NULL;
    return true;
}

static bool
add_grant(struct cli_options *o, const char *format, const char *what)
{
    size_t have = o->grants ? strlen(o->grants) : 0;
    size_t room = have + strlen(format) + strlen(what) + 2;
    char *g = realloc(o->grants, room);
    if (!g)
        return out_of_memory();
    o->grants = g;
    snprintf(g + have, room - have, format, what);
    memcpy(g + strlen(g), "\n", 2);
    return true;
}

static bool
add_net(struct cli_options *o, const char *what)
{
    char buf[300];
    if (!what)
        return add_grant(o, "%s", "net");
    for (size_t n; *what; what += n + (what[n] == ',')) {
        n = strcspn(what, ",");
        snprintf(buf, sizeof buf, "%.*s", (int)(n < 290 ? n : 290), what);
        bool ok;
        if (strncmp(buf, "connect:", 8) == 0 && strchr(buf + 8, ':'))
            ok = add_grant(o, "net connect %s", buf + 8);
        else if (strncmp(buf, "listen:", 7) == 0 && buf[7])
            ok = add_grant(
                o, strchr(buf + 7, ':') ? "net listen %s" : "net listen :%s",
                buf + 7);
        else {
            cli_error("--net=%s: want connect:HOST:PORT or listen:PORT", buf);
            return false;
        }
        if (!ok)
            return false;
    }
    return true;
}

static bool
add_caps(struct cli_options *o, const char *names)
{
    char buf[64];
    for (size_t n; *names; names += n + (names[n] == ',')) {
        n = strcspn(names, ",");
        snprintf(buf, sizeof buf, "%.*s", (int)(n < 60 ? n : 60), names);
        int cap = cap_by_name(buf, strlen(buf));
        if (strcmp(buf, "all") == 0) {
            o->grant_all = true;
        } else if (cap == CAP_FS) {
            cli_error("--cap fs: say which files; try: --dir .");
            return false;
        } else if (cap == CAP_NET) {
            if (!add_net(o, NULL))
                return false;
        } else if (cap < 0) {
            cli_error("--cap %s: there is no such capability; try: pith help "
                      "run",
                      buf);
            return false;
        } else if (cap != CAP_BASE && !add_grant(o, "%s", buf)) {
            return false;
        }
    }
    return true;
}

static bool
size_option(struct cursor *c, const char *option, uint64_t *out)
{
    const char *v = value(c, option);
    if (v && cli_parse_size(v, out) && *out)
        return true;
    if (v)
        cli_error("%s %s: want bytes, as 64M or 1G", option, v);
    return false;
}

/* What `pith run` and `pith` both take, most of it to look at programs with. The
 * value of --profile is optional, so only the form with = has one. */
static int
observe_option(struct cli_options *o, struct cursor *c)
{
    if (is(c, "--profile")) {
        o->profile = c->value ? c->value : "pith-profile.svg";
        if (*o->profile)
            return 1;
        cli_error("--profile= wants a file's name, as --profile=app.svg");
        return -1;
    }
    if (is(c, "--memory"))
        return size_option(c, "--memory", &o->all_memory) ? 1 : -1;
    if (is(c, "--perf-map"))
        return o->perf_map = true, 1;
    o->tier_given |= !strncmp(c->argv[c->at], "--tier=", 7);
    return engine_option(c->argv[c->at]) ? 1 : 0;
}

/* One option of `pith run`: 1 taken, 0 not an option of ours, -1 wrong. */
static int
run_option(struct cli_options *o, struct cursor *c)
{
    const char *v;
    if (is(c, "--dir"))
        return (v = value(c, "--dir")) && add_dir(o, v, false) ? 1 : -1;
    if (is(c, "--env"))
        return (v = value(c, "--env")) && add_env(o, v) ? 1 : -1;
    if (is(c, "--net"))
        return add_net(o, c->value) ? 1 : -1;
    if (is(c, "--cap"))
        return (v = value(c, "--cap")) && add_caps(o, v) ? 1 : -1;
    if (is(c, "--max-memory"))
        return size_option(c, "--max-memory", &o->memory_bytes) ? 1 : -1;
    if (is(c, "--fuel")) {
        v = value(c, "--fuel");
        if (v && cli_parse_size(v, &o->fuel) && o->fuel)
            return 1;
        if (v)
            cli_error("--fuel %s: want a number, as 1000000 or 10M", v);
        return -1;
    }
    if (is(c, "--timeout")) {
        v = value(c, "--timeout");
        if (v && parse_seconds(v, &o->timeout_ns))
            return 1;
        if (v)
            cli_error("--timeout %s: want seconds, as 5 or 0.5", v);
        return -1;
    }
    if (is(c, "--coredump"))
        return (o->coredump = value(c, "--coredump")) ? 1 : -1;
    if (is(c, "--deterministic"))
        return o->deterministic = true, 1;
    if (is(c, "--manifest"))
        return (o->manifest = value(c, "--manifest")) ? 1 : -1;
    if (is(c, "--signed"))
        return o->signed_only = true, 1;
    if (is(c, "--trust"))
        return (o->trust = value(c, "--trust")) ? 1 : -1;
    if (is(c, "--record"))
        return (o->record = value(c, "--record")) ? o->grant_all = true, 1 : -1;
    if (is(c, "--audit"))
        return (o->audit = value(c, "--audit")) ? 1 : -1;
    if (is(c, "--no-manifest"))
        return o->no_manifest = true, 1;
    if (is(c, "--trace"))
        return o->trace = true, 1;
    if (is(c, "--stats"))
        return o->stats = true, 1;
    return observe_option(o, c);
}

bool
cli_parse_run(struct cli_options *o, int argc, char **argv, int first)
{
    struct cursor c = {argc, first, argv, NULL};
    for (; c.at < argc && argv[c.at][0] == '-'; c.at++) {
        if (strcmp(argv[c.at], "--") == 0) {
            c.at++;
            break;
        }
        int r = run_option(o, &c);
        if (r < 0)
            return false;
        if (r == 0) {
            cli_error("%s is no option of run; try: pith help run", argv[c.at]);
            return false;
        }
    }
    if (c.at >= argc) {
        cli_error("run what? try: pith run FILE, or pith help run");
        return false;
    }
    o->file = argv[c.at];
    o->args = argv + c.at;
    return true;
}

bool
cli_parse_boot(struct cli_options *o, int argc, char **argv, int first)
{
    struct cursor c = {argc, first, argv, NULL};
    const char *v;
    int r;
    for (; c.at < argc; c.at++) {
        bool ok;
        if (is(&c, "--root"))
            ok = (o->root = value(&c, "--root")) != NULL;
        else if (is(&c, "--image"))
            ok = (o->image = value(&c, "--image")) != NULL;
        else if (is(&c, "--ephemeral"))
            ok = o->ephemeral = true;
        else if (is(&c, "--control"))
            ok = (o->control = value(&c, "--control")) != NULL;
        else if (is(&c, "-c"))
            ok = (o->command = value(&c, "-c")) != NULL;
        else if (is(&c, "--mount"))
            ok = (v = value(&c, "--mount")) && add_dir(o, v, true);
        else if (o->serve && is(&c, "--metrics"))
            ok = (o->metrics = value(&c, "--metrics")) != NULL;
        else if (o->serve && is(&c, "--log"))
            ok = (o->log = value(&c, "--log")) != NULL;
        else if (o->serve && is(&c, "--apps"))
            ok = (o->apps = value(&c, "--apps")) != NULL;
        else if (o->serve && argv[c.at][0] != '-' && !o->config)
            ok = (o->config = argv[c.at]) != NULL;
        else if ((r = observe_option(o, &c)) != 0)
            ok = r > 0;
        else {
            cli_error("%s is no option; try: pith help %s", argv[c.at],
                      o->serve ? "serve" : "boot");
            return false;
        }
        if (!ok)
            return false;
    }
    return true;
}

bool
cli_parse_inspect(struct cli_options *o, int argc, char **argv, int first)
{
    struct cursor c = {argc, first, argv, NULL};
    for (; c.at < argc; c.at++) {
        if (argv[c.at][0] != '-') {
            if (o->file) {
                cli_error("one file at a time: %s or %s?", o->file, argv[c.at]);
                return false;
            }
            o->file = argv[c.at];
        } else if (is(&c, "--disasm")) {
            o->disasm = true;
        } else if (is(&c, "--ir")) {
            o->ir = true;
        } else if (is(&c, "--func")) {
            if (!(o->func = value(&c, "--func")))
                return false;
        } else {
            cli_error("%s is no option of inspect; try: pith help inspect",
                      argv[c.at]);
            return false;
        }
    }
    if (!o->file)
        cli_error("inspect what? try: pith inspect FILE");
    else if (o->disasm && o->ir)
        cli_error("--disasm or --ir? one at a time");
    else if (o->func && !o->disasm && !o->ir)
        cli_error("--func %s: to see what? try: pith inspect --disasm --func "
                  "%s %s",
                  o->func, o->func, o->file);
    else
        return true;
    return false;
}

char *
cli_grants_text(const struct cli_options *o)
{
    size_t room = 64 + (o->grants ? strlen(o->grants) : 0);
    if (o->manifest_grants) { /* the manifest says which files, not --dir */
        room += strlen(o->manifest_grants);
        char *all = malloc(room);
        if (all)
            snprintf(all, room, "%s%s", o->manifest_grants,
                     o->grants ? o->grants : "");
        return all;
    }
    for (uint32_t i = 0; i < o->ndirs; i++)
        room += strlen(o->dirs[i].place) + 16;
    char *text = malloc(room);
    if (!text)
        return NULL;
    int n = snprintf(text, room, "stdio\n%s", o->grants ? o->grants : "");
    for (uint32_t i = 0; i < o->ndirs && n > 0; i++)
        n += snprintf(text + n, room - (size_t)n, "fs %s %s\n",
                      o->dirs[i].place, o->dirs[i].readonly ? "ro" : "rw");
    return text;
}

void
cli_options_finish(struct cli_options *o)
{
    for (uint32_t i = 0; i < o->ndirs; i++) {
        free(o->dirs[i].host);
        free(o->dirs[i].guest);
    }
    for (uint32_t i = 0; i < o->nenv; i++)
        free(o->env[i]);
    free(o->dirs);
    free(o->env);
    free(o->grants);
    free(o->manifest_grants);
}
