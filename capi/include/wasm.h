/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The standard C interface to a WebAssembly engine, as Pith provides it
 * (libpith-wasm). Names, types and binary interface are those that the
 * WebAssembly community agreed on, so that a program written for another
 * engine's wasm.h compiles and links unchanged.
 *
 *   engine --- store --- module ---instantiate with externs---> instance
 *                  \                                               |
 *                   \--- func, global, table, memory, tag <--- exports
 *
 * Ownership. `own` marks it; it is only a comment to the compiler.
 *  - An own pointer must be given back with the type's _delete, or given away
 *    to an own parameter. Own vectors own their elements too. An `own` result
 *    parameter named out (or results) is the caller's after the call.
 *  - What is not own is borrowed: valid while its owner is.
 *  - Deleting a reference ends that owner's use. The object itself lives while
 *    the store can reach it; functions, globals, tables, memories, tags and
 *    instances live as long as their store.
 *  - _delete takes NULL. Constructors return NULL when out of memory or when
 *    their arguments make no sense (an initial value of the wrong type, say).
 *  - Finalizers of host information run at the latest in wasm_store_delete.
 *    References that are still owned then may only be deleted.
 *
 * Threads. A store and all that belongs to it is used by one thread at a time.
 * Engines, and modules passed on by wasm_module_share and wasm_module_obtain,
 * may be used by any number of threads.
 *
 * Modules are hostile until proven otherwise: whatever their bytes, loading,
 * linking and running them ends in a result, NULL or a trap.
 *
 * Values that the interface cannot express: v128 (kind WASM_V128) cannot be
 * passed; references outside func and extern (structs, i31, exceptions) are
 * opaque externrefs that may be kept, compared and passed back.
 */
#ifndef WASM_H
#define WASM_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifndef WASM_API_EXTERN
#define WASM_API_EXTERN
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define own

typedef char byte_t;
typedef float float32_t;
typedef double float64_t;

/* ---- families of declarations ---------------------------------------------
 */

/* An abstract type with owners. */
#define WASM_DECLARE_OWN(name)                                                 \
    typedef struct wasm_##name##_t wasm_##name##_t;                            \
    WASM_API_EXTERN void wasm_##name##_delete(own wasm_##name##_t *);

/*
 * Vectors: a length and an array. _new takes over the elements, not the array;
 * _new_uninitialized leaves them to the caller (here they are zero). If there
 * is no memory the vector is empty.
 */
#define WASM_DECLARE_VEC(name, star)                                           \
    typedef struct wasm_##name##_vec_t {                                       \
        size_t size;                                                           \
        wasm_##name##_t star *data;                                            \
    } wasm_##name##_vec_t;                                                     \
    WASM_API_EXTERN void wasm_##name##_vec_new_empty(                          \
        own wasm_##name##_vec_t *out);                                         \
    WASM_API_EXTERN void wasm_##name##_vec_new_uninitialized(                  \
        own wasm_##name##_vec_t *out, size_t);                                 \
    WASM_API_EXTERN void wasm_##name##_vec_new(                                \
        own wasm_##name##_vec_t *out, size_t,                                  \
        own wasm_##name##_t star const[]);                                     \
    WASM_API_EXTERN void wasm_##name##_vec_copy(own wasm_##name##_vec_t *out,  \
                                                const wasm_##name##_vec_t *);  \
    WASM_API_EXTERN void wasm_##name##_vec_delete(own wasm_##name##_vec_t *);

/* Types: plain data of no store. _copy is deep. */
#define WASM_DECLARE_TYPE(name)                                                \
    WASM_DECLARE_OWN(name)                                                     \
    WASM_DECLARE_VEC(name, *)                                                  \
    WASM_API_EXTERN own wasm_##name##_t *wasm_##name##_copy(                   \
        const wasm_##name##_t *);

/*
 * References to objects of a store. _copy makes another owner of the same
 * object; _same: one object? Host information is one pointer per object, found
 * through every reference to it; its finalizer is called once, when other
 * information replaces it or the object ends.
 */
