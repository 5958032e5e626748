/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine's face: load a module, link it, call it.
 *
 *   bytes --engine_module_load--> module   (immutable, shared, refcounted)
 *                                   |
 *   store (one per process)  --engine_instance_create--> instance
 *     value stack, fuel, poll hook, quota                 memories, tables, ...
 *                                   |
 *                              engine_call --> results | trap + backtrace
 *
 * Invariants
 *  - A module never changes after loading; any number of threads may share it.
 *  - A store and everything in it is used by one thread at a time; it may move
 *    between threads (a fiber may resume elsewhere) as long as uses are ordered.
 *  - Everything made in a store lives until engine_store_destroy: functions,
 *    tables and references may point across instances of one store freely.
 *  - A shared memory (threads proposal) is the exception to both: it may be
 *    imported into many stores, whose threads run in it at once, and it lives as
 *    long as one of them or a reference does. A program with threads is a store
 *    and an instance for each, with one such memory between them.
 *  - A module is hostile. Loading, linking and running are bounded by
 *    engine/limits.def and the store's quotas; failure is a code and a sentence
 *    in struct report, never a crash.
 *
 * Calls may nest: a host function may call back into the store.
 * Specification: WebAssembly 3.0 (sections cited in the implementation).
 */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report.h"

struct engine_module;
struct engine_store;
struct engine_instance;
struct engine_func;
struct engine_memory;
struct engine_table;
struct engine_global;
struct engine_tag;

/* How a call ended. 0 is success, the rest are reasons to unwind. */
enum engine_status {
    ENGINE_OK = 0,
    ENGINE_UNREACHABLE,
    ENGINE_DIVIDE_BY_ZERO,
    ENGINE_INTEGER_OVERFLOW,
    ENGINE_BAD_CONVERSION,      /* invalid conversion to integer */
    ENGINE_MEMORY_BOUNDS,
    ENGINE_TABLE_BOUNDS,
    ENGINE_INDIRECT_TYPE,       /* indirect call type mismatch */
    ENGINE_NULL_ELEMENT,        /* uninitialized element */
    ENGINE_NULL_REFERENCE,
    ENGINE_STACK_EXHAUSTED,
    ENGINE_UNALIGNED,           /* unaligned atomic */
    ENGINE_NOT_SHARED,          /* atomic wait on memory that is not shared */
    ENGINE_CAST_FAILURE,
    ENGINE_ARRAY_BOUNDS,
    ENGINE_EXCEPTION,           /* a wasm exception nobody caught */
    ENGINE_NO_MEMORY,           /* the store's quota or the host is out */
    ENGINE_OUT_OF_FUEL,
    ENGINE_EXIT,                /* a host function or poll asks to unwind all */
    ENGINE_UNLINKABLE,          /* instance_create only: import mismatch */
    ENGINE_UNHANDLED_TAG,       /* suspend or switch without a handler */
    ENGINE_CONT_CONSUMED,       /* a continuation used a second time */
    ENGINE_STATUS_COUNT
};

/* "integer divide by zero", ...; static, never NULL. */
const char *engine_status_text(enum engine_status s);

/* ---- types ---------------------------------------------------------- */

/*
 * A value type: the binary encoding's byte for numbers, vectors and abstract
 * heap types; a concrete reference carries its canonical type index.
 */
enum engine_vt {
    ENGINE_I32 = 0x7f,
    ENGINE_I64 = 0x7e,
    ENGINE_F32 = 0x7d,
    ENGINE_F64 = 0x7c,
    ENGINE_V128 = 0x7b,
    ENGINE_REF = 0x64, /* any reference: look at heap and nullable */
};

struct engine_valtype {
    uint8_t kind;     /* enum engine_vt */
    bool nullable;    /* references only */
    int32_t heap;     /* references: < 0 abstract, as the s33 encoding
                       * (-0x10 func, -0x11 extern, -0x17 exn, ...);
                       * >= 0 canonical index, comparable across modules */
};

struct engine_functype {
    uint32_t nparams, nresults;
    const struct engine_valtype *params, *results;
};

enum engine_kind {
    ENGINE_FUNC,
    ENGINE_TABLE,
    ENGINE_MEMORY,
    ENGINE_GLOBAL,
    ENGINE_TAG
};

/* One value. References: NULL is null. An externref is the host's pointer. */
union engine_value {
    uint32_t i32;
    uint64_t i64;
    uint32_t f32; /* bits */
    uint64_t f64; /* bits */
    uint64_t v128[2];
    void *ref;
};

