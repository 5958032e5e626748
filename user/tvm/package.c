/* SPDX-License-Identifier: Apache-2.0 */
#include "package.h"

#include <pith/pith_import.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "manifest.h"

/* What it asks for is all that is left; the clock is for tvm. */
static bool
keep(const struct manifest *m, struct report *r)
{
    static const char clock[] = "time\n";
    size_t n = manifest_grants(m, false, NULL, 0);
    char *grants = malloc(n + sizeof clock), path[MANIFEST_NAME_MAX + 8];
    int e = -1;

    if (grants) {
        manifest_grants(m, false, grants, n + 1);
        if (!(m->caps & 1u << CAP_TIME))
            strcat(grants, clock);
        e = pith_cap_drop(grants);
        for (char *s = grants; (s = strchr(s, '\n')); s++)
            *s = s[1] ? ';' : 0;
    }
    if (e >= 0 && m->own_data) {
        snprintf(path, sizeof path, "/data/%s", m->name);
        mkdir(path, 0755); /* or it is there, or opening says why not */
    }
    if (e < 0)
        report_set(r, 0, "it asks for more than this process may do: %.150s",
                   grants ? grants : "memory");
    free(grants);
    return e >= 0;
}

bool
package_open(const uint8_t *bytes, size_t size, bool enter,
             const uint8_t **code, size_t *n, bool *clocks, struct report *r)
{
    struct trymon parts;
    struct manifest m;
    bool ok;

    *code = bytes;
    *n = size;
    if (size < 4 || memcmp(bytes, "TRYM", 4) != 0)
        return true;
    if (trymon_open(bytes, size, &parts, r) < 0)
        return false;
    if (parts.version != 2) {
        report_set(r, 0,
                   "it is an x86 program: it needs the x86 emulator, "
                   "which this system does not have");
        return false;
    }
    ok = manifest_read_trymon(&m, bytes, size, r) >= 0;
    *code = parts.code;
    *n = parts.code_len;
    *clocks = *clocks && ok && m.caps & 1u << CAP_TIME;
    if (ok && enter)
        ok = keep(&m, r);
    manifest_finish(&m);
    return ok;
}
