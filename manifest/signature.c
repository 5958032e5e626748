/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures of manifests and packages; see signature.h. */
#include "signature.h"

#include <string.h>

#include "pith_errno.h"

static int
digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool
is_hex(const char *at, size_t bytes, uint8_t *out)
{
    for (size_t i = 0; i < bytes; i++) {
        int high = digit(at[2 * i]), low = high < 0 ? -1 : digit(at[2 * i + 1]);

        if (low < 0)
            return false;
        if (out)
            out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

/* "file NAME HASH", n bytes. */
static bool
take_file(struct signature *s, const char *line, size_t n)
{
    size_t name = n > 70 ? n - 70 : 0; /* "file " and " " and 64 digits */

    if (s->nfiles == SIGNATURE_FILES || !name ||
        name >= sizeof s->files[0].name || memcmp(line, "file ", 5) != 0 ||
        line[5 + name] != ' ' || memchr(line + 5, '/', name) ||
        memchr(line + 5, 0, name) || !is_hex(line + 6 + name, 32, NULL))
        return false;
    memcpy(s->files[s->nfiles].name, line + 5, name);
    s->files[s->nfiles].name[name] = 0;
    memcpy(s->files[s->nfiles].hash, line + 6 + name, 64);
    s->files[s->nfiles++].hash[64] = 0;
    return true;
}

int
signature_parse(struct signature *s, const char *text, size_t len,
                struct report *report)
{
    static const char head[] = SIGNATURE_HEAD, last[] = "signature ";
    size_t at = sizeof head - 1 + 64, end;

    memset(s, 0, sizeof *s);
    if (len < at + 1 || len > SIGNATURE_ROOM ||
        memcmp(text, head, sizeof head - 1) != 0 || text[at] != '\n' ||
        !is_hex(text + at - 64, 32, s->key))
        goto fail;
    memcpy(s->key_hex, text + at - 64, 64);
    for (at++; at < len; at = end + 1) {
        const char *nl = memchr(text + at, '\n', len - at);

        if (!nl)
            break;
        end = (size_t)(nl - text);
        if (end - at == sizeof last - 1 + 128 && end + 1 == len &&
            memcmp(text + at, last, sizeof last - 1) == 0 &&
            is_hex(text + at + sizeof last - 1, 64, s->value)) {
            s->covers = at;
            return 0;
        }
        if (!take_file(s, text + at, end - at))
            break;
    }
fail:
    report_set(report, 0, "its signature file is malformed");
    return -E_INVAL;
}

static bool
names(const struct signature *s, const char *file)
{
    for (uint32_t i = 0; i < s->nfiles; i++)
        if (strcmp(s->files[i].name, file) == 0)
            return true;
    return false;
}

static int
check_files(const struct signature *s, const struct signature_world *w,
            struct report *report)
{
    for (uint32_t i = 0; i < s->nfiles; i++) {
        char hash[65];

        if (!w->hash(w->ctx, s->files[i].name, hash)) {
            report_set(report, 0, "%s: it was signed, but cannot be read",
                       s->files[i].name);
            return -E_PERM;
        }
        if (strcmp(hash, s->files[i].hash) != 0) {
            report_set(report, 0, "%s: it is not what was signed; who changed "
                                  "it must sign it again",
                       s->files[i].name);
            return -E_PERM;
        }
    }
    return 0;
}

int
signature_check(const char *text, size_t len, const char *file,
                const char *program, const struct signature_world *w, char *who,
                size_t room, struct report *report)
{
    struct signature s;

    if (!text) {
        report_set(report, 0, "it is not signed (no .sig beside it)");
        return -E_PERM;
    }
    if (signature_parse(&s, text, len, report) < 0)
        return -E_PERM;
    if (!w->verify(s.value, text, s.covers, s.key)) {
        report_set(report, 0, "the signature is wrong");
        return -E_PERM;
    }
    if (!w->trusted(w->ctx, s.key_hex, who, room)) {
        report_set(report, 0, "signed by a key that is not trusted (%s); to "
                              "trust it, put it into a trust directory as "
                              "NAME.pub",
                   s.key_hex);
        return -E_PERM;
    }
    if (!names(&s, file) || (program && !names(&s, program))) {
        report_set(report, 0, "its signature does not cover it and its "
                              "program");
        return -E_PERM;
    }
    return check_files(&s, w, report);
}
