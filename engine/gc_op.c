/* SPDX-License-Identifier: Apache-2.0 */
/* The instructions of structs, arrays and i31; see gc.h (4.6.11). */
#include "cont.h"
#include "gc.h"

#include <string.h>

/* ---- references ---- */

bool
gc_ref_is(uint64_t v, uint32_t heap)
{
    switch (heap_top(heap)) {
    case HEAP_FUNC:
        return heap_matches(((struct engine_func *)(uintptr_t)v)->type, heap);
    case HEAP_EXTERN:
    case HEAP_EXN:
        return heap == heap_top(heap);
    default:
        break;
    }
    if (v & 1)
        return heap_matches(HEAP_I31, heap);
    if (v & 2) /* the host's: any, and nothing below */
        return heap == HEAP_ANY;
    return heap_matches(((struct gc_object *)(uintptr_t)v)->type, heap);
}

static bool
ref_test(uint64_t v, uint32_t heap, bool nullable)
{
    return v ? gc_ref_is(v, heap) : nullable;
}

static struct gc_object *
object(uint64_t v)
{
    return (struct gc_object *)(uintptr_t)v;
}

/* any seen as extern and back. */
static uint64_t
convert(uint64_t v)
{
    return v && !(v & 1) ? v ^ 2 : v;
}

/* ---- fields ---- */

static uint64_t *
field(struct gc_object *o, const struct type_def *t, uint32_t i)
{
    uint32_t at = i;

    if (t->param_slots != t->nparams)
        for (uint32_t k = at = 0; k < i; k++)
            at += vt_slots(t->vt[k]);
    return o->slots + at;
}

/* The value of a packed field or element, as sign says. */
static uint64_t
unpack(uint64_t v, uint32_t vt, bool sign)
{
    uint32_t bits = vt == VT_I8 ? 8 : vt == VT_I16 ? 16 : 0, low;

    if (!bits)
        return v;
    low = (uint32_t)v << (32 - bits);
    return sign ? (uint32_t)((int32_t)low >> (32 - bits)) : low >> (32 - bits);
}

static enum engine_status
struct_new(struct engine_instance *in, uint32_t x, uint64_t *sp, uint64_t *top,
           bool defaults)
{
    struct gc_object *o = gc_alloc(in, x, 0, top);

    if (!o)
        return ENGINE_NO_MEMORY;
    if (!defaults)
        memcpy(o->slots, sp, type_get(x)->param_slots * sizeof *sp);
    sp[0] = (uintptr_t)o;
    return ENGINE_OK;
}

static enum engine_status
struct_get(uint32_t x, uint32_t y, uint64_t *sp, bool sign)
{
    const struct type_def *t = type_get(x);
    uint64_t *f;

    if (!sp[0])
        return ENGINE_NULL_REFERENCE;
    f = field(object(sp[0]), t, y);
    if (t->vt[y] == VT_V128)
        sp[1] = f[1];
    sp[0] = unpack(f[0], t->vt[y], sign);
    return ENGINE_OK;
}

static enum engine_status
struct_set(uint32_t x, uint32_t y, const uint64_t *sp)
{
    const struct type_def *t = type_get(x);

    if (!sp[0])
        return ENGINE_NULL_REFERENCE;
    memcpy(field(object(sp[0]), t, y), sp + 1, vt_slots(t->vt[y]) * 8);
    return ENGINE_OK;
}

/* ---- elements: little-endian on every host, as data segments are ---- */

static void
element_get(const struct gc_object *o, uint32_t vt, uint32_t i, bool sign,
            uint64_t *out)
{
    uint32_t size = gc_element_size(vt);
    const uint8_t *p = o->bytes + (uint64_t)i * size;
    uint64_t v = 0;

    if (vt == VT_V128) {
        memcpy(out, p, 16);
        return;
    }
    for (uint32_t k = 0; k < size; k++)
        v |= (uint64_t)p[k] << 8 * k;
    *out = unpack(v, vt, sign);
}

