/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pith inspect: what a program file holds, and what it would need to run; its
 * code as text (--disasm, --ir); a coredump's stack.
 * The module is loaded (so it is known to be valid) but not instantiated.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../abi/enter.h"
#include "../abi/wasi_p1/preopen.h"
#include "cli.h"
#include "debug.h"
#include "exec.h"
#include "pith_errno.h"
#include "needs.h"

static void
print_sections(const struct cli_module *m)
{
    static const char *const names[] = {
        "custom", "type",   "import",    "function", "table",
        "memory", "global", "export",    "start",    "element",
        "code",   "data",   "datacount", "tag"};
    printf("sections:\n");
    for (size_t at = 8; at < m->size;) {
        uint8_t id = m->bytes[at++];
        uint64_t n = 0;
        for (uint32_t shift = 0; at < m->size && shift < 35; shift += 7) {
            n |= (uint64_t)(m->bytes[at] & 0x7f) << shift;
            if (!(m->bytes[at++] & 0x80))
                break;
        }
        const char *name = id < sizeof names / sizeof *names ? names[id] : "?";
        printf("  %-10s %10" PRIu64 " bytes", name, n);
        if (id == 0 && at < m->size && m->bytes[at] < 0x80 &&
            at + 1 + m->bytes[at] <= m->size)
            printf("  \"%.*s\"", m->bytes[at], (const char *)m->bytes + at + 1);
        putchar('\n');
        if (n > m->size - at)
            break;
        at += n;
    }
}

static const char *
type_name(struct engine_valtype t)
{
    switch (t.kind) {
    case ENGINE_I32:
        return "i32";
    case ENGINE_I64:
        return "i64";
    case ENGINE_F32:
        return "f32";
    case ENGINE_F64:
        return "f64";
    case ENGINE_V128:
        return "v128";
    default:
        return t.heap == -0x10   ? "funcref"
               : t.heap == -0x11 ? "externref"
                                 : "ref";
    }
}

static void
print_limits(const struct engine_port *port)
{
    printf(" %" PRIu64, port->min);
    if (port->max == UINT64_MAX)
        printf("..");
    else if (port->max != port->min)
        printf("..%" PRIu64, port->max);
}

static void
print_port(const struct engine_port *port)
{
    static const char *const kinds[] = {"func", "table", "memory", "global",
                                        "tag"};
    printf("    %-6s %s", kinds[port->kind], port->name);
    if (port->kind == ENGINE_FUNC || port->kind == ENGINE_TAG) {
        const struct engine_functype *t = port->functype;
        printf("(");
        for (uint32_t i = 0; i < t->nparams; i++)
            printf("%s%s", i ? " " : "", type_name(t->params[i]));
        printf(")");
        for (uint32_t i = 0; i < t->nresults; i++)
            printf("%s%s", i ? " " : " -> ", type_name(t->results[i]));
    } else if (port->kind == ENGINE_MEMORY) {
        print_limits(port);
        printf(" pages");
    } else if (port->kind == ENGINE_TABLE) {
        print_limits(port);
        printf(" elements");
    }
    putchar('\n');
}

/* Imports grouped by module, in order of first appearance. */
static void
print_imports(const struct engine_module *m)
{
    uint32_t n = engine_module_imports(m);
    printf("imports: %" PRIu32 "\n", n);
    for (uint32_t i = 0; i < n; i++) {
        const char *module = engine_module_import(m, i)->module;
        bool seen = false;
        for (uint32_t k = 0; k < i && !seen; k++)
            seen = strcmp(engine_module_import(m, k)->module, module) == 0;
        if (seen)
            continue;
        printf("  %s\n", module);
        for (uint32_t k = i; k < n; k++)
            if (strcmp(engine_module_import(m, k)->module, module) == 0)
                print_port(engine_module_import(m, k));
    }
}

static void
print_exports(const struct engine_module *m)
{
    uint32_t n = engine_module_exports(m);
    printf("exports: %" PRIu32 "\n", n);
    for (uint32_t i = 0; i < n; i++)
        print_port(engine_module_export(m, i));
}

