/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside libpith-wasm: wasm.h over engine.h.
 *
 * Every reference type of wasm.h is struct wasm_ref_t. An engine object has at
 * most one, found by the object's address (ref_intern), so that "same" is ==
 * and host information has one place. `owners` counts what wasm_*_copy and
 * results gave out.
 *
 *   owners > 0                     somebody will delete it
 *   held                           wasm code got it as an externref, and may
 *                                  have put it anywhere in the store; held.c
 *                                  finds out from time to time
 *   host information               must be found again with the object
 *   none of these                  freed; an engine object gets another
 *                                  wasm_ref_t when it is asked for again
 *
 * The store ends everything: finalizers run while it still works, then the
 * engine's store goes, then references; those with owners stay behind as
 * shells (store NULL) until they are deleted.
 *
 * Externrefs are the engine's host pointers: the address of a struct
 * wasm_ref_t. Structs, i31 and exceptions get one of kind REF_ANY or REF_EXN,
 * whose object is the engine's value; a table of the store keeps it reachable.
 */
#ifndef CAPI_H
#define CAPI_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "engine.h"

#define WASM_API_EXTERN __attribute__((visibility("default")))
#include "wasm.h"
#include "wasm_pith.h"

/* ---- engines and stores (store.c) ---- */

struct wasm_config_t {
    uint64_t memory, tables, fuel; /* 0: the engine's default */
};

struct wasm_engine_t {
    atomic_size_t refs; /* the owner and stores */
    struct wasm_config_t config;
};

struct host_func { /* a function made by wasm_func_new */
    struct host_func *next;
    struct wasm_store_t *store;
    const struct engine_functype *type;
    wasm_func_callback_t plain;
    wasm_func_callback_with_env_t with_env;
    void *env;
    void (*finalizer)(void *);
};

struct pins { /* values that the engine's collectors must not free */
    struct engine_table *table;
    uint32_t *free; /* unused indices */
    uint32_t nfree, cap;
};

struct wasm_store_t {
    struct engine_store *engine;
    wasm_engine_t *owner;
    pthread_t thread; /* that engine_thread_init last ran on for it */
    bool closing;
    struct wasm_ref_t *refs;     /* all */
    struct wasm_ref_t **buckets; /* interned ones, by object */
    size_t nbuckets, ninterned;
    struct host_func *funcs;
    struct pins any, exn;
    wasm_trap_t *trap;        /* on its way through wasm code; owned */
    size_t nheld, held_limit; /* references; when to look for the rest */
    bool collecting;
    atomic_bool interrupted;
};

/* Run wasm on this thread from now on. */
void store_enter(struct wasm_store_t *s);

/* ---- references (ref.c) ---- */

enum ref_kind {
    REF_FUNC,
    REF_GLOBAL,
    REF_TABLE,
    REF_MEMORY,
    REF_TAG, /* so far in the order of WASM_EXTERN_... */
    REF_INSTANCE,
    REF_MODULE,
    REF_TRAP,
    REF_FOREIGN,
    REF_ANY,
    REF_EXN,
    REF_CONT
};

struct wasm_ref_t {
    uint8_t kind; /* enum ref_kind */
    bool held;
    bool interned;
    uint32_t pin; /* REF_ANY, REF_EXN, REF_CONT */
    size_t owners;
    struct wasm_store_t *store; /* NULL: ended */
    struct wasm_ref_t *prev, *next;
    struct wasm_ref_t *chain; /* of its bucket */
    void *object;
    void *info;
    void (*finalizer)(void *);
};

struct trap_frame {
    struct wasm_ref_t *instance; /* one owner each */
    uint32_t func;
    size_t func_offset, module_offset;
};

struct trap {
    struct wasm_ref_t ref;
    wasm_message_t message;
    bool traced; /* frames are those of the place where it happened */
    uint32_t nframes;
    struct trap_frame *frames;
};

struct wasm_frame_t {
    struct trap_frame at;
};

