/* SPDX-License-Identifier: Apache-2.0 */
/* Values, slots and memory: the vocabulary of the other files. See build.h. */
#include "build.h"

#include <stdlib.h>

bool
grow(void *array, uint32_t *cap, size_t size)
{
    uint32_t n = *cap ? *cap * 2 : 64;
    void *p, *old;

    memcpy(&old, array, sizeof old);
    p = realloc(old, n * size);
    if (!p)
        return false;
    memcpy(array, &p, sizeof p);
    *cap = n;
    return true;
}

/* ---- a unit ---- */

static LLVMValueRef
node(struct build *b, LLVMMetadataRef *m, size_t n)
{
    return LLVMMetadataAsValue(b->c, LLVMMDNodeInContext2(b->c, m, n));
}

static void
init_areas(struct build *b)
{
    static const char *const names[AREAS] = {"memory", "frame", "global",
                                             "state"};
    LLVMMetadataRef zero = LLVMValueAsMetadata(const_i64(b, 0));
    LLVMMetadataRef name = LLVMMDStringInContext2(b->c, "pith", 4);
    LLVMMetadataRef root = LLVMMDNodeInContext2(b->c, &name, 1);
    LLVMMetadataRef weights[] = {
        LLVMMDStringInContext2(b->c, "branch_weights", 14),
        LLVMValueAsMetadata(const_i32(b, 1)),
        LLVMValueAsMetadata(const_i32(b, 100000))};

    for (unsigned i = 0; i < AREAS; i++) {
        LLVMMetadataRef m[] = {
            LLVMMDStringInContext2(b->c, names[i], strlen(names[i])), root,
            zero};
        LLVMMetadataRef type = LLVMMDNodeInContext2(b->c, m, 3);
        LLVMMetadataRef tag[] = {type, type, zero};

        b->areas[i] = node(b, tag, 3);
    }
    b->rarely = node(b, weights, 3);
    b->kind_tbaa = LLVMGetMDKindIDInContext(b->c, "tbaa", 4);
    b->kind_invariant = LLVMGetMDKindIDInContext(b->c, "invariant.load", 14);
    b->kind_prof = LLVMGetMDKindIDInContext(b->c, "prof", 4);
}

bool
build_init(struct build *b, const struct llvm_unit *u)
{
    memset(b, 0, sizeof *b);
    b->u = u;
    b->c = LLVMContextCreate();
    b->mod = LLVMModuleCreateWithNameInContext("pith", b->c);
    b->b = LLVMCreateBuilderInContext(b->c);
    b->early = LLVMCreateBuilderInContext(b->c);
    b->i1 = LLVMInt1TypeInContext(b->c);
    b->i8 = LLVMInt8TypeInContext(b->c);
    b->i16 = LLVMInt16TypeInContext(b->c);
    b->ty[I32] = b->i32 = LLVMInt32TypeInContext(b->c);
    b->ty[I64] = b->i64 = LLVMInt64TypeInContext(b->c);
    b->i128 = LLVMInt128TypeInContext(b->c);
    b->ty[F32] = b->f32 = LLVMFloatTypeInContext(b->c);
    b->ty[F64] = b->f64 = LLVMDoubleTypeInContext(b->c);
    b->ty[V128] = LLVMVectorType(b->i64, 2);
    b->ptr = LLVMPointerTypeInContext(b->c, 0);
    b->none = LLVMVoidTypeInContext(b->c);
    init_areas(b);
    b->sites_at = LLVMAddGlobal(b->mod, b->i64, "sites_");
    b->steps_at = LLVMAddGlobal(b->mod, b->i64, "steps_");
    b->types_at = LLVMAddGlobal(b->mod, b->i64, "types_");
    b->funcs = calloc(u->nfuncs, sizeof *b->funcs);
    return b->funcs;
}

void
build_finish(struct build *b)
{
    LLVMDisposeBuilder(b->b);
    LLVMDisposeBuilder(b->early);
    LLVMDisposeModule(b->mod);
    LLVMContextDispose(b->c);
    free(b->sites);
    free(b->funcs);
    free(b->steps);
    free(b->types);
}

/* ---- memory ---- */

LLVMValueRef
offset(struct build *b, LLVMValueRef p, uint64_t bytes)
{
    LLVMValueRef by = const_i64(b, bytes);

    return bytes ? LLVMBuildGEP2(b->b, b->i8, p, &by, 1, "") : p;
}