static bool
exports(const struct engine_module *m, const char *name)
{
    for (uint32_t i = 0; i < engine_module_exports(m); i++)
        if (strcmp(engine_module_export(m, i)->name, name) == 0)
            return true;
    return false;
}

static int
print_needs(const char *file, const struct engine_module *m)
{
    struct needs needs;
    needs_of(m, &needs);
    char flags[256];
    needs_flags(needs.caps, flags, sizeof flags);
    printf("needs:\n");
    for (int c = 0; c < CAP_COUNT; c++)
        if (needs.caps & 1u << c && c != CAP_BASE)
            printf("  %-9s %s\n", cap_name((enum cap)c), cap_text((enum cap)c));
    if (needs.files)
        printf("  files     if it uses any: --dir HOST[::GUEST][:ro]\n");
    if (needs.unknown)
        printf("  UNKNOWN   %" PRIu32 " imports that Pith does not have, the "
               "first is %s.%s\n",
               needs.unknown, needs.unknown_module, needs.unknown_name);
    if (!exports(m, "_start"))
        printf("  note      no _start: a library, not a program\n");
    printf("run it with:\n  pith run %s%s%s%s\n", flags, *flags ? " " : "",
           needs.files ? "--dir . " : "", file);
    return needs.unknown || !exports(m, "_start") ? EXIT_REFUSED : 0;
}

/* Everything about the module; what print_needs says is the exit code. */
static int
overview(const char *name, const struct cli_module *file,
         const struct engine_module *m)
{
    struct engine_sink to = cli_stdout();

    if (engine_is_core(m)) {
        printf("%s: a coredump, %zu bytes\n", name, file->size);
        engine_core_show(m, &to);
        return 0;
    }
    wasi_p1_register();
    pith_abi_register();
    printf("%s: a WebAssembly module, %zu bytes\n", name, file->size);
    print_sections(file);
    print_imports(m);
    print_exports(m);
    return print_needs(name, m);
}

/* The code of one function, or of all. */
static int
listing(const char *name, struct engine_module *m, const char *func, bool ir)
{
    struct engine_sink to = cli_stdout();
    uint32_t n = engine_module_funcs(m), i = UINT32_MAX;
    int r = 0;

    if (func && (i = engine_module_find_func(m, func)) == UINT32_MAX) {
        cli_error("%s has no function %s; try: pith inspect --disasm %s | grep "
                  "^func",
                  name, func, name);
        return EXIT_NOT_FOUND;
    }
    if (!ir)
        r = engine_disasm(m, i, &to);
    else if (func)
        r = engine_ir(m, i, &to);
    for (uint32_t k = 0; ir && !func && k < n && r != -E_NOMEM; k++)
        r = engine_ir(m, k, &to);
    if (r == -E_INVAL && func)
        cli_error("%s: function %s is imported: it has no code here", name,
                  func);
    else if (r < 0 && r != -E_INVAL)
        cli_error("%s: %s", name, pith_errno_text(r));
    return r < 0 && (r != -E_INVAL || func) ? EXIT_REFUSED : 0;
}

int
cli_inspect(int argc, char **argv)
{
    struct cli_options o = {0};
    struct cli_module file;
    struct engine_module *m;
    struct report report = {0};
    int r;

    if (!cli_parse_inspect(&o, argc, argv, 1))
        return EXIT_USAGE;
    r = cli_module_open(o.file, &file);
    if (r)
        return r;
    r = engine_module_load(file.bytes, file.size, NULL, NULL, &m, &report);
    if (r < 0) {
        cli_module_refused(o.file, &file, r, &report);
        return EXIT_REFUSED;
    }
    if (o.disasm || o.ir)
        r = listing(o.file, m, o.func, o.ir);
    else
        r = overview(o.file, &file, m);
    engine_module_unref(m);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        cli_error("cannot write to standard output: %s", strerror(errno));
        return EXIT_REFUSED;
    }
    return r;
}
