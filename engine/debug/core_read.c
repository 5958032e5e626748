/* SPDX-License-Identifier: Apache-2.0 */
/* Coredumps read: see core_write.c for what is in one. */
#include <inttypes.h>

#include "debug/values.h"
#include "pith_errno.h"

struct core {
    const struct engine_module *m;
    struct engine_sink *to;
    struct reader r;
};

static void
put_text(struct core *c, const uint8_t *s, size_t len)
{
    for (size_t i = 0; s && i < len && i < 200; i++) {
        char ch = s[i] < 0x20 || s[i] == 0x7f ? '?' : (char)s[i];

        engine_sink_write(c->to, &ch, 1);
    }
}

/* A zero byte and a name, as most entries begin. */
static bool
named(struct core *c, const char *what)
{
    size_t len = 0;
    uint8_t zero = read_u8(&c->r);
    const uint8_t *s = reader_name(&c->r, &len);

    if (zero || reader_failed(&c->r))
        return false;
    engine_sink_text(c->to, "%s ", what);
    put_text(c, s, len);
    engine_sink_write(c->to, "\n", 1);
    return true;
}

static bool
value(struct core *c)
{
    const uint8_t *p;

    switch (read_u8(&c->r)) {
    case 0x01:
        engine_sink_text(c->to, " ?");
        break;
    case 0x7f:
        engine_sink_text(c->to, " i32:%" PRId32, read_s32(&c->r));
        break;
    case 0x7e:
        engine_sink_text(c->to, " i64:%" PRId64, read_s64(&c->r));
        break;
    case 0x7d:
        engine_sink_text(c->to, " f32:");
        if ((p = read_bytes(&c->r, 4)))
            float_write(load_le32(p), 23, 8, c->to);
        break;
    case 0x7c:
        engine_sink_text(c->to, " f64:");
        if ((p = read_bytes(&c->r, 8)))
            float_write(load_le64(p), 52, 11, c->to);
        break;
    default:
        return false;
    }
    return !reader_failed(&c->r);
}

static bool
values(struct core *c, const char *what)
{
    uint32_t n = read_u32(&c->r);

    if (n)
        engine_sink_text(c->to, "        %s:", what);
    for (uint32_t i = 0; i < n; i++)
        if (!value(c))
            return false;
    engine_sink_text(c->to, n ? "\n" : "");
    return !reader_failed(&c->r);
}

/* The text that was kept for frame i, which texts is at. */
static void
frame_text(struct core *c, struct reader *texts, uint32_t func)
{
    size_t len = 0;
    const uint8_t *s = reader_name(texts, &len);

    if (s && !reader_failed(texts))
        put_text(c, s, len);
    else
        engine_sink_text(c->to, "function %u", func);
}

static bool
frame(struct core *c, uint32_t i, struct reader *texts)
{
    uint8_t zero = read_u8(&c->r);
    uint32_t instance = read_u32(&c->r), func = read_u32(&c->r);
    uint32_t offset = read_u32(&c->r);

    if (zero || reader_failed(&c->r))
        return false;
    engine_sink_text(c->to, "    #%-2u ", i);
    frame_text(c, texts, func);
    engine_sink_text(c->to, " (function %u + 0x%x", func, offset);
    if (instance)
        engine_sink_text(c->to, ", instance %u", instance);
    engine_sink_text(c->to, ")\n");
    return values(c, "locals") && values(c, "stack");
}

static bool
thread(struct core *c)
{
    size_t size;
    const uint8_t *kept = engine_module_custom(c->m, "pithframes", &size);
    struct reader texts = c->r; /* none are kept: at its end */
    uint32_t n;

    if (kept)
        texts = (struct reader){kept, kept + size, kept, NULL, 0};
    else
        texts.p = texts.end;
    read_u32(&texts);
    if (!named(c, "thread"))
        return false;
    n = read_u32(&c->r);
    for (uint32_t i = 0; i < n; i++)
        if (!frame(c, i, &texts))
            return false;
    return !reader_failed(&c->r);
}

static bool
modules(struct core *c)
{
    for (uint32_t n = read_u32(&c->r); n; n--)
        if (!named(c, "module"))
            return false;
    return !reader_failed(&c->r);
}

static bool
numbers(struct core *c, const char *what)
{
    uint32_t n = read_u32(&c->r);

    engine_sink_text(c->to, ", %u %s", n, what);
    for (; n && !reader_failed(&c->r); n--)
        read_u32(&c->r);
    return !reader_failed(&c->r);
}

static bool
instances(struct core *c)
{
    uint32_t n = read_u32(&c->r);

    for (uint32_t i = 0; i < n; i++) {
        uint8_t zero = read_u8(&c->r);
        uint32_t module = read_u32(&c->r);

        if (zero || reader_failed(&c->r))
            return false;
        engine_sink_text(c->to, "instance %u of module %u", i, module);
        if (!numbers(c, "memories") || !numbers(c, "globals"))
            return false;
        engine_sink_write(c->to, "\n", 1);
    }
    return !reader_failed(&c->r);
}

static bool
process(struct core *c)
{
    return named(c, "process");
}

static void
memories(struct core *c)
{
    uint64_t data = 0;

    for (uint32_t i = 0; i < c->m->ndatas; i++)
        data += c->m->datas[i].length;
    for (uint32_t i = 0; i < c->m->nmemories; i++)
        engine_sink_text(c->to, "memory %u: %" PRIu64 " pages\n", i,
                         c->m->memories[i].min);
    engine_sink_text(c->to, "data: %u segments, %" PRIu64 " bytes\n",
                     c->m->ndatas, data);
}

bool
engine_is_core(const struct engine_module *m)
{
    size_t size;

    return engine_module_custom(m, "core", &size) &&
           engine_module_custom(m, "corestack", &size);
}

void
engine_core_show(const struct engine_module *m, struct engine_sink *to)
{
    static const struct {
        const char *name;
        bool (*show)(struct core *c);
    } sections[] = {
        {"core", process},
        {"coremodules", modules},
        {"coreinstances", instances},
        {"corestack", thread},
    };
    struct core c = {.m = m, .to = to};

    for (size_t k = 0; k < sizeof sections / sizeof *sections; k++)
        for (uint32_t i = 0; i < m->ncustoms; i++) {
            const struct custom *s = &m->customs[i];

            if (s->name_len != strlen(sections[k].name) ||
                memcmp(s->name, sections[k].name, s->name_len) != 0)
                continue;
            c.r = (struct reader){s->data, s->data + s->size, s->data, NULL, 0};
            if (!sections[k].show(&c))
                engine_sink_text(to, "\n(the section %s is damaged)\n",
                                 sections[k].name);
        }
    memories(&c);
}
