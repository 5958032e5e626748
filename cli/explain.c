/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pith explain: why a program needs what it needs. Its imports by capability,
 * what each capability allows, the manifest lines to add; and with a manifest
 * (--manifest FILE, or the vyoma.toml beside it) whether it would be refused.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../abi/enter.h"
#include "../abi/wasi_p1/preopen.h"
#include "cli.h"
#include "exec.h"
#include "manifest.h"
#include "needs.h"

/* The capability behind an import; -1: Pith does not have it. */
static int
cap_of(const struct engine_port *port)
{
    struct abi_func f;

    if (port->kind != ENGINE_FUNC ||
        abi_find(port->module, port->name, port->name_len, port->functype,
                 &f) < 0)
        return -1;
    return (int)f.cap;
}

/* The imports of one capability, wrapped. */
static void
print_imports(const struct engine_module *m, int cap)
{
    uint32_t n = engine_module_imports(m);
    int column = 0;

    for (uint32_t i = 0; i < n; i++) {
        const struct engine_port *port = engine_module_import(m, i);

        if (cap_of(port) != cap)
            continue;
        if (column && column + (int)port->name_len > 74) {
            printf("\n");
            column = 0;
        }
        column += printf("%s%s", column ? " " : "    ", port->name);
        if (cap < 0)
            column += printf(" (from %s)", port->module);
    }
    printf("\n");
}

static bool
importing(const struct engine_module *m, int cap)
{
    for (uint32_t i = 0; i < engine_module_imports(m); i++)
        if (cap_of(engine_module_import(m, i)) == cap)
            return true;
    return false;
}

/* What a program in C would be missing: its imports of files are not refused,
 * they find nothing. */
static const char *
manifest_line(enum cap c)
{
    switch (c) {
    case CAP_NET:
        return "network = { connect = [\"HOST:PORT\"], listen = [PORT] }";
    case CAP_IPC:
        return "ipc = [\"NAME\"]";
    default:
        return NULL;
    }
}

static void
print_line(enum cap c)
{
    const char *line = manifest_line(c);

    if (line)
        printf("    %s\n", line);
    else
        printf("    %s = true\n", manifest_cap_key(c));
}

static void
print_lines(const struct needs *needs, uint32_t missing)
{
    printf("to add to its manifest:\n    [capabilities]\n");
    for (int c = CAP_BASE + 1; c < CAP_COUNT; c++)
        if (missing & 1u << c)
            print_line((enum cap)c);
    if (needs->files && !(missing & 1u << CAP_FS))
        printf("    filesystem = true         # its own directory, if it uses "
               "files;\n"
               "                              # or { \"/usr/share\" = \"ro\" }\n");
}

static int
print_verdict(const char *file, const struct needs *needs,
              const struct manifest *m, const char *manifest)
{
    uint32_t missing = needs->caps & ~(m->caps | 1u << CAP_BASE);

    if (needs->unknown) {
        printf("it is refused: it imports what Pith does not have\n");
        return EXIT_REFUSED;
    }
    if (!missing) {
        printf("%s grants all that its imports need: it runs\n", manifest);
        if (needs->files && !(m->caps & 1u << CAP_FS))
            printf("it can open files, but is granted none: each open will "
                   "fail\n");
        return 0;
    }
    printf("%s: refused at load, %s does not grant:", file, manifest);
    for (int c = 0; c < CAP_COUNT; c++)
        if (missing & 1u << c)
            printf(" %s", manifest_cap_key((enum cap)c));
    printf("\n");
    print_lines(needs, missing);
    return m->stub_trap ? 0 : EXIT_REFUSED;
}

static int
explain(const char *file, const struct engine_module *module,
        const char *manifest)
{
    struct needs needs;
    struct manifest m;
    int r;

    needs_of(module, &needs);
    for (int c = 0; c < CAP_COUNT; c++) {
        if (!importing(module, c))
            continue;
        if (c == CAP_BASE)
            printf("always there:\n");
        else
            printf("%s: %s\n", manifest_cap_key((enum cap)c),
                   cap_text((enum cap)c));
        print_imports(module, c);
    }
    if (importing(module, -1)) {
        printf("UNKNOWN: Pith does not have these\n");
        print_imports(module, -1);
    }
    if (!manifest) {
        print_lines(&needs, needs.caps | 1u << CAP_STDIO);
        return needs.unknown ? EXIT_REFUSED : 0;
    }
    if (!cli_manifest_read(manifest, &m))
        return EXIT_REFUSED;
    r = print_verdict(file, &needs, &m, manifest);
    manifest_finish(&m);
    return r;
}

int
cli_explain(int argc, char **argv)
{
    const char *manifest = NULL;
    struct report report = {0};
    struct engine_module *m;
    struct cli_module file;
    char *beside = NULL;
    int at = 1, r;

    if (argc > 2 && strcmp(argv[1], "--manifest") == 0) {
        manifest = argv[2];
        at = 3;
    }
    if (argc != at + 1 || argv[at][0] == '-') {
        cli_error("explain what? try: pith explain [--manifest FILE] FILE");
        return EXIT_USAGE;
    }
    r = cli_module_open(argv[at], &file);
    if (r)
        return r;
    r = engine_module_load(file.bytes, file.size, NULL, NULL, &m, &report);
    if (r < 0) {
        cli_module_refused(argv[at], &file, r, &report);
        return EXIT_REFUSED;
    }
    wasi_p1_register();
    pith_abi_register();
    if (!manifest)
        manifest = beside = cli_manifest_beside(argv[at]);
    r = explain(argv[at], m, manifest);
    free(beside);
    engine_module_unref(m);
    return r;
}