#define WASM_DECLARE_REF_BASE(name)                                            \
    WASM_DECLARE_OWN(name)                                                     \
    WASM_API_EXTERN own wasm_##name##_t *wasm_##name##_copy(                   \
        const wasm_##name##_t *);                                              \
    WASM_API_EXTERN bool wasm_##name##_same(const wasm_##name##_t *,           \
                                            const wasm_##name##_t *);          \
    WASM_API_EXTERN void *wasm_##name##_get_host_info(                         \
        const wasm_##name##_t *);                                              \
    WASM_API_EXTERN void wasm_##name##_set_host_info(wasm_##name##_t *,        \
                                                     void *);                  \
    WASM_API_EXTERN void wasm_##name##_set_host_info_with_finalizer(           \
        wasm_##name##_t *, void *, void (*)(void *));

/* Views of the same reference; NULL when it is of another kind. */
#define WASM_DECLARE_REF(name)                                                 \
    WASM_DECLARE_REF_BASE(name)                                                \
    WASM_API_EXTERN wasm_ref_t *wasm_##name##_as_ref(wasm_##name##_t *);       \
    WASM_API_EXTERN wasm_##name##_t *wasm_ref_as_##name(wasm_ref_t *);         \
    WASM_API_EXTERN const wasm_ref_t *wasm_##name##_as_ref_const(              \
        const wasm_##name##_t *);                                              \
    WASM_API_EXTERN const wasm_##name##_t *wasm_ref_as_##name##_const(         \
        const wasm_ref_t *);