static void
element_set(struct gc_object *o, uint32_t vt, uint32_t i, const uint64_t *v)
{
    uint32_t size = gc_element_size(vt);
    uint8_t *p = o->bytes + (uint64_t)i * size;

    if (vt == VT_V128)
        memcpy(p, v, 16);
    else
        for (uint32_t k = 0; k < size; k++)
            p[k] = (uint8_t)(*v >> 8 * k);
}

static void
fill(struct gc_object *o, uint32_t vt, uint32_t at, uint32_t n,
     const uint64_t *v)
{
    if (gc_element_size(vt) == 1)
        memset(o->bytes + at, (int)(*v & 0xff), n);
    else
        for (uint32_t i = 0; i < n; i++)
            element_set(o, vt, at + i, v);
}

/* Are n elements from at within o? */
static bool
within(const struct gc_object *o, uint64_t at, uint64_t n)
{
    return (uint32_t)at + (uint64_t)(uint32_t)n <= o->length;
}

/* An operation on n elements costs this many units beyond its own. */
static void
work(struct engine_instance *in, uint64_t n)
{
    in->store->gc_work += n >> 10;
}

/* ---- making arrays ---- */

static enum engine_status
array_new(struct engine_instance *in, uint32_t x, uint64_t *sp, uint64_t *top)
{
    uint32_t vt = type_get(x)->vt[0];
    uint32_t n = (uint32_t)sp[vt_slots(vt)];
    struct gc_object *o = gc_alloc(in, x, n, top);

    if (!o)
        return ENGINE_NO_MEMORY;
    work(in, n);
    if (sp[0] || vt == VT_V128)
        fill(o, vt, 0, n, sp);
    sp[0] = (uintptr_t)o;
    return ENGINE_OK;
}

static enum engine_status
array_new_fixed(struct engine_instance *in, uint32_t x, uint32_t n,
                uint64_t *sp, uint64_t *top, bool defaults)
{
    uint32_t vt = type_get(x)->vt[0];
    struct gc_object *o = gc_alloc(in, x, n, top);

    if (!o)
        return ENGINE_NO_MEMORY;
    work(in, n);
    for (uint32_t i = 0; i < n && !defaults; i++)
        element_set(o, vt, i, sp + (size_t)i * vt_slots(vt));
    sp[0] = (uintptr_t)o;
    return ENGINE_OK;
}

static bool
data_within(const struct engine_instance *in, uint32_t segment, uint64_t at,
            uint64_t bytes)
{
    return (uint32_t)at + bytes <= in->data_length[segment];
}

static void
copy_data(const struct engine_instance *in, struct gc_object *o,
          uint32_t segment, uint64_t to, uint64_t at, uint64_t n, uint32_t size)
{
    const struct engine_module *m = in->module;

    if (n)
        memcpy(o->bytes + (uint64_t)(uint32_t)to * size,
               m->bytes + m->datas[segment].at + (uint32_t)at,
               (size_t)n * size);
}

static void
copy_elems(const struct engine_instance *in, struct gc_object *o,
           uint32_t segment, uint64_t to, uint64_t at, uint64_t n)
{
    uint32_t vt = type_get(o->type)->vt[0];

    for (uint64_t i = 0; i < n; i++) {
        uint64_t v[2] = {(uintptr_t)in->elems[segment].refs[(uint32_t)at + i]};

        element_set(o, vt, (uint32_t)(to + i), v);
    }
}

