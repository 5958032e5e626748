/* SPDX-License-Identifier: Apache-2.0 */
/* The audit log; see audit.h. */
#include "audit.h"

#include <string.h>

#include "app.h"
#include "lib.h"
#include "proc.h"
#include "sha256.h"

#define LINES 1024u /* a power of two */
#define LINE_ROOM 420u
#define AGAIN_NS 1000000000u

void (*audit_sink)(const char *line, size_t n);

static char *lines[LINES];
static uint64_t count;
static char last_hash[65] =
    "0000000000000000000000000000000000000000000000000000000000000000";

const char *
app_name(const struct proc *p)
{
    return p && p->app ? p->app->named->name : "system";
}

static void
keep(char *line)
{
    host_free(lines[count % LINES]);
    lines[count++ % LINES] = line;
    if (audit_sink && line)
        audit_sink(line, strlen(line));
}

/* Has p done the same a moment ago? Counts it if so. */
static bool
again(struct proc *p, const char *what, const char *object)
{
    struct sha256 s;
    uint8_t hash[SHA256_BYTES];
    uint64_t now = host_mono_ns(), key;

    sha256_init(&s);
    sha256_add(&s, what, strlen(what) + 1);
    sha256_add(&s, object, strlen(object));
    sha256_finish(&s, hash);
    memcpy(&key, hash, sizeof key);
    if (p->audit_key == key && now - p->audit_ns < AGAIN_NS) {
        p->audit_alike++;
        return true;
    }
    p->audit_key = key;
    p->audit_ns = now;
    return false;
}

void
audit(struct proc *p, const char *what, const char *format, ...)
{
    char object[200], *line, *at;
    struct text t = {NULL, LINE_ROOM, 0};
    uint64_t now = host_wall_ns();
    struct sha256 s;
    uint8_t hash[SHA256_BYTES];
    va_list ap;

    va_start(ap, format);
    text_formatv(object, sizeof object, format, ap);
    va_end(ap);
    if (p && again(p, what, object))
        return;
    line = host_alloc(LINE_ROOM);
    if (!line)
        return; /* the numbers show that some are missing */
    t.out = line;
    text_add(&t, "%llu %llu.%03u %s %d %.32s %s %s",
             (unsigned long long)count, (unsigned long long)(now / 1000000000u),
             (unsigned)(now / 1000000u % 1000u), app_name(p), p ? p->pid : 0,
             p && p->name[0] ? p->name : "-", what, object);
    if (p && p->audit_alike) {
        text_add(&t, " (%u alike before)", p->audit_alike);
        p->audit_alike = 0;
    }
    for (at = line; *at; at++) { /* shown on terminals; one line */
        if ((uint8_t)*at < 0x20 || *at == 0x7f)
            *at = '?';
    }
    sha256_init(&s);
    sha256_add(&s, last_hash, 64);
    sha256_add(&s, line, strlen(line));
    sha256_finish(&s, hash);
    sha256_hex(hash, last_hash);
    text_add(&t, " %s\n", last_hash);
    keep(line);
}

void
audit_text(struct text *t)
{
    uint64_t i = count > LINES ? count - LINES : 0;

    for (; i < count; i++) {
        if (lines[i % LINES])
            text_add(t, "%s", lines[i % LINES]);
    }
}
