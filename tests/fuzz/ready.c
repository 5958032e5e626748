/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target: what is known of a program beforehand (engine/ready.h). The
 * file is believed, but where it is damaged in a way that no checksum sees, or
 * made by a tool gone wrong, reading it must stay within it. The input is
 *
 *     how | the index, or functions' numbers and sizes | code
 *
 * and becomes a file about one small module, with checksums that are right; how:
 * 1 the whole index is the input's. Nothing of it is run.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ready.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Three functions of type ()->(), the second type is (i32)->(). */
static const uint8_t module[] = {
    0, 'a', 's', 'm', 1, 0, 0, 0,                   /* */
    1, 8,   2,   0x60, 0, 0, 0x60, 1, 0x7f, 0,      /* types */
    3, 4,   3,   0,    0, 1,                        /* functions */
    10, 10, 3,   2,    0, 11, 2, 0, 11, 2, 0, 11};  /* bodies */

#define FUNCS 4u

/* What is at the front of the input: an index about the module above. */
static size_t
make_index(uint8_t *to, const uint8_t *data, size_t size, size_t room)
{
    uint32_t at = sizeof(struct ready_header);
    struct ready_module k = {.size = sizeof module, .nextents = 1,
                             .nfuncs = FUNCS, .extents = at + sizeof k,
                             .funcs = at + sizeof k +
                                      sizeof(struct ready_extent)};
    struct ready_extent e = {0, sizeof module};
    uint32_t code = k.funcs + FUNCS * sizeof(struct ready_func), used = 0;

    if (code > room)
        return 0;
    memcpy(to + at, &k, sizeof k);
    memcpy(to + k.extents, &e, sizeof e);
    for (uint32_t i = 0; i < FUNCS; i++) {
        struct ready_func f = {.func = i, .at = code + used};

        f.size = i < size ? data[i] * 4u : 0;
        if (f.size > room - code - used)
            f.size = (uint32_t)(room - code - used) & ~3u;
        f.check = ready_check(to + f.at, f.size);
        memcpy(to + k.funcs + i * sizeof f, &f, sizeof f);
        used += f.size;
    }
    return code;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ready_header h = {.form = ready_form(), .nmodules = 1};
    size_t front = sizeof h + 256, room = size + front;
    struct engine_module *m;
    uint8_t *file;

    if (size < 1 + FUNCS)
        return 0;
    file = calloc(1, room);
    if (!file)
        return 0;
    if (data[0] & 1) { /* half of it is index */
        memcpy(file + sizeof h, data + 1, size - 1);
        h.index = (uint32_t)(sizeof h + (size - 1) / 2 / 4 * 4);
        h.nmodules = data[1] % 4;
    } else {
        memcpy(file + front, data + 1 + FUNCS, size - 1 - FUNCS);
        h.index = (uint32_t)make_index(file, data + 1, size - 1, room);
    }
    memcpy(h.magic, READY_MAGIC, sizeof h.magic);
    memcpy(h.engine, ready_engine, sizeof h.engine);
    h.size = (uint32_t)room;
    h.check = ready_check(file + sizeof h, h.index - sizeof h);
    memcpy(file, &h, sizeof h);
    engine_ready(file, room, module, sizeof module);
    if (engine_module_load(module, sizeof module, NULL, NULL, &m, NULL))
        abort(); /* it is valid, whatever the file says */
    translate_all(m);
    engine_module_unref(m);
    engine_ready(NULL, 0, NULL, 0);
    free(file);
    return 0;
}