/* The way from one store, and thread, to another. */
#define WASM_DECLARE_SHARABLE_REF(name)                                        \
    WASM_DECLARE_REF(name)                                                     \
    WASM_DECLARE_OWN(shared_##name)                                            \
    WASM_API_EXTERN own wasm_shared_##name##_t *wasm_##name##_share(           \
        const wasm_##name##_t *);                                              \
    WASM_API_EXTERN own wasm_##name##_t *wasm_##name##_obtain(                 \
        wasm_store_t *, const wasm_shared_##name##_t *);

/* ---- bytes and names ------------------------------------------------------
 */

typedef byte_t wasm_byte_t;
WASM_DECLARE_VEC(byte, )

typedef wasm_byte_vec_t wasm_name_t; /* UTF-8 */
#define wasm_name wasm_byte_vec
#define wasm_name_new wasm_byte_vec_new
#define wasm_name_new_empty wasm_byte_vec_new_empty
#define wasm_name_new_uninitialized wasm_byte_vec_new_uninitialized
#define wasm_name_new_new_uninitialized wasm_byte_vec_new_uninitialized
#define wasm_name_copy wasm_byte_vec_copy
#define wasm_name_delete wasm_byte_vec_delete

/* Without and with the final NUL. */
static inline void
wasm_name_new_from_string(own wasm_name_t *out, const char *s)
{
    wasm_name_new(out, strlen(s), s);
}

static inline void
wasm_name_new_from_string_nt(own wasm_name_t *out, const char *s)
{
    wasm_name_new(out, strlen(s) + 1, s);
}

/* ---- configuration, engine, store -----------------------------------------
 */

WASM_DECLARE_OWN(config) /* wasm_pith.h has what can be set */
WASM_API_EXTERN own wasm_config_t *wasm_config_new(void);

WASM_DECLARE_OWN(engine)
WASM_API_EXTERN own wasm_engine_t *wasm_engine_new(void);
WASM_API_EXTERN own wasm_engine_t *
wasm_engine_new_with_config(own wasm_config_t *);

WASM_DECLARE_OWN(store)
WASM_API_EXTERN own wasm_store_t *wasm_store_new(wasm_engine_t *);

/* ---- types ----------------------------------------------------------------
 */

typedef uint8_t wasm_mutability_t;
enum wasm_mutability_enum { WASM_CONST, WASM_VAR };

typedef struct wasm_limits_t {
    uint32_t min;
    uint32_t max; /* wasm_limits_max_default: none */
} wasm_limits_t;
static const uint32_t wasm_limits_max_default = UINT32_MAX;

WASM_DECLARE_TYPE(valtype)
typedef uint8_t wasm_valkind_t;
enum wasm_valkind_enum {
    WASM_I32,
    WASM_I64,
    WASM_F32,
    WASM_F64,
    WASM_V128, /* not in the standard: types may hold it, values cannot */
    WASM_EXTERNREF = 128,
    WASM_FUNCREF
};
WASM_API_EXTERN own wasm_valtype_t *wasm_valtype_new(wasm_valkind_t);
WASM_API_EXTERN wasm_valkind_t wasm_valtype_kind(const wasm_valtype_t *);

static inline bool
wasm_valkind_is_num(wasm_valkind_t k)
{
    return k < WASM_EXTERNREF;
}

static inline bool
wasm_valkind_is_ref(wasm_valkind_t k)
{
    return k >= WASM_EXTERNREF;
}

static inline bool
wasm_valtype_is_num(const wasm_valtype_t *t)
{
    return wasm_valkind_is_num(wasm_valtype_kind(t));
}

static inline bool
wasm_valtype_is_ref(const wasm_valtype_t *t)
{
    return wasm_valkind_is_ref(wasm_valtype_kind(t));
}

WASM_DECLARE_TYPE(functype) /* both vectors are emptied */
WASM_API_EXTERN own wasm_functype_t *
wasm_functype_new(own wasm_valtype_vec_t *params,
                  own wasm_valtype_vec_t *results);
WASM_API_EXTERN const wasm_valtype_vec_t *
wasm_functype_params(const wasm_functype_t *);
WASM_API_EXTERN const wasm_valtype_vec_t *
wasm_functype_results(const wasm_functype_t *);

WASM_DECLARE_TYPE(globaltype)
WASM_API_EXTERN own wasm_globaltype_t *wasm_globaltype_new(own wasm_valtype_t *,
                                                           wasm_mutability_t);
WASM_API_EXTERN const wasm_valtype_t *
wasm_globaltype_content(const wasm_globaltype_t *);
WASM_API_EXTERN wasm_mutability_t
wasm_globaltype_mutability(const wasm_globaltype_t *);

WASM_DECLARE_TYPE(tabletype)
WASM_API_EXTERN own wasm_tabletype_t *wasm_tabletype_new(own wasm_valtype_t *,
                                                         const wasm_limits_t *);
WASM_API_EXTERN const wasm_valtype_t *
wasm_tabletype_element(const wasm_tabletype_t *);
WASM_API_EXTERN const wasm_limits_t *
wasm_tabletype_limits(const wasm_tabletype_t *);

WASM_DECLARE_TYPE(memorytype) /* limits in pages of 64 KiB */
WASM_API_EXTERN own wasm_memorytype_t *
wasm_memorytype_new(const wasm_limits_t *);
WASM_API_EXTERN const wasm_limits_t *
wasm_memorytype_limits(const wasm_memorytype_t *);

WASM_DECLARE_TYPE(tagtype) /* of exceptions: a function type, no results */
WASM_API_EXTERN own wasm_tagtype_t *wasm_tagtype_new(own wasm_functype_t *);
WASM_API_EXTERN const wasm_functype_t *
wasm_tagtype_functype(const wasm_tagtype_t *);

WASM_DECLARE_TYPE(externtype) /* any of the five above */
typedef uint8_t wasm_externkind_t;
enum wasm_externkind_enum {
    WASM_EXTERN_FUNC,
    WASM_EXTERN_GLOBAL,
    WASM_EXTERN_TABLE,
    WASM_EXTERN_MEMORY,
    WASM_EXTERN_TAG
};
WASM_API_EXTERN wasm_externkind_t
wasm_externtype_kind(const wasm_externtype_t *);

/* Views of the same type; NULL when it is of another kind. */
#define WASM_DECLARE_EXTERNTYPE(name)                                          \
    WASM_API_EXTERN wasm_externtype_t *wasm_##name##_as_externtype(            \
        wasm_##name##_t *);                                                    \
    WASM_API_EXTERN wasm_##name##_t *wasm_externtype_as_##name(                \
        wasm_externtype_t *);                                                  \
    WASM_API_EXTERN const wasm_externtype_t                                    \
        *wasm_##name##_as_externtype_const(const wasm_##name##_t *);           \
    WASM_API_EXTERN const wasm_##name##_t *wasm_externtype_as_##name##_const(  \
        const wasm_externtype_t *);