struct engine_extern {
    enum engine_kind kind;
    union {
        struct engine_func *func;
        struct engine_table *table;
        struct engine_memory *memory;
        struct engine_global *global;
        struct engine_tag *tag;
    };
};

/* ---- options of the process ------------------------------------------ */

enum engine_tier {
    ENGINE_TIER_INTERP, /* interpreter only */
    ENGINE_TIER_JIT,    /* baseline machine code from the first call */
    ENGINE_TIER_LLVM    /* interpreted until there is some work to do, then the
                         * same, and optimised code for what stays hot */
};
struct engine_options {
    enum engine_tier tier; /* the highest to use, where the build has it */
    bool eager;            /* compile every function when its module loads, by
                            * the highest tier (tests; pith compile) */
    bool canonical_nan;    /* arithmetic yields canonical NaNs only */
    const char *cache;     /* directory for compiled code; NULL: none */
    uint32_t poll_interval; /* of stores that do not say (tests); 0: 20,000 */
};
/* Before the first module is loaded; o stays the caller's. Not called: up to the
 * baseline compiler, lazily, no cache. */
void engine_configure(const struct engine_options *o);
/* A command line's word for one of them: --tier=interp|jit|llvm, --eager,
 * --canonical-nan, --no-cache, --cache=DIRECTORY, --poll-interval=N. False: it
 * is none; else configured. */
bool engine_option(const char *word);
/* The options in force (tier as it is in this build). */
const struct engine_options *engine_options(void);

/* ---- modules (thread-safe) ------------------------------------------ */

/*
 * Decode and validate size bytes. The module keeps using bytes until it is
 * destroyed and then calls release(bytes, size, ctx) if given; if loading fails
 * release is called too. Function bodies are validated here and translated on
 * first call. Errors: -E_INVAL (malformed or invalid), -E_2BIG (over a limit),
 * -E_NOMEM; *report says what and where (byte offset).
 */
int engine_module_load(const uint8_t *bytes, size_t size,
                       void (*release)(const uint8_t *, size_t, void *),
                       void *ctx, struct engine_module **out,
                       struct report *report);
/*
 * The same of a whole file, bytes being its content. What validation found out
 * of large ones is kept in the cache, and believed the next time: that must be
 * the file's identity when bytes were mapped or read. NULL: of no file.
 */
struct engine_file {
    uint64_t dev, ino, size;
    int64_t mtime_s, mtime_ns, ctime_s, ctime_ns;
};
int engine_module_load_file(const uint8_t *bytes, size_t size,
                            void (*release)(const uint8_t *, size_t, void *),
                            void *ctx, const struct engine_file *file,
                            struct engine_module **out, struct report *report);
/*
 * Programs known beforehand: `file` speaks of some that lie in `image`
 * (engine/ready.h), which are then neither validated nor, as far as it goes,
 * translated. Both stay where they are, and are believed. Before any module is
 * loaded; false: the file is not of this engine, or damaged, and not used.
 */
bool engine_ready(const void *file, size_t size, const void *image,
                  uint64_t image_size);
struct engine_ready_stats {
    uint32_t modules; /* known ones, loaded */
    uint32_t asked;   /* functions wanted first, of all modules */
    uint32_t found;   /* ... that were there */
};
struct engine_ready_stats engine_ready_stats(void);
struct engine_module *engine_module_ref(struct engine_module *m);
void engine_module_unref(struct engine_module *m); /* NULL is fine */

struct engine_port { /* an import or an export; strings are NUL-terminated,
                      * belong to the module, may hold any UTF-8 */
    const char *module; /* imports only */
    const char *name;
    size_t module_len, name_len;
    enum engine_kind kind;
    const struct engine_functype *functype; /* ENGINE_FUNC and ENGINE_TAG */
    uint64_t min, max;  /* memories (pages), tables (elements); max UINT64_MAX
                         * when there is none */
    struct engine_valtype type; /* of a global, of a table's elements */
    bool mutable_;      /* globals */
    bool is64;          /* memories, tables: 64-bit addresses */
    bool shared;        /* memories */
};
uint32_t engine_module_imports(const struct engine_module *m);
const struct engine_port *engine_module_import(const struct engine_module *m,
                                               uint32_t i);
uint32_t engine_module_exports(const struct engine_module *m);
const struct engine_port *engine_module_export(const struct engine_module *m,
                                               uint32_t i);
/* Bytes of a custom section by name, or NULL. */
const uint8_t *engine_module_custom(const struct engine_module *m,
                                    const char *name, size_t *size);
/*
 * Compile the whole module with the optimising tier and keep the result in the
 * cache; nothing to do when it is there. progress (may be NULL; any thread)
 * hears of functions. 1: compiled; 0: was there. -E_NOTSUP: there is no
 * compiler; -E_IO: it cannot be kept; -E_NOMEM.
 */
