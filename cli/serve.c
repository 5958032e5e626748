/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pith serve [CONFIG]: the system without a console, as a service. CONFIG is a
 * boot.toml on the host, with where things are:
 *
 *     [serve]
 *     root = "state/root.pith"        # relative to CONFIG, as all of them
 *     control = "/run/pith/control"
 *     metrics = "127.0.0.1:9464"      # or a path
 *     apps = "apps"                   # shown read-only as /apps
 *     [[app]]
 *     name = "web"
 *
 * What the command line says goes before what CONFIG says. init reads the apps
 * from the same file, anew at each `pith reload`.
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli.h"
#include "listen.h"
#include "manifest.h"

static struct boot_config config; /* options point into it */

static char *
read_text(const char *file, size_t *len)
{
    FILE *f = fopen(file, "rbe");
    char *text = f ? malloc(((size_t)4 << 20) + 1) : NULL;

    if (text)
        *len = fread(text, 1, ((size_t)4 << 20) + 1, f);
    if (f)
        fclose(f);
    if (!text)
        cli_error("%s: cannot be read; try: pith help serve", file);
    return text;
}

/* name, seen from where CONFIG is. malloc'ed. */
static char *
beside(const char *file, const char *name)
{
    const char *slash = strrchr(file, '/');
    size_t n = name[0] == '/' || !slash ? 0 : (size_t)(slash + 1 - file);
    char *all = malloc(n + strlen(name) + 1);

    if (all) {
        memcpy(all, file, n);
        strcpy(all + n, name);
    }
    return all;
}

/* Option *o, unless it was given, is what CONFIG says. */
static void
take(const char **o, char **said, const char *file, bool is_path)
{
    if (!*said || *o)
        return;
    if (is_path) {
        char *all = beside(file, *said);

        free(*said);
        *said = all;
    }
    *o = *said;
}

static bool
mounts(struct cli_options *o)
{
    for (char **m = config.serve.mounts; m && *m; m++) {
        char *spec = beside(o->config, *m);
        bool ok = spec && cli_add_mount(o, spec);

        free(spec);
        if (!ok)
            return false;
    }
    return true;
}

static bool
show_apps(struct cli_options *o)
{
    char *dir = o->config && !o->apps ? beside(o->config, "apps") : NULL;
    const char *from = o->apps ? o->apps : dir;
    char spec[4200];
    struct stat st;
    bool ok = true;

    if (o->apps || (dir && stat(dir, &st) == 0 && S_ISDIR(st.st_mode))) {
        ok = (size_t)snprintf(spec, sizeof spec, "%s::/apps:ro", from) <
                 sizeof spec &&
             cli_add_mount(o, spec);
    }
    free(dir);
    return ok;
}

static bool
read_config(struct cli_options *o)
{
    struct serve_config *s = &config.serve;
    struct report report = {0};
    size_t len;
    char *text = read_text(o->config, &len);
    int r = text ? boot_config_read(&config, text, len, &report) : -1;

    free(text);
    if (r < 0) {
        if (text)
            cli_error("%s: %s", o->config, report.text);
        return false;
    }
    take(&o->root, &s->root, o->config, true);
    take(&o->image, &s->image, o->config, true);
    take(&o->control, &s->control, o->config, true);
    take(&o->metrics, &s->metrics, o->config,
         s->metrics && !cli_metrics_is_tcp(s->metrics));
    take(&o->apps, &s->apps, o->config, true);
    take(&o->log, &s->log, o->config, false);
    o->ephemeral |= s->ephemeral;
    return mounts(o);
}

static int
serve(struct cli_options *o)
{
    if ((o->config && !read_config(o)) || !show_apps(o))
        return EXIT_REFUSED;
    if (!o->log)
        o->log = "json";
    if (strcmp(o->log, "json") != 0 && strcmp(o->log, "none") != 0) {
        cli_error("--log %s: want json or none", o->log);
        return EXIT_USAGE;
    }
    return cli_boot_options(o);
}

/* glibc's malloc keeps memory that was freed for each thread apart: under load,
 * twice of what is in use. Ours is mostly called under one lock anyway. */
static void
few_arenas(void)
{
#ifdef M_ARENA_MAX
    mallopt(M_ARENA_MAX, 2);
#endif
}

int
cli_serve(int argc, char **argv)
{
    struct cli_options o = {.serve = true};
    int r = EXIT_USAGE;

    cli_signals_block(); /* from the first moment: an end is orderly */
    few_arenas();
    if (cli_parse_boot(&o, argc, argv, 1))
        r = serve(&o);
    cli_options_finish(&o);
    boot_config_finish(&config);
    return r;
}
