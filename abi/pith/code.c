/* SPDX-License-Identifier: Apache-2.0 */
/* The `pith` module: code that a program brings at run time (abi.h, pith_code).
 * What a module may be and how it is linked is the engine's (engine_code_load);
 * threads load for themselves, as each has an instance and a table of its own. */
#include <string.h>

#include "lib.h"
#include "sys.h"

static void
give_back(const uint8_t *bytes, size_t size, void *ctx)
{
    (void)bytes, (void)size;
    host_free(ctx);
}

/* The sentence, cut to the room that there is for it. */
static void
tell_why(struct proc *p, const struct pith_code *c, const struct report *why)
{
    char text[sizeof why->text];
    size_t n = c->why_len < sizeof text ? c->why_len : sizeof text;

    if (!n)
        return;
    text_format(text, n, "%s", why->text);
    copy_out(p, gptr(c->why), text, strlen(text) + 1);
}

static int
load(struct proc *p, const struct pith_code *c, struct gptr from, size_t size,
     struct engine_code *code, struct report *why)
{
    uint8_t *bytes;
    int r;

    if (!thread_self(p)->instance) /* in its start function */
        return -E_INVAL;
    if (size > PITH_CODE_MAX)
        return -E_2BIG;
    bytes = host_realloc(NULL, size + !size);
    if (!bytes)
        return -E_NOMEM;
    r = copy_in(p, bytes, from, size);
    if (r < 0) {
        host_free(bytes);
        return r;
    }
    *code = (struct engine_code){c->memory_base, c->table_base, c->table_size};
    return engine_code_load(thread_self(p)->instance, bytes, size, give_back,
                            bytes, code, why);
}

int64_t
sys_code_load(struct proc *p, const uint64_t *a)
{
    struct engine_code code = {0};
    struct report why = {0};
    struct pith_code c;
    int r = copy_in(p, &c, gptr(a[2]), sizeof c), number;

    if (r < 0)
        return r;
    number = load(p, &c, gptr(a[0]), (size_t)a[1], &code, &why);
    if (number < 0) {
        tell_why(p, &c, &why);
        return number;
    }
    c.table_base = code.table_base;
    r = copy_out(p, gptr(a[2]), &c, sizeof c);
    if (r < 0) { /* nobody would know its number */
        engine_code_drop(thread_self(p)->instance, number);
        return r;
    }
    return number;
}

int64_t
sys_code_drop(struct proc *p, const uint64_t *a)
{
    if (!thread_self(p)->instance)
        return -E_BADF;
    return engine_code_drop(thread_self(p)->instance, (int32_t)a[0]);
}