/* A new reference of size bytes with one owner; NULL: out of memory. Without a
 * store it is one that has ended. */
void *ref_create(struct wasm_store_t *s, enum ref_kind kind, void *object,
                 size_t size);
/* The reference of an engine object, with one more owner; NULL for a NULL
 * object or when out of memory. */
struct wasm_ref_t *ref_intern(struct wasm_store_t *s, enum ref_kind kind,
                              void *object);
void ref_own(struct wasm_ref_t *r);   /* NULL is fine */
void ref_unown(struct wasm_ref_t *r); /* NULL is fine */
/* The end of a store: run finalizers; then let go of what nobody owns. */
void ref_finalize_all(struct wasm_store_t *s);
void ref_end_all(struct wasm_ref_t *list);

static inline struct wasm_ref_t *
ref_of(const void *p) /* of any reference type */
{
    return (struct wasm_ref_t *)(uintptr_t)p;
}

/* The engine object, or NULL when the store has ended. */
static inline void *
ref_object(const void *p)
{
    const struct wasm_ref_t *r = p;

    return r && r->store ? r->object : NULL;
}

/* Wasm code gets r. What it let go of before may end here, r not. (held.c) */
void ref_hold(struct wasm_ref_t *r);

/* What the engine calls it; its kind is one of the externs'. */
struct engine_extern ref_extern(const struct wasm_ref_t *r);
struct wasm_ref_t *ref_from_extern(struct wasm_store_t *s,
                                   const struct engine_extern *e);

/* ---- values (value.c) ---- */

#define TYPE_FUNCREF                                                           \
    (struct engine_valtype){.kind = ENGINE_REF, .nullable = true, .heap = -0x10}
#define TYPE_EXTERNREF                                                         \
    (struct engine_valtype){.kind = ENGINE_REF, .nullable = true, .heap = -0x11}

wasm_valkind_t kind_of_type(struct engine_valtype t);
/* False: not of type t, of another store, or t is v128. */
bool ref_to_engine(struct wasm_store_t *s, struct wasm_ref_t *ref,
                   struct engine_valtype t, void **out);
bool val_to_engine(struct wasm_store_t *s, const wasm_val_t *v,
                   struct engine_valtype t, union engine_value *out);
/* An owned value; false: out of memory (out is null then). */
bool ref_from_engine(struct wasm_store_t *s, void *ref, struct engine_valtype t,
                     struct wasm_ref_t **out);
bool val_from_engine(struct wasm_store_t *s, union engine_value v,
                     struct engine_valtype t, wasm_val_t *out);
/* The end of a REF_ANY or REF_EXN. */
void value_unpin(struct wasm_ref_t *r);

/* ---- types (type.c, externtype.c) ---- */

struct wasm_valtype_t {
    struct engine_valtype type; /* held */
};

struct wasm_externtype_t {
    wasm_externkind_t kind;
};

wasm_valtype_t *valtype_from_engine(struct engine_valtype t);
wasm_functype_t *functype_from_engine(const struct engine_functype *t);
wasm_externtype_t *externtype_from_port(const struct engine_port *p);
/* The engine's form of a function type; params is one allocation that the
 * caller frees. False: out of memory. */
bool functype_to_engine(const wasm_functype_t *t, struct engine_functype *out,
                        struct engine_valtype **params);
/* Limits and the rest, in one. */
struct engine_port port_of_table(const wasm_tabletype_t *t);
struct engine_port port_of_memory(const wasm_memorytype_t *t);

/* ---- traps (trap.c) ---- */

/* With the frames of the engine's last backtrace. */
wasm_trap_t *trap_from_engine(struct wasm_store_t *s, enum engine_status st,
                              const char *text);
wasm_trap_t *trap_from_text(struct wasm_store_t *s, const char *text);
/* A callback returned t: it unwinds the wasm code that runs. */
enum engine_status trap_throw(struct wasm_store_t *s, wasm_trap_t *t);
void trap_finish(struct trap *t);

#endif