/* sp: offset, count */
static enum engine_status
array_new_segment(struct engine_instance *in, uint32_t x, uint32_t segment,
                  uint64_t *sp, uint64_t *top, bool data)
{
    uint32_t n = (uint32_t)sp[1], size = gc_element_size(type_get(x)->vt[0]);
    struct gc_object *o;

    if (data && !data_within(in, segment, sp[0], (uint64_t)n * size))
        return ENGINE_MEMORY_BOUNDS;
    if (!data && (uint32_t)sp[0] + (uint64_t)n > in->elems[segment].n)
        return ENGINE_TABLE_BOUNDS;
    o = gc_alloc(in, x, n, top);
    if (!o)
        return ENGINE_NO_MEMORY;
    work(in, n);
    if (data)
        copy_data(in, o, segment, 0, sp[0], n, size);
    else
        copy_elems(in, o, segment, 0, sp[0], n);
    sp[0] = (uintptr_t)o;
    return ENGINE_OK;
}

/* ---- using arrays ---- */

static enum engine_status
array_get(uint32_t x, uint64_t *sp, bool sign)
{
    if (!sp[0])
        return ENGINE_NULL_REFERENCE;
    if (!within(object(sp[0]), sp[1], 1))
        return ENGINE_ARRAY_BOUNDS;
    element_get(object(sp[0]), type_get(x)->vt[0], (uint32_t)sp[1], sign, sp);
    return ENGINE_OK;
}

static enum engine_status
array_set(uint32_t x, const uint64_t *sp)
{
    if (!sp[0])
        return ENGINE_NULL_REFERENCE;
    if (!within(object(sp[0]), sp[1], 1))
        return ENGINE_ARRAY_BOUNDS;
    element_set(object(sp[0]), type_get(x)->vt[0], (uint32_t)sp[1], sp + 2);
    return ENGINE_OK;
}

/* sp: array, offset, value, count */
static enum engine_status
array_fill(struct engine_instance *in, uint32_t x, const uint64_t *sp)
{
    uint32_t vt = type_get(x)->vt[0];
    uint64_t n = sp[2 + vt_slots(vt)];

    if (!sp[0])
        return ENGINE_NULL_REFERENCE;
    if (!within(object(sp[0]), sp[1], n))
        return ENGINE_ARRAY_BOUNDS;
    work(in, n);
    fill(object(sp[0]), vt, (uint32_t)sp[1], (uint32_t)n, sp + 2);
    return ENGINE_OK;
}

/* sp: array, offset, source, offset, count */
static enum engine_status
array_copy(struct engine_instance *in, uint32_t x, const uint64_t *sp)
{
    uint32_t size = gc_element_size(type_get(x)->vt[0]);
    uint32_t n = (uint32_t)sp[4];

    if (!sp[0] || !sp[2])
        return ENGINE_NULL_REFERENCE;
    if (!within(object(sp[0]), sp[1], n) || !within(object(sp[2]), sp[3], n))
        return ENGINE_ARRAY_BOUNDS;
    work(in, n);
    memmove(object(sp[0])->bytes + (uint64_t)(uint32_t)sp[1] * size,
            object(sp[2])->bytes + (uint64_t)(uint32_t)sp[3] * size,
            (size_t)n * size);
    return ENGINE_OK;
}

/* sp: array, offset, offset in the segment, count */
static enum engine_status
array_init(struct engine_instance *in, uint32_t x, uint32_t segment,
           const uint64_t *sp, bool data)
{
    uint32_t n = (uint32_t)sp[3], size = gc_element_size(type_get(x)->vt[0]);

    if (!sp[0])
        return ENGINE_NULL_REFERENCE;
    if (!within(object(sp[0]), sp[1], n))
        return ENGINE_ARRAY_BOUNDS;
    if (data && !data_within(in, segment, sp[2], (uint64_t)n * size))
        return ENGINE_MEMORY_BOUNDS;
    if (!data && (uint32_t)sp[2] + (uint64_t)n > in->elems[segment].n)
        return ENGINE_TABLE_BOUNDS;
    work(in, n);
    if (data)
        copy_data(in, object(sp[0]), segment, sp[1], sp[2], n, size);
    else
        copy_elems(in, object(sp[0]), segment, (uint32_t)sp[1], sp[2], n);
    return ENGINE_OK;
}