typedef void engine_progress_fn(void *ctx, uint32_t done, uint32_t all);
int engine_module_compile(struct engine_module *m, engine_progress_fn *progress,
                          void *ctx);
/*
 * Compile nothing more in the background. True: something is being compiled just
 * now. Then the process must end by _exit(), for exit() would run the compiler's
 * destructors under it. A process that asked for ENGINE_TIER_LLVM calls this at
 * its end.
 */
bool engine_compile_stop(void);
size_t engine_module_footprint(const struct engine_module *m); /* bytes held */
/* The bytes it was loaded from. */
const uint8_t *engine_module_bytes(const struct engine_module *m, size_t *size);
/* Byte offset of the body (its locals) of function index func; 0: imported. */
uint32_t engine_module_body(const struct engine_module *m, uint32_t func);

/* ---- stores ---------------------------------------------------------- */

struct engine_config {
    void *user;             /* engine_store_user() */
    void *stack;            /* value stack to use, or NULL to allocate */
    size_t stack_bytes;     /* 0: 1 MiB */
    size_t native_stack;    /* bytes of the caller's own stack that compiled
                             * code may use; 0: 512 KiB */
    uint64_t memory_bytes;  /* quota over all linear memories; 0: no quota */
    uint64_t table_elements;/* quota over all tables; 0: 10,000,000 */
    /*
     * Asked before there is more memory, or table, of a store that has grown by
     * `grown` bytes then, this included (0: it is a new memory); false: it is
     * not to be had. And told when so much is free again. Both from any thread,
     * with any lock. Of the first light_bytes only an eighth is asked for. NULL,
     * NULL: nobody. A browser's engine does not ask.
     */
    uint64_t light_bytes;
    bool (*take)(uint64_t bytes, uint64_t grown);
    void (*give)(uint64_t bytes);
    uint64_t fuel;          /* UINT64_MAX: unlimited. One unit is one function
                             * entry or one loop iteration. 0 = unlimited too */
    uint32_t poll_interval; /* units between polls; 0: engine_options' */
    /*
     * Called from running code about every poll_interval units, and soon after
     * engine_store_interrupt(). It may block, switch fibers, call back into
     * the store. Non-zero unwinds everything with that status.
     */
    enum engine_status (*poll)(struct engine_store *s, void *user);
    /*
     * Quotas and fuel are those of this other store, together with it: for the
     * threads of one program. NULL: the numbers above.
     */
    struct engine_store *share;
    /*
     * How memory.atomic.wait waits. block(block_ctx, ns) is called by the thread
     * that waits: sleep for at most ns (UINT64_MAX: for ever) or until somebody
     * calls wake(block_ctx), from any thread; a wake that comes before the block
     * counts; waking for no reason is fine: to have the poll hook called, say.
     * NULL, NULL: the thread sleeps, and polls every few ms.
     */
    void (*block)(void *block_ctx, uint64_t ns);
    void (*wake)(void *block_ctx);
    void *block_ctx;
};
/* NULL when out of memory. */
struct engine_store *engine_store_create(const struct engine_config *c);
void engine_store_destroy(struct engine_store *s); /* NULL is fine */
/*
 * Make this thread fit to run wasm: the handler for memory faults (once per
 * process; it passes on what is not its own) and, unless the thread has one, an
 * alternate signal stack. engine_store_create does it for its own thread.
 */
void engine_thread_init(void);
void *engine_store_user(struct engine_store *s);
uint64_t engine_store_fuel_used(const struct engine_store *s);
/* Bytes of linear memory now, for accounting; from any thread. */
uint64_t engine_store_memory_bytes(const struct engine_store *s);

/*
 * A function of the host. slots holds the arguments (one uint64_t each, v128
 * two, 32-bit values zero-extended) and takes the results from slots[0] on;
 * it has room for both. caller is NULL when the host itself called. Returns
 * ENGINE_OK, or the status to unwind with.
 */
typedef enum engine_status engine_host_fn(struct engine_store *s,
                                          struct engine_instance *caller,
                                          void *env, uint64_t *slots);
/* NULL when out of memory. The type is copied. */
struct engine_func *engine_func_host(struct engine_store *s,
                                     const struct engine_functype *type,
                                     engine_host_fn *fn, void *env);
struct engine_memory *engine_memory_create(struct engine_store *s,
                                           uint64_t min_pages,
                                           uint64_t max_pages, bool is64);
/*
 * The same, shared (threads proposal); it must have a maximum. It can be
 * imported into other stores; its size counts against this store's quota.
 */
