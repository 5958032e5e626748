/* SPDX-License-Identifier: Apache-2.0 */
/* Source positions: a module's DWARF, asked about one byte offset. */
#include <stdlib.h>
#include <string.h>

#include "debug/dwarf.h"
#include "debug/sections.h"
#include "module.h"

/* Reads allowed for each byte of DWARF, over a fixed part. */
#define WORK_BASE 1000000u
#define WORK_PER_BYTE 16u

static struct dw_section
section(const struct engine_module *m, const char *name, uint64_t *work)
{
    struct dw_section s = {0};

    s.p = engine_module_custom(m, name, &s.size);
    *work += s.size * WORK_PER_BYTE;
    return s;
}

static bool
dwarf_open(const struct engine_module *m, struct dwarf *d)
{
    *d = (struct dwarf){.table = UINT64_MAX, .work = WORK_BASE};
    d->info = section(m, ".debug_info", &d->work);
    d->abbrev = section(m, ".debug_abbrev", &d->work);
    d->line = section(m, ".debug_line", &d->work);
    d->str = section(m, ".debug_str", &d->work);
    d->line_str = section(m, ".debug_line_str", &d->work);
    d->ranges = section(m, ".debug_ranges", &d->work);
    d->rnglists = section(m, ".debug_rnglists", &d->work);
    d->addr = section(m, ".debug_addr", &d->work);
    d->str_offsets = section(m, ".debug_str_offsets", &d->work);
    return d->info.p && d->abbrev.p;
}

/* Text from a file goes to terminals. */
static void
copy_clean(char *out, size_t room, const char *s)
{
    size_t n = s ? strnlen(s, room - 1) : 0;

    for (size_t i = 0; i < n; i++)
        out[i] = (unsigned char)s[i] < 0x20 || s[i] == 0x7f ? '?' : s[i];
    out[n] = '\0';
}

static void
file_name(struct dwarf *d, const struct dw_unit *u, uint64_t file,
          struct engine_place *p)
{
    char name[sizeof p->file];

    dw_file_name(d, u, file, name, sizeof name);
    copy_clean(p->file, sizeof p->file, name);
}

#define MAX_SCOPES 16u

static uint32_t
places(struct dwarf *d, uint64_t pc, struct engine_place *out, uint32_t max)
{
    struct dw_die scopes[MAX_SCOPES];
    struct dw_row row = {0};
    struct dw_unit u;
    uint32_t n, k = 0;

    if (!dw_unit_find(d, pc, &u))
        return 0;
    n = dw_scopes(d, &u, pc, scopes, MAX_SCOPES);
    if (!dw_line_find(d, &u, pc, &row) && !n)
        return 0;
    /* Each scope inwards says where in the next one outwards it was called. */
    for (uint32_t i = n; k < max && (i || !k); k++) {
        struct engine_place *p = &out[k];

        *p = (struct engine_place){.line = row.line, .column = row.column};
        if (row.line)
            file_name(d, &u, row.file, p);
        if (!i)
            continue;
        i--;
        copy_clean(p->function, sizeof p->function,
                   dw_die_name(d, &u, &scopes[i]));
        row.file = (uint32_t)scopes[i].call_file.u;
        row.line = (uint32_t)scopes[i].call_line.u;
        row.column = (uint32_t)scopes[i].call_column.u;
    }
    return k;
}

uint32_t
engine_places(const struct engine_module *m, uint32_t offset,
              struct engine_place *out, uint32_t max)
{
    struct section_at code;
    struct dwarf d;
    uint32_t n = 0;

    if (!max || !dwarf_open(m, &d))
        return 0;
    if (section_find(m->bytes, m->size, 10, &code) && offset >= code.start &&
        offset < code.end)
        n = places(&d, offset - code.start, out, max);
    free(d.codes);
    return n;
}