WASM_DECLARE_EXTERNTYPE(functype)
WASM_DECLARE_EXTERNTYPE(globaltype)
WASM_DECLARE_EXTERNTYPE(tabletype)
WASM_DECLARE_EXTERNTYPE(memorytype)
WASM_DECLARE_EXTERNTYPE(tagtype)

WASM_DECLARE_TYPE(importtype) /* both names are emptied */
WASM_API_EXTERN own wasm_importtype_t *
wasm_importtype_new(own wasm_name_t *module, own wasm_name_t *name,
                    own wasm_externtype_t *);
WASM_API_EXTERN const wasm_name_t *
wasm_importtype_module(const wasm_importtype_t *);
WASM_API_EXTERN const wasm_name_t *
wasm_importtype_name(const wasm_importtype_t *);
WASM_API_EXTERN const wasm_externtype_t *
wasm_importtype_type(const wasm_importtype_t *);

WASM_DECLARE_TYPE(exporttype) /* the name is emptied */
WASM_API_EXTERN own wasm_exporttype_t *
wasm_exporttype_new(own wasm_name_t *, own wasm_externtype_t *);
WASM_API_EXTERN const wasm_name_t *
wasm_exporttype_name(const wasm_exporttype_t *);
WASM_API_EXTERN const wasm_externtype_t *
wasm_exporttype_type(const wasm_exporttype_t *);

/* ---- values and references ------------------------------------------------
 */

struct wasm_ref_t;

typedef struct wasm_val_t {
    wasm_valkind_t kind;
    union {
        int32_t i32;
        int64_t i64;
        float32_t f32;
        float64_t f64;
        struct wasm_ref_t *ref; /* NULL is null */
    } of;
} wasm_val_t;
WASM_API_EXTERN void wasm_val_delete(own wasm_val_t *v); /* its reference */
WASM_API_EXTERN void wasm_val_copy(own wasm_val_t *out, const wasm_val_t *);
WASM_DECLARE_VEC(val, )

WASM_DECLARE_REF_BASE(ref)

/* ---- traps ----------------------------------------------------------------
 */

WASM_DECLARE_OWN(frame) /* of the call stack when it happened */
WASM_DECLARE_VEC(frame, *)
WASM_API_EXTERN own wasm_frame_t *wasm_frame_copy(const wasm_frame_t *);
WASM_API_EXTERN struct wasm_instance_t *
wasm_frame_instance(const wasm_frame_t *); /* borrowed from the frame */
WASM_API_EXTERN uint32_t wasm_frame_func_index(const wasm_frame_t *);
/* Bytes from the start of the function's body, and of the module, to the
 * instruction. */
WASM_API_EXTERN size_t wasm_frame_func_offset(const wasm_frame_t *);
WASM_API_EXTERN size_t wasm_frame_module_offset(const wasm_frame_t *);

typedef wasm_name_t wasm_message_t; /* with a final NUL */
WASM_DECLARE_REF(trap)
WASM_API_EXTERN own wasm_trap_t *wasm_trap_new(wasm_store_t *store,
                                               const wasm_message_t *);
WASM_API_EXTERN void wasm_trap_message(const wasm_trap_t *,
                                       own wasm_message_t *out);
/* The innermost frame, or NULL when no wasm code was running; all of them,
 * innermost first. */
WASM_API_EXTERN own wasm_frame_t *wasm_trap_origin(const wasm_trap_t *);
WASM_API_EXTERN void wasm_trap_trace(const wasm_trap_t *,
                                     own wasm_frame_vec_t *out);

/* ---- objects --------------------------------------------------------------
 */

WASM_DECLARE_REF(foreign) /* the host's own, to be passed as externref */
WASM_API_EXTERN own wasm_foreign_t *wasm_foreign_new(wasm_store_t *);

WASM_DECLARE_SHARABLE_REF(module) /* the bytes are copied; NULL: not valid */
WASM_API_EXTERN own wasm_module_t *
wasm_module_new(wasm_store_t *, const wasm_byte_vec_t *binary);
WASM_API_EXTERN bool wasm_module_validate(wasm_store_t *,
                                          const wasm_byte_vec_t *binary);
