/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Manifests on the command line: `pith check`, and what one means for `pith
 * run`. A manifest that is in force is all there is: --dir then shows a
 * directory, and the manifest says what may be done in it; --cap and --net add.
 */
#include "manifest.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli.h"

#define FILE_MAX ((size_t)32 << 20) /* a .trymon package is one file */

static char *
read_file(const char *file, size_t *len)
{
    FILE *f = fopen(file, "rb");
    size_t room = 0, n = 0;
    char *all = NULL, *more;

    while (f && !ferror(f) && !feof(f) && n <= FILE_MAX) {
        if (room - n < 65536) {
            room += 131072;
            more = realloc(all, room);
            if (!more)
                break;
            all = more;
        }
        n += fread(all + n, 1, room - n - 1, f);
    }
    if (!f || ferror(f) || !all || n > FILE_MAX) {
        cli_error("%s: %s", file,
                  f && n > FILE_MAX ? "it is too long for a manifest"
                                    : strerror(errno));
        free(all);
        all = NULL;
    }
    if (f)
        fclose(f);
    *len = n;
    return all;
}

bool
cli_manifest_read(const char *file, struct manifest *m)
{
    struct report report = {0};
    size_t len;
    char *text = read_file(file, &len);
    int r;

    if (!text)
        return false;
    r = manifest_read(m, text, len, &report);
    free(text);
    if (r < 0) {
        cli_error("%s: %s", file, report.text);
        manifest_finish(m);
    }
    return r == 0;
}

/* name in the directory of beside; malloc'ed. */
static char *
sibling(const char *beside, const char *name)
{
    const char *slash = strrchr(beside, '/');
    int dir = slash ? (int)(slash - beside) + 1 : 0;
    size_t room = (size_t)dir + strlen(name) + 1;
    char *out = malloc(room);

    if (out)
        snprintf(out, room, "%.*s%s", dir, beside, name);
    return out;
}

char *
cli_manifest_beside(const char *program)
{
    const char *slash = strrchr(program, '/');
    const char *name = slash ? slash + 1 : program;
    char *file = sibling(program, "vyoma.toml");
    struct report report = {0};
    struct manifest m;
    struct stat st;
    bool ours = false;

    if (file && stat(file, &st) == 0) {
        size_t len;
        char *text = read_file(file, &len);

        if (text) {
            /* one that cannot be read is in force too: it says why it cannot */
            ours = manifest_read_vyoma(&m, text, len, &report) < 0 ||
                   strcmp(m.wasm, name) == 0;
            manifest_finish(&m);
        }
        free(text);
    }
    if (!ours) {
        free(file);
        file = NULL;
    }
    return file;
}

/* ---- pith run -------------------------------------------------------- */

static bool
make_directories(char *path)
{
    for (char *s = path + 1;; s++) {
        char c = *s;

        if (c != '/' && c)
            continue;
        *s = 0;
        if (mkdir(path, 0700) < 0 && errno != EEXIST) {
            cli_error("%s: cannot be made: %s; try: --dir HOST::/data/NAME",
                      path, strerror(errno));
            return false;
        }
        *s = c;
        if (!c)
            return true;
    }
}

/* filesystem = true: /data/<name>, kept among the user's data. */
static bool
give_own_data(struct cli_options *o, const char *name)
{
    const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    char host[4096], guest[128];

    snprintf(guest, sizeof guest, "/data/%s", name);
    memcpy(o->home, guest, sizeof o->home);
    for (uint32_t i = 0; i < o->ndirs; i++) {
        size_t n = strlen(o->dirs[i].place);

        if (n == 1 || (strncmp(o->dirs[i].place, guest, n) == 0 &&
                       (guest[n] == '/' || !guest[n])))
            return true; /* it has been said where that is */
    }
    if (data && data[0] == '/')
        snprintf(host, sizeof host, "%.3900s/pith/data/%s", data, name);
    else
        snprintf(host, sizeof host, "%.3900s/.local/share/pith/data/%s",
                 home ? home : "/tmp", name);
    return make_directories(host) && cli_add_dir(o, host, guest);
}

/* The manifest is signed, and it is this program that was signed with it. */
static bool
signed_for(const struct cli_options *o)
{
    const char *slash = strrchr(o->file, '/');
    char who[256];
    struct manifest m;
    struct stat a, b;
    char *beside;
    bool ok;

    if (!cli_verify_file(o->manifest, o->trust, who, sizeof who) ||
        !cli_manifest_read(o->manifest, &m))
        return false;
    beside = sibling(o->manifest, m.wasm);
    ok = beside && stat(beside, &a) == 0 && stat(o->file, &b) == 0 &&
         a.st_dev == b.st_dev && a.st_ino == b.st_ino;
    if (!ok)
        cli_error("%s: %s is signed for %s, not for this",
                  slash ? slash + 1 : o->file, o->manifest, m.wasm);
    free(beside);
    manifest_finish(&m);
    return ok;
}