struct engine_memory *engine_memory_create_shared(struct engine_store *s,
                                                  uint64_t min_pages,
                                                  uint64_t max_pages,
                                                  bool is64);
struct engine_table *engine_table_create(struct engine_store *s,
                                         struct engine_valtype type,
                                         uint64_t min, uint64_t max, bool is64);
struct engine_global *engine_global_create(struct engine_store *s,
                                           struct engine_valtype type,
                                           bool mutable_,
                                           union engine_value init);
/* A tag of exceptions, or with results of suspensions. The type is copied. */
struct engine_tag *engine_tag_create(struct engine_store *s,
                                     const struct engine_functype *type);

/* ---- instances ------------------------------------------------------- */

/*
 * Link module m against imports[engine_module_imports(m)], initialise it and
 * run its start function. On a trap *out is still set (earlier writes to
 * shared tables and memories stay visible). ENGINE_UNLINKABLE: *report names
 * the import.
 */
enum engine_status engine_instance_create(struct engine_store *s,
                                          struct engine_module *m,
                                          const struct engine_extern *imports,
                                          struct engine_instance **out,
                                          struct report *report);
/* False when there is no such export. */
bool engine_instance_export(struct engine_instance *i, const char *name,
                            size_t name_len, struct engine_extern *out);
struct engine_module *engine_instance_module(struct engine_instance *i);
/* The instance's memory 0, or NULL. O(1). */
struct engine_memory *engine_instance_memory(struct engine_instance *i);
/*
 * fork: a copy of instance i in another (fresh) store: memories, tables,
 * globals, dropped segments. Host functions are re-linked from imports (same
 * order as at creation). No code runs. -E_NOMEM; -E_INVAL: an import does not
 * fit; -E_NOTSUP: the instance holds references that only its own store has
 * (exceptions, structs, functions of other instances).
 */
int engine_instance_clone(struct engine_store *to, struct engine_instance *i,
                          const struct engine_extern *imports,
                          struct engine_instance **out);

/* ---- code that a running program brings ---------------------------------- */

/*
 * A module that joins instance `in`, which is running in this thread or about
 * to: it uses `in`'s memory 0 and table 0 and whatever else it imports from
 * module "env" by the names under which `in` exports it. It defines no memory,
 * table or tag and has no start function, so nothing of it runs now.
 *
 *     env.memory, env.__indirect_function_table    memory 0, table 0
 *     env.__memory_base, env.__table_base          the numbers below
 *     env.NAME                                     the export NAME
 *
 * Its functions get into the table by its element segments. It ends with the
 * store; when dropped its elements become null, and it goes once nothing of the
 * store refers to its functions any more and none of them is running. What is
 * forked (engine_instance_clone) has null where such functions were.
 */
struct engine_code {
    uint32_t memory_base;
    uint32_t table_base;  /* ENGINE_CODE_GROW: the table grows, and this is set */
    uint32_t table_size;  /* elements from table_base on that are its own */
};
#define ENGINE_CODE_GROW UINT32_MAX
/*
 * A number > 0 to drop it by. Takes bytes over as engine_module_load does, also
 * when it fails. -E_2BIG (bytes); -E_NOEXEC (malformed, invalid, what it
 * imports is not there, a segment is out of bounds); -E_INVAL (elements outside
 * the table); -E_NOMEM (quota, too many, the table cannot grow).
 */
int engine_code_load(struct engine_instance *in, const uint8_t *bytes,
                     size_t size,
                     void (*release)(const uint8_t *, size_t, void *),
                     void *ctx, struct engine_code *code,
                     struct report *report);
int engine_code_drop(struct engine_instance *in, int number); /* -E_BADF */

/* ---- calls ----------------------------------------------------------- */

const struct engine_functype *engine_func_type(const struct engine_func *f);
/* args and results as functype says; both may be NULL when empty. */
enum engine_status engine_call(struct engine_store *s, struct engine_func *f,
                               const union engine_value *args,
                               union engine_value *results);
/* From any thread or signal handler: make running code poll soon. */
void engine_store_interrupt(struct engine_store *s);

struct engine_frame {
    struct engine_instance *instance;
    uint32_t func;       /* index in its module */
    uint32_t offset;     /* byte offset in the module file; 0 if unknown */
    const char *name;    /* from the name section or an export; NULL if none */
    const uint64_t *slots; /* its frame on the value stack, for debug.h; NULL
                            * where that does not hold its values (compiled) */
};
/* The frames of the last trap, innermost first; returns how many (bounded). */
uint32_t engine_backtrace(struct engine_store *s,
                          const struct engine_frame **frames);