/* ---- i31 ---- */

/* ---- all of them ---- */

static enum engine_status
make(struct engine_instance *in, enum gc_opcode op, uint32_t x, uint32_t y,
     uint64_t *sp, uint64_t *top)
{
    switch (op) {
    case GC_STRUCT_NEW:
    case GC_STRUCT_NEW_DEFAULT:
        return struct_new(in, x, sp, top, op == GC_STRUCT_NEW_DEFAULT);
    case GC_ARRAY_NEW:
        return array_new(in, x, sp, top);
    case GC_ARRAY_NEW_DEFAULT:
        return array_new_fixed(in, x, (uint32_t)sp[0], sp, top, true);
    case GC_ARRAY_NEW_FIXED:
        return array_new_fixed(in, x, y, sp, top, false);
    default:
        return array_new_segment(in, x, y, sp, top, op == GC_ARRAY_NEW_DATA);
    }
}

static enum engine_status
access(struct engine_instance *in, enum gc_opcode op, uint32_t x, uint32_t y,
       uint64_t *sp)
{
    switch (op) {
    case GC_STRUCT_GET:
    case GC_STRUCT_GET_S:
    case GC_STRUCT_GET_U:
        return struct_get(x, y, sp, op == GC_STRUCT_GET_S);
    case GC_STRUCT_SET:
        return struct_set(x, y, sp);
    case GC_ARRAY_GET:
    case GC_ARRAY_GET_S:
    case GC_ARRAY_GET_U:
        return array_get(x, sp, op == GC_ARRAY_GET_S);
    case GC_ARRAY_SET:
        return array_set(x, sp);
    case GC_ARRAY_FILL:
        return array_fill(in, x, sp);
    case GC_ARRAY_COPY:
        return array_copy(in, x, sp);
    default:
        return array_init(in, x, y, sp, op == GC_ARRAY_INIT_DATA);
    }
}

enum engine_status
gc_execute(struct engine_instance *in, enum gc_opcode op, uint32_t x,
           uint32_t y, uint64_t *sp, uint64_t *top)
{
    switch (op) {
    case GC_STRUCT_NEW:
    case GC_STRUCT_NEW_DEFAULT:
    case GC_ARRAY_NEW:
    case GC_ARRAY_NEW_DEFAULT:
    case GC_ARRAY_NEW_FIXED:
    case GC_ARRAY_NEW_DATA:
    case GC_ARRAY_NEW_ELEM:
        return make(in, op, x, y, sp, top);
    case GC_ARRAY_LEN:
        if (!sp[0])
            return ENGINE_NULL_REFERENCE;
        sp[0] = object(sp[0])->length;
        return ENGINE_OK;
    case GC_REF_TEST:
    case GC_REF_TEST_NULL:
    case GC_BR_ON_CAST:
    case GC_BR_ON_CAST_FAIL:
        sp[0] = ref_test(sp[0], x, op == GC_REF_TEST_NULL);
        return ENGINE_OK;
    case GC_REF_CAST:
    case GC_REF_CAST_NULL:
        return ref_test(sp[0], x, op == GC_REF_CAST_NULL) ? ENGINE_OK
                                                          : ENGINE_CAST_FAILURE;
    case GC_ANY_CONVERT_EXTERN:
    case GC_EXTERN_CONVERT_ANY:
        sp[0] = convert(sp[0]);
        return ENGINE_OK;
    case GC_REF_I31: /* (here in constant expressions only) */
        sp[0] = (uint64_t)((uint32_t)sp[0] & 0x7fffffff) << 1 | 1;
        return ENGINE_OK;
    case GC_CONT_NEW:
        return cont_new(in, x, sp, top);
    case GC_CONT_BIND:
        return cont_bind(in, x, y, sp, top);
    default:
        return access(in, op, x, y, sp);
    }
}