WASM_API_EXTERN void wasm_module_imports(const wasm_module_t *,
                                         own wasm_importtype_vec_t *out);
WASM_API_EXTERN void wasm_module_exports(const wasm_module_t *,
                                         own wasm_exporttype_vec_t *out);
/* deserialize checks everything again: its input may come from anywhere. */
WASM_API_EXTERN void wasm_module_serialize(const wasm_module_t *,
                                           own wasm_byte_vec_t *out);
WASM_API_EXTERN own wasm_module_t *
wasm_module_deserialize(wasm_store_t *, const wasm_byte_vec_t *);

/*
 * A callback's arguments are borrowed; results have their kinds set and are
 * zero. It may return a trap, which then unwinds the wasm code that called, and
 * results are not looked at; it may call wasm functions in turn. finalizer(env)
 * is called when the store ends.
 */
WASM_DECLARE_REF(func)
typedef own wasm_trap_t *(*wasm_func_callback_t)(const wasm_val_vec_t *args,
                                                 own wasm_val_vec_t *results);
typedef own wasm_trap_t *(*wasm_func_callback_with_env_t)(
    void *env, const wasm_val_vec_t *args, wasm_val_vec_t *results);
WASM_API_EXTERN own wasm_func_t *
wasm_func_new(wasm_store_t *, const wasm_functype_t *, wasm_func_callback_t);
WASM_API_EXTERN own wasm_func_t *
wasm_func_new_with_env(wasm_store_t *, const wasm_functype_t *type,
                       wasm_func_callback_with_env_t, void *env,
                       void (*finalizer)(void *));
WASM_API_EXTERN own wasm_functype_t *wasm_func_type(const wasm_func_t *);
WASM_API_EXTERN size_t wasm_func_param_arity(const wasm_func_t *);
WASM_API_EXTERN size_t wasm_func_result_arity(const wasm_func_t *);
/* NULL: results are set, as many as there is room for, and are the caller's.
 * Otherwise they are untouched. Arguments that do not fit the type are a trap.
 */
WASM_API_EXTERN own wasm_trap_t *wasm_func_call(const wasm_func_t *,
                                                const wasm_val_vec_t *args,
                                                wasm_val_vec_t *results);

WASM_DECLARE_REF(global)
WASM_API_EXTERN own wasm_global_t *
wasm_global_new(wasm_store_t *, const wasm_globaltype_t *, const wasm_val_t *);
WASM_API_EXTERN own wasm_globaltype_t *wasm_global_type(const wasm_global_t *);
WASM_API_EXTERN void wasm_global_get(const wasm_global_t *,
                                     own wasm_val_t *out);
/* Does nothing when the global is constant or the value of another type. */
WASM_API_EXTERN void wasm_global_set(wasm_global_t *, const wasm_val_t *);

WASM_DECLARE_REF(table)
typedef uint32_t wasm_table_size_t;
WASM_API_EXTERN own wasm_table_t *
wasm_table_new(wasm_store_t *, const wasm_tabletype_t *, wasm_ref_t *init);
WASM_API_EXTERN own wasm_tabletype_t *wasm_table_type(const wasm_table_t *);
WASM_API_EXTERN own wasm_ref_t *wasm_table_get(const wasm_table_t *,
                                               wasm_table_size_t index);
WASM_API_EXTERN bool wasm_table_set(wasm_table_t *, wasm_table_size_t index,
                                    wasm_ref_t *);
WASM_API_EXTERN wasm_table_size_t wasm_table_size(const wasm_table_t *);
WASM_API_EXTERN bool wasm_table_grow(wasm_table_t *, wasm_table_size_t delta,
                                     wasm_ref_t *init);

WASM_DECLARE_REF(memory)
typedef uint32_t wasm_memory_pages_t;
static const size_t MEMORY_PAGE_SIZE = 0x10000;
WASM_API_EXTERN own wasm_memory_t *wasm_memory_new(wasm_store_t *,
                                                   const wasm_memorytype_t *);
