/* SPDX-License-Identifier: Apache-2.0 */
#include "needs.h"

#include <stdio.h>
#include <string.h>

#include "exec.h"

static bool
opens_files(const struct engine_port *port)
{
    return strncmp(port->name, "path_", 5) == 0 ||
           (strcmp(port->module, "pith") == 0 && strcmp(port->name, "open") == 0);
}

void
needs_of(const struct engine_module *m, struct needs *out)
{
    memset(out, 0, sizeof *out);
    for (uint32_t i = 0; i < engine_module_imports(m); i++) {
        struct abi_func f;
        const struct engine_port *port = engine_module_import(m, i);
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
        bool named = c != CAP_BASE && c != CAP_STDIO && c != CAP_FS &&
                     c != CAP_NET;
        if (!(caps & 1u << c) || !named)
            continue;
        int n = snprintf(out + used, room - used, "%s%s",
                         used ? "," : "--cap ", cap_name((enum cap)c));
        used += n > 0 ? (size_t)n : 0;
        if (used >= room)
            return;
    }
    if (caps & 1u << CAP_NET)
        snprintf(out + used, room - used, "%s--net", used ? " " : "");
}