bool
cli_manifest_apply(struct cli_options *o)
{
    struct manifest m;
    char *found = NULL;
    size_t room;
    bool ok;

    if (getenv("PITH_SIGNED") && strcmp(getenv("PITH_SIGNED"), "1") == 0)
        o->signed_only = true;
    if ((o->no_manifest || o->record) && !o->signed_only)
        return true;
    if (!o->manifest)
        o->manifest = found = cli_manifest_beside(o->file);
    if (!o->manifest && !o->signed_only)
        return true;
    if (!o->manifest) {
        cli_error("%s: only what is signed may run, and it has no manifest",
                  o->file);
        return false;
    }
    ok = (!o->signed_only || signed_for(o)) &&
         cli_manifest_read(o->manifest, &m);
    free(found);
    if (!ok)
        return false;
    room = manifest_grants(&m, true, NULL, 0) + 1;
    o->manifest_grants = malloc(room);
    ok = o->manifest_grants && (!m.own_data || give_own_data(o, m.name));
    if (ok)
        manifest_grants(&m, true, o->manifest_grants, room);
    if (!o->memory_bytes)
        o->memory_bytes = m.limit.memory;
    if (!o->fuel)
        o->fuel = m.limit.fuel;
    manifest_finish(&m);
    return ok;
}

/* ---- pith check ------------------------------------------------------ */

static void
print_text(void *ctx, const char *text)
{
    fputs(text, ctx);
}

static void
print_objects(const struct manifest *m, enum cap cap)
{
    for (uint32_t i = 0; i < m->nrules; i++) {
        const struct manifest_rule *r = &m->rules[i];

        if (r->cap != cap)
            continue;
        printf("    %s%s%s\n",
               r->how & MANIFEST_CONNECT  ? "connect "
               : r->how & MANIFEST_LISTEN ? "listen "
                                          : "",
               r->object,
               cap != CAP_FS              ? ""
               : r->how & MANIFEST_WRITE ? " (read and write)"
                                         : " (read)");
    }
}

static void
print_manifest(const struct manifest *m)
{
    static const char *const formats[] = {"vyoma.toml", ".wpm manifest",
                                          ".trymon package"};

    printf("%s %s%s(%s)\n", m->name, m->version, *m->version ? " " : "",
           formats[m->format]);
    if (!m->caps)
        printf("  may compute, and nothing else\n");
    for (int c = 0; c < CAP_COUNT; c++) {
        if (!(m->caps & 1u << c))
            continue;
        printf("  %-10s %s\n", manifest_cap_key((enum cap)c),
               cap_text((enum cap)c));
        if (c == CAP_FS && m->own_data)
            printf("    /data/%s (read and write)\n", m->name);
        print_objects(m, (enum cap)c);
    }
    if (m->unknown)
        printf("  note: %" PRIu32 " members that mean nothing here, the first "
               "is \"%s\"\n",
               m->unknown, m->unknown_name);
}

static int
check_boot(const char *file, const char *text, size_t len)
{
    struct report report = {0};
    struct boot_config c;
    int r = boot_config_read(&c, text, len, &report);

    if (r < 0)
        cli_error("%s: %s", file, report.text);
    else
        printf("%s: %" PRIu32 " apps\n", file, c.napps);
    boot_config_finish(&c);
    return r < 0 ? EXIT_REFUSED : 0;
}

static int
check(const char *file, bool as_toml)
{
    const char *slash = strrchr(file, '/');
    struct manifest m;
    size_t room;
    char *text;
    int r;

    if (strcmp(slash ? slash + 1 : file, "boot.toml") == 0 ||
        strcmp(slash ? slash + 1 : file, "serve.toml") == 0) {
        text = read_file(file, &room);
        r = text ? check_boot(file, text, room) : EXIT_REFUSED;
        free(text);
        return r;
    }
    if (!cli_manifest_read(file, &m))
        return EXIT_REFUSED;
    if (as_toml) {
        room = manifest_write(&m, NULL, 0) + 1;
        text = malloc(room);
        if (text) {
            manifest_write(&m, text, room);
            fputs(text, stdout);
        }
        free(text);
    } else {
        print_manifest(&m);
    }
    manifest_finish(&m);
    return 0;
}

int
cli_check(int argc, char **argv)
{
    bool as_toml = argc > 2 && strcmp(argv[1], "--toml") == 0;
    int r = 0;

    if (argc == 2 && strcmp(argv[1], "--schema") == 0) {
        manifest_schema(print_text, stdout);
        return 0;
    }
    if (argc < 2 || (argv[1][0] == '-' && !as_toml)) {
        cli_error("check what? try: pith check FILE..., pith check --toml "
                  "FILE, pith check --schema");
        return EXIT_USAGE;
    }
    for (int i = as_toml ? 2 : 1; i < argc; i++) {
        int one = check(argv[i], as_toml);

        r = one ? one : r;
    }
    return r;
}
