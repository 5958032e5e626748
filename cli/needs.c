/* SPDX-License-Identifier: Apache-2.0 */
#include "needs.h"

#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "exec.h"

static bool
opens_files(const struct engine_port *port)
{
    return strncmp(port->name, "path_", 5) == 0 ||
           (strcmp(port->module, "pith") == 0 &&
            strcmp(port->name, "open") == 0);
}

void
needs_of(const struct engine_module *m, struct needs *out)
{
    memset(out, 0, sizeof *out);
    for (uint32_t i = 0; i < engine_module_imports(m); i++) {
        struct abi_func f;
        const struct engine_port *port = engine_module_import(m, i);
        if (port->kind == ENGINE_MEMORY && port->shared)
            continue;
        if (port->kind == ENGINE_FUNC &&
            abi_find(port->module, port->name, port->name_len, port->functype,
                     &f) == 0) {
            out->caps |= 1u << f.cap;
            out->files |= opens_files(port);
        } else if (out->unknown++ == 0) {
            out->unknown_module = port->module;
            out->unknown_name = port->name;
        }
    }
}

void
needs_flags(uint32_t caps, char *out, size_t room)
{
    size_t used = 0;
    out[0] = 0;
    for (int c = 0; c < CAP_COUNT; c++) {
        bool named =
            c != CAP_BASE && c != CAP_STDIO && c != CAP_FS && c != CAP_NET;
        if (!(caps & 1u << c) || !named)
            continue;
        int n = snprintf(out + used, room - used, "%s%s", used ? "," : "--cap ",
                         cap_name((enum cap)c));
        used += n > 0 ? (size_t)n : 0;
        if (used >= room)
            return;
    }
    if (caps & 1u << CAP_NET)
        snprintf(out + used, room - used, "%s--net", used ? " " : "");
}

void
needs_refuse(const char *file, const uint8_t *bytes, size_t size,
             const struct grants *g)
{
    struct engine_module *m;
    struct needs needs;
    char flags[256], list[512] = "";
    size_t used = 0;
    if (engine_module_load(bytes, size, NULL, NULL, &m, NULL) < 0)
        return;
    needs_of(m, &needs);
    for (int c = 0; c < CAP_COUNT && used < sizeof list; c++) {
        if (cap_has(g, (enum cap)c))
            needs.caps &= ~(1u << c);
        if (!(needs.caps & 1u << c))
            continue;
        int n = snprintf(list + used, sizeof list - used, "%s%s (%s)",
                         used ? ", " : "", cap_name((enum cap)c),
                         cap_text((enum cap)c));
        used += n > 0 ? (size_t)n : 0;
    }
    needs_flags(needs.caps, flags, sizeof flags);
    cli_error("%s needs what it was not granted: %s; to grant it: pith run %s "
              "%s",
              file, list, flags, file);
    engine_module_unref(m);
}