/* In a host function: make engine_backtrace tell where the program is now. */
void engine_backtrace_here(struct engine_store *s);
/*
 * In the poll hook or a host function: the frames of the code that runs,
 * innermost first, at most max; offset and slots are not filled in, which makes
 * it cheap enough to be done often. Returns how many.
 */
uint32_t engine_stack(struct engine_store *s, struct engine_frame *frames,
                      uint32_t max);
/*
 * In the poll hook: would ENGINE_EXCEPTION, returned after a nested call ended
 * with it, be seen by the nearest function that handles any exception? False
 * when that function is at a place outside its own handlers, where compilers
 * count on nothing being thrown. A function that has just been entered does not
 * count.
 */
bool engine_poll_may_throw(const struct engine_store *s);
/* The tag and payload of the last ENGINE_EXCEPTION; NULL if none. */
struct engine_tag *engine_exception_tag(struct engine_store *s);

/* ---- memories, tables, globals ---------------------------------------- */

/*
 * A shared memory stays while somebody holds a reference, besides the stores
 * that made or imported it; no effect on others. Any thread. unref(NULL) is
 * fine.
 */
struct engine_memory *engine_memory_ref(struct engine_memory *m);
void engine_memory_unref(struct engine_memory *m);
bool engine_memory_is_shared(const struct engine_memory *m);
/* Base and size in bytes, valid until the memory grows or its store ends; the
 * base of a shared one never changes, and its size never shrinks. */
uint8_t *engine_memory_base(struct engine_memory *m);
uint64_t engine_memory_size(const struct engine_memory *m);
bool engine_memory_is64(const struct engine_memory *m);
/*
 * n bytes out of m and into it, for whoever must not count on a base: an engine
 * that is not ours has none. False, and nothing has happened, when they are not
 * all inside. From the thread that runs the store, or any if m is shared.
 */
bool engine_memory_read(struct engine_memory *m, uint64_t from, void *to,
                        size_t n);
bool engine_memory_write(struct engine_memory *m, uint64_t to,
                         const void *from, size_t n);
struct engine_valtype engine_global_type(const struct engine_global *g,
                                         bool *mutable_);
union engine_value engine_global_get(const struct engine_global *g);
void engine_global_set(struct engine_global *g, union engine_value v);
uint64_t engine_table_size(const struct engine_table *t);
/* Old size in pages or elements, or UINT64_MAX when it cannot grow. What goes
 * into a table must be of its type (engine_ref_is). */
uint64_t engine_memory_grow(struct engine_memory *m, uint64_t pages);
uint64_t engine_table_grow(struct engine_table *t, uint64_t n, void *init);
/* False: out of bounds. */
bool engine_table_get(const struct engine_table *t, uint64_t i, void **out);
bool engine_table_set(struct engine_table *t, uint64_t i, void *ref);
/* The type as it is now: min is the size. Strings are NULL; functype lives as
 * long as the object. */
void engine_extern_type(const struct engine_extern *e, struct engine_port *out);

/* ---- references ------------------------------------------------------- */

enum engine_hierarchy {
    ENGINE_HIERARCHY_FUNC,   /* struct engine_func * */
    ENGINE_HIERARCHY_EXTERN, /* the host's pointers, and what is any converted */
    ENGINE_HIERARCHY_ANY,    /* structs, arrays, i31, and extern converted */
    ENGINE_HIERARCHY_EXN,
    ENGINE_HIERARCHY_CONT    /* continuations, opaque */
};
/* Does it take or return a v128? */
bool engine_functype_has_v128(const struct engine_functype *t);
/* Of a reference type. */
enum engine_hierarchy engine_valtype_hierarchy(struct engine_valtype t);
/* Keep a type that a module or store defined; matters to concrete references
 * only, does nothing to others. */
void engine_valtype_hold(struct engine_valtype t);
void engine_valtype_release(struct engine_valtype t);
/* Is ref, a reference of t's hierarchy in a live store, of type t? */
bool engine_ref_is(const void *ref, struct engine_valtype t);
/* any.convert_extern and extern.convert_any. The host's pointers must be
 * multiples of 4. */
void *engine_ref_convert(void *ref);
/* Is ref, an extern, the host's pointer, not a converted any? */
bool engine_externref_is_host(const void *ref);
/*
 * f for every word of the store that may be a reference: what does not occur
 * (as extern, or converted) is out of the program's reach. In the host, or in a
 * host function.
 */
void engine_store_visit(struct engine_store *s,
                        void (*f)(void *ctx, uint64_t word), void *ctx);

#endif