LLVMValueRef
load(struct build *b, LLVMTypeRef t, LLVMValueRef p, unsigned area,
     unsigned align)
{
    LLVMValueRef v = LLVMBuildLoad2(b->b, t, p, "");

    LLVMSetAlignment(v, align);
    LLVMSetMetadata(v, b->kind_tbaa, b->areas[area]);
    return v;
}

LLVMValueRef
fixed(struct build *b, LLVMValueRef p, size_t at)
{
    LLVMValueRef v = load(b, b->ptr, offset(b, p, at), AREA_STATE, 8);

    LLVMSetMetadata(v, b->kind_invariant, LLVMMDNodeInContext(b->c, NULL, 0));
    return v;
}

void
store(struct build *b, LLVMValueRef v, LLVMValueRef p, unsigned area,
      unsigned align)
{
    LLVMValueRef s = LLVMBuildStore(b->b, v, p);

    LLVMSetAlignment(s, align);
    LLVMSetMetadata(s, b->kind_tbaa, b->areas[area]);
}

LLVMValueRef
intrinsic(struct build *b, const char *name, LLVMTypeRef overload,
          LLVMValueRef *args, unsigned n)
{
    unsigned id = LLVMLookupIntrinsicID(name, strlen(name));
    LLVMValueRef fn =
        LLVMGetIntrinsicDeclaration(b->mod, id, &overload, overload ? 1 : 0);

    return LLVMBuildCall2(b->b, LLVMGlobalGetValueType(fn), fn, args, n, "");
}

LLVMBasicBlockRef
new_block(struct build *b, const char *name)
{
    return LLVMAppendBasicBlockInContext(b->c, b->fn, name);
}

void
start(struct build *b, LLVMBasicBlockRef block)
{
    LLVMPositionBuilderAtEnd(b->b, block);
    b->open = true;
}

LLVMValueRef
call_table(struct build *b, LLVMValueRef in, size_t at, LLVMTypeRef result,
           LLVMValueRef *args, unsigned n)
{
    LLVMTypeRef params[8], type;
    LLVMValueRef table, fn;

    for (unsigned i = 0; i < n; i++)
        params[i] = LLVMTypeOf(args[i]);
    type = LLVMFunctionType(result, params, n, false);
    table = fixed(b, in, offsetof(struct engine_instance, native));
    fn = fixed(b, table, at);
    return LLVMBuildCall2(b->b, type, fn, args, n, "");
}

LLVMValueRef
engine_store(struct build *b)
{
    return fixed(b, b->in, offsetof(struct engine_instance, store));
}

LLVMValueRef
pick(struct build *b, LLVMValueRef c, LLVMValueRef x, LLVMValueRef y)
{
    return LLVMBuildSelect(b->b, c, x, y, "");
}

/* ---- slots ---- */

enum type
type_of(uint32_t vt)
{
    switch (vt) {
    case VT_I32:
        return I32;
    case VT_F32:
        return F32;
    case VT_F64:
        return F64;
    case VT_V128:
        return V128;
    default:
        return I64;
    }
}

LLVMValueRef
bits(struct build *b, LLVMValueRef v, LLVMTypeRef to)
{
    return LLVMBuildBitCast(b->b, v, to, "");
}

LLVMValueRef
slot_at(struct build *b, LLVMValueRef fp, uint32_t slot)
{
    return offset(b, fp, (uint64_t)slot * 8);
}

LLVMValueRef
spilled(struct build *b, LLVMValueRef fp, uint32_t slot, enum type t)
{
    return load(b, b->ty[t], slot_at(b, fp, slot), AREA_FRAME, 8);
}

/* Slots are written whole. */
void
spill(struct build *b, LLVMValueRef fp, uint32_t slot, enum type t,
      LLVMValueRef v)
{
    if (t == F32)
        v = bits(b, v, b->i32);
    if (t == F32 || t == I32)
        v = LLVMBuildZExt(b->b, v, b->i64, "");
    store(b, v, slot_at(b, fp, slot), AREA_FRAME, 8);
}

/* Where the function begins. */
static LLVMValueRef
from_frame(struct build *b, uint32_t slot, enum type t)
{
    LLVMBuilderRef now = b->b;
    LLVMValueRef v;

    b->b = b->early;
    v = spilled(b, b->fp, slot, t);
    b->b = now;
    return v;
}

static LLVMValueRef
var(struct build *b, uint32_t slot, enum type t)
{
    LLVMValueRef *v = &b->vars[slot * TYPES + t];

    if (!*v) {
        *v = LLVMBuildAlloca(b->early, b->ty[t], "");
        if (b->f->osr)
            LLVMBuildStore(b->early, from_frame(b, slot, t), *v);
    }
    return *v;
}