WASM_API_EXTERN own wasm_memorytype_t *wasm_memory_type(const wasm_memory_t *);
/* Valid until the memory grows. */
WASM_API_EXTERN byte_t *wasm_memory_data(wasm_memory_t *);
WASM_API_EXTERN size_t wasm_memory_data_size(const wasm_memory_t *);
WASM_API_EXTERN wasm_memory_pages_t wasm_memory_size(const wasm_memory_t *);
WASM_API_EXTERN bool wasm_memory_grow(wasm_memory_t *,
                                      wasm_memory_pages_t delta);

WASM_DECLARE_REF(tag)
WASM_API_EXTERN own wasm_tag_t *wasm_tag_new(wasm_store_t *,
                                             const wasm_tagtype_t *);
WASM_API_EXTERN own wasm_tagtype_t *wasm_tag_type(const wasm_tag_t *);

WASM_DECLARE_REF(extern) /* any of the five above */
WASM_DECLARE_VEC(extern, *)
WASM_API_EXTERN wasm_externkind_t wasm_extern_kind(const wasm_extern_t *);
WASM_API_EXTERN own wasm_externtype_t *wasm_extern_type(const wasm_extern_t *);

#define WASM_DECLARE_EXTERN(name)                                              \
    WASM_API_EXTERN wasm_extern_t *wasm_##name##_as_extern(wasm_##name##_t *); \
    WASM_API_EXTERN wasm_##name##_t *wasm_extern_as_##name(wasm_extern_t *);   \
    WASM_API_EXTERN const wasm_extern_t *wasm_##name##_as_extern_const(        \
        const wasm_##name##_t *);                                              \
    WASM_API_EXTERN const wasm_##name##_t *wasm_extern_as_##name##_const(      \
        const wasm_extern_t *);
WASM_DECLARE_EXTERN(func)
WASM_DECLARE_EXTERN(global)
WASM_DECLARE_EXTERN(table)
WASM_DECLARE_EXTERN(memory)
WASM_DECLARE_EXTERN(tag)

/*
 * imports in the order of wasm_module_imports. NULL: linking failed or the
 * start function trapped, and *trap, if asked for, says why.
 */
WASM_DECLARE_REF(instance)
WASM_API_EXTERN own wasm_instance_t *
wasm_instance_new(wasm_store_t *, const wasm_module_t *,
                  const wasm_extern_vec_t *imports, own wasm_trap_t **trap);
/* In the order of wasm_module_exports. */
WASM_API_EXTERN void wasm_instance_exports(const wasm_instance_t *,
                                           own wasm_extern_vec_t *out);

/* ---- short forms ----------------------------------------------------------
 */

#define WASM_EMPTY_VEC {0, NULL}
#define WASM_ARRAY_VEC(array) {sizeof(array) / sizeof *(array), array}

#define WASM_I32_VAL(i)                                                        \
    {                                                                          \
        .kind = WASM_I32, .of = {.i32 = i }                                    \
    }
#define WASM_I64_VAL(i)                                                        \
    {                                                                          \
        .kind = WASM_I64, .of = {.i64 = i }                                    \
    }
#define WASM_F32_VAL(z)                                                        \
    {                                                                          \
        .kind = WASM_F32, .of = {.f32 = z }                                    \
    }
#define WASM_F64_VAL(z)                                                        \
    {                                                                          \
        .kind = WASM_F64, .of = {.f64 = z }                                    \
    }
#define WASM_REF_VAL(r)                                                        \
    {                                                                          \
        .kind = WASM_EXTERNREF, .of = {.ref = r }                              \
    }
#define WASM_INIT_VAL                                                          \
    {                                                                          \
        .kind = WASM_EXTERNREF, .of = {.ref = NULL }                           \
    }

#define WASM_VALTYPE_SHORT(name, KIND)                                         \
    static inline own wasm_valtype_t *wasm_valtype_new_##name(void)            \
    {                                                                          \
        return wasm_valtype_new(KIND);                                         \
    }
WASM_VALTYPE_SHORT(i32, WASM_I32)
WASM_VALTYPE_SHORT(i64, WASM_I64)
WASM_VALTYPE_SHORT(f32, WASM_F32)
WASM_VALTYPE_SHORT(f64, WASM_F64)
WASM_VALTYPE_SHORT(externref, WASM_EXTERNREF)
WASM_VALTYPE_SHORT(funcref, WASM_FUNCREF)
#undef WASM_VALTYPE_SHORT