LLVMValueRef
get(struct build *b, uint32_t slot, enum type t)
{
    if (b->framed)
        return spilled(b, b->fp, slot, t);
    return LLVMBuildLoad2(b->b, b->ty[t], var(b, slot, t), "");
}

void
put(struct build *b, uint32_t slot, enum type t, LLVMValueRef v)
{
    if (b->framed)
        spill(b, b->fp, slot, t, v);
    else
        LLVMBuildStore(b->b, v, var(b, slot, t));
}

/* The only type that either can have; TYPES: not known. */
static unsigned
known_type(const struct build *b, uint32_t to, uint32_t from)
{
    return b->local_types[to] != TYPES ? b->local_types[to]
                                       : b->local_types[from];
}

void
move_slots(struct build *b, uint32_t to, uint32_t from, uint32_t n)
{
    LLVMValueRef *v;

    v = calloc((size_t)n * TYPES, sizeof *v);
    if (!v) {
        b->failed = true;
        return;
    }
    for (uint32_t i = 0; i < n; i++) {
        unsigned only = known_type(b, to + i, from + i);

        for (unsigned t = 0; t < TYPES; t++)
            if (b->framed ? t == I64
                          : (only == TYPES || only == t) &&
                                (t != V128 || i + 1 < n))
                v[i * TYPES + t] = get(b, from + i, (enum type)t);
    }
    for (uint32_t i = 0; i < n * TYPES; i++)
        if (v[i])
            put(b, to + i / TYPES, (enum type)(i % TYPES), v[i]);
    free(v);
}

void
put_const(struct build *b, uint32_t slot, uint64_t v, bool wide)
{
    unsigned only = b->local_types[slot];

    if (b->framed) {
        put(b, slot, I64, const_i64(b, v));
        return;
    }
    if (only == I64 || only == TYPES)
        put(b, slot, I64, const_i64(b, v));
    if (only == F64 || only == TYPES)
        put(b, slot, F64, LLVMConstBitCast(const_i64(b, v), b->f64));
    if (wide)
        return;
    if (only == I32 || only == TYPES)
        put(b, slot, I32, const_i32(b, (uint32_t)v));
    if (only == F32 || only == TYPES)
        put(b, slot, F32, LLVMConstBitCast(const_i32(b, (uint32_t)v), b->f32));
}

/* ---- places ---- */

uint32_t
site(struct build *b, uint32_t insn, uint32_t a)
{
    struct insn *s = b->sites + b->nsites;

    if (b->nsites && s[-1].code == insn && s[-1].a == a &&
        s[-1].uimm == b->f->func)
        return b->nsites - 1;
    if (b->nsites == b->sites_cap &&
        !grow(&b->sites, &b->sites_cap, sizeof *b->sites)) {
        b->failed = true;
        return 0;
    }
    s = &b->sites[b->nsites];
    memset(s, 0, sizeof *s);
    s->code = insn;
    s->a = (uint16_t)a;
    s->uimm = b->f->func;
    return b->nsites++;
}

LLVMValueRef
site_at(struct build *b, uint32_t s)
{
    return offset(b, b->sites_at, (uint64_t)s * sizeof(struct insn));
}

static void
to_trap(struct build *b, uint32_t insn, LLVMValueRef st)
{
    LLVMBuildStore(b->b, const_i32(b, site(b, insn, 0)), b->trap_site);
    LLVMBuildStore(b->b, st, b->trap_status);
    LLVMBuildBr(b->b, b->trap);
}

void
trap_if(struct build *b, uint32_t insn, LLVMValueRef c, enum engine_status st)
{
    LLVMBasicBlockRef bad = new_block(b, "bad"), on = new_block(b, "on");

    LLVMBuildCondBr(b->b, c, bad, on);
    start(b, bad);
    to_trap(b, insn, const_i32(b, st));
    start(b, on);
}

void
trap_status(struct build *b, uint32_t insn, LLVMValueRef st)
{
    LLVMBasicBlockRef bad = new_block(b, "bad"), on = new_block(b, "on");
    LLVMValueRef c =
        LLVMBuildICmp(b->b, LLVMIntNE, st, const_i32(b, ENGINE_OK), "");

    LLVMBuildCondBr(b->b, c, bad, on);
    start(b, bad);
    to_trap(b, insn, st);
    start(b, on);
}

void
trap_now(struct build *b, uint32_t insn, enum engine_status st)
{
    to_trap(b, insn, const_i32(b, st));
    b->open = false;
}