/* wasm_functype_new_P_R: P own parameter types, then R own result types. */
static inline own wasm_functype_t *
wasm_functype_from_arrays_(size_t p, own wasm_valtype_t *const ps[], size_t r,
                           own wasm_valtype_t *const rs[])
{
    wasm_valtype_vec_t params, results;

    wasm_valtype_vec_new(&params, p, ps);
    wasm_valtype_vec_new(&results, r, rs);
    return wasm_functype_new(&params, &results);
}
#define WASM_FUNCTYPE_SHORT(p, r, args, params, results)                       \
    static inline own wasm_functype_t *wasm_functype_new_##p##_##r args        \
    {                                                                          \
        wasm_valtype_t *const ps[] = {params NULL};                            \
        wasm_valtype_t *const rs[] = {results NULL};                           \
        return wasm_functype_from_arrays_(p, ps, r, rs);                       \
    }
#define WASM_T_ own wasm_valtype_t *
#define WASM_1_(a) a,
#define WASM_2_(a, b) a, b,
#define WASM_3_(a, b, c) a, b, c,
WASM_FUNCTYPE_SHORT(0, 0, (void), , )
WASM_FUNCTYPE_SHORT(1, 0, (WASM_T_ p1), WASM_1_(p1), )
WASM_FUNCTYPE_SHORT(2, 0, (WASM_T_ p1, WASM_T_ p2), WASM_2_(p1, p2), )
WASM_FUNCTYPE_SHORT(3, 0, (WASM_T_ p1, WASM_T_ p2, WASM_T_ p3),
                    WASM_3_(p1, p2, p3), )
WASM_FUNCTYPE_SHORT(0, 1, (WASM_T_ r1), , WASM_1_(r1))
WASM_FUNCTYPE_SHORT(1, 1, (WASM_T_ p1, WASM_T_ r1), WASM_1_(p1), WASM_1_(r1))
WASM_FUNCTYPE_SHORT(2, 1, (WASM_T_ p1, WASM_T_ p2, WASM_T_ r1), WASM_2_(p1, p2),
                    WASM_1_(r1))
WASM_FUNCTYPE_SHORT(3, 1, (WASM_T_ p1, WASM_T_ p2, WASM_T_ p3, WASM_T_ r1),
                    WASM_3_(p1, p2, p3), WASM_1_(r1))
WASM_FUNCTYPE_SHORT(0, 2, (WASM_T_ r1, WASM_T_ r2), , WASM_2_(r1, r2))
WASM_FUNCTYPE_SHORT(1, 2, (WASM_T_ p1, WASM_T_ r1, WASM_T_ r2), WASM_1_(p1),
                    WASM_2_(r1, r2))
WASM_FUNCTYPE_SHORT(2, 2, (WASM_T_ p1, WASM_T_ p2, WASM_T_ r1, WASM_T_ r2),
                    WASM_2_(p1, p2), WASM_2_(r1, r2))
WASM_FUNCTYPE_SHORT(3, 2,
                    (WASM_T_ p1, WASM_T_ p2, WASM_T_ p3, WASM_T_ r1,
                     WASM_T_ r2),
                    WASM_3_(p1, p2, p3), WASM_2_(r1, r2))
#undef WASM_FUNCTYPE_SHORT
#undef WASM_T_
#undef WASM_1_
#undef WASM_2_
#undef WASM_3_

/* A pointer of the host's in an integer value. */
static inline void
wasm_val_init_ptr(own wasm_val_t *out, void *p)
{
    if (sizeof p == sizeof(int32_t)) {
        out->kind = WASM_I32;
        out->of.i32 = (int32_t)(intptr_t)p;
    } else {
        out->kind = WASM_I64;
        out->of.i64 = (int64_t)(intptr_t)p;
    }
}

static inline void *
wasm_val_ptr(const wasm_val_t *v)
{
    return sizeof(void *) == sizeof(int32_t) ? (void *)(intptr_t)v->of.i32
                                             : (void *)(intptr_t)v->of.i64;
}

#undef own

#ifdef __cplusplus
}
#endif

#endif
