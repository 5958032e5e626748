/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What exists while programs run: stores and what they own.
 *
 *   store --- instances --- module (shared)
 *     |          |  \------ memory, table, global, tag objects (own or
 * imported) |          \--------- function objects, made when first needed
 *     \--- value stack, activations (one per engine_call on the native stack)
 *
 * All objects of a store are freed with it. Only exceptions are collected
 * earlier (exception.c).
 */
#ifndef ENGINE_RUNTIME_H
#define ENGINE_RUNTIME_H

#include "config.h"
#include "module.h"
#include "quota.h"

union slot_value {
    uint64_t u64;
    uint64_t v128[2];
};

struct engine_func {
    const _Atomic(const struct insn *) *entry; /* NULL: a host function */
    struct engine_instance *instance;
    uint32_t type;  /* canonical */
    uint32_t index; /* in the module; wasm functions */
    engine_host_fn *host;
    void *env;
    struct engine_store *store;
    bool narrow; /* the host's, and all it returns is an i32 */
};

struct engine_memory {
    uint8_t *base;                 /* of a shared one never moves */
    _Alignas(8) uint64_t bytes;    /* accessible: memory_bytes() */
    uint64_t max_pages;
    uint64_t declared_max; /* UINT64_MAX: none */
    bool is64;
    bool shared;
    uint8_t page_shift; /* log2 of a page's bytes */
    struct engine_store *store; /* NULL: shared, see memory_attach */
    struct engine_memory *next; /* in the store */
    uint64_t mapped, reserved;  /* memory back end's own business */
    struct memory_share *share; /* shared ones */
};

/* The size; of a shared memory another thread may be changing it. */
static inline uint64_t
memory_bytes(const struct engine_memory *m)
{
    return __atomic_load_n(&m->bytes, __ATOMIC_RELAXED);
}

struct engine_table {
    void **elems;
    uint64_t size, max;
    uint64_t declared_max; /* UINT64_MAX: none */
    uint32_t vt;
    bool is64;
    uint64_t capacity;
    struct engine_store *store;
    struct engine_table *next;
};

struct engine_global {
    union slot_value *value;
    uint32_t vt;
    bool mutable_;
    union slot_value own; /* globals that no instance holds */
    struct engine_global *next; /* of these, in the store */
};

struct engine_tag {
    uint32_t type; /* canonical */
};

struct exception {
    struct exception *next;
    struct engine_tag *tag;
    uint32_t nslots;
    bool marked;
    uint64_t slots[];
};

struct elem_refs { /* a passive segment, evaluated; dropped: n = 0 */
    void **refs;
    uint32_t n;
};

/* The interpreter's register `in`. Hot fields first. */
struct engine_instance {
    struct engine_memory *mem0; /* never NULL: an empty one if there is none */
    struct func_code *code;
    uint64_t *stack_limit;
    struct engine_store *store;
    struct engine_table *table0;
    struct engine_func **func_imports;
    uint8_t *mem; /* base of mem0 if that never moves (guarded 32-bit ones) */
    const struct native_table *native;
    uint64_t *native_fp; /* frame of the compiled code at work (native.h) */

    struct engine_module *module;
    struct engine_func *funcs; /* defined ones; type 0 entry NULL: not made */
    struct engine_memory **memories;
    struct engine_table **tables;
    struct engine_global **globals;
    struct engine_tag **tags;
    struct elem_refs *elems;
    uint32_t *data_length;        /* 0: dropped */
    struct engine_instance *next; /* in the store */
    struct load *load; /* by engine_code_load; NULL: not */
    uint64_t global_values[];     /* own globals, at module->global_slot */
};

/* One engine_call on the native stack. pc, fp, in are set when wasm code calls
 * out (host function, poll) or stops. */
struct activation {
    struct activation *prev;
    const struct insn *pc;
    uint64_t *fp;
    struct engine_instance *in;
    void *landing; /* where a caught fault goes (mem_guard.c) */
    struct native_segment *native; /* the innermost when it began */
};

/* A function's frame, as the walk of continuations asks for it. */
struct frame_shape {
    const struct insn *pc;
    uintptr_t land; /* machine code of a handler at pc; 0: not asked yet */
    uint32_t link, slots;
};
#define FRAME_SHAPES 64u

/* What one step of walking the stack needs. */
struct walk {
    struct engine_instance *in;
    const struct insn *pc;
    uint64_t *fp;
};

struct engine_store {
    int64_t budget; /* units until the next poll, while no code runs */
    uint64_t *sp;   /* first free slot of the value stack */
    struct activation *act;
    enum engine_status status; /* how the innermost run ended */
    struct native_segment *native;  /* innermost run of machine code */
    struct engine_instance *native_in; /* and its instance */
    uintptr_t native_low; /* lowest address its stack may reach */
    size_t native_stack;  /* bytes from the outermost engine_call to there */
    const struct native_step *step; /* running by native_step */
    uint64_t step_value;            /* r0 at its end */
    struct engine_func *tail; /* to call instead of what returned (jit/) */
    bool tail_awaited;        /* the next machine code's caller looks at tail */

    uint64_t *prompt;        /* the innermost of this activation (cont.h) */
    uint64_t *run_base;      /* where the innermost run of interp.c began */
    struct walk landing;     /* STATUS_LANDING: where to run on, in the run */
    uint64_t *landing_level; /* whose run_base is at or below this */
    struct native_segment *landing_segment; /* or in machine code, in this */
    struct frame_shape *shapes;
    uintptr_t go_on;             /* interp_go_on: machine code to run on in */
    const struct insn *go_on_enter; /* its function's first instruction */
    const struct insn *go_on_pc;    /* where it is interpreted instead */

    void *user;
    uint64_t *stack, *stack_limit;
    bool stack_owned;
    uint32_t depth; /* activations */
    int64_t slice;  /* what budget started from */
    uint32_t poll_interval;
    enum engine_status (*poll)(struct engine_store *, void *);
    atomic_bool interrupted;

    uint64_t polled_at; /* nanoseconds; kept while there is a use for it */
    uint64_t cpu_seen;  /* of the process, at the last long time between */
    struct quota *quota; /* memory, table elements, fuel */
    void (*block)(void *, uint64_t); /* NULL: the thread sleeps */
    void (*wake)(void *);
    void *block_ctx;

    struct engine_instance *instances;
    struct engine_memory *memories;
    struct memory_use *uses; /* of shared memories */
    struct engine_table *tables;
    struct engine_global *globals; /* made by the host */
    struct block *blocks; /* everything else */
    uint32_t *held;       /* canonical types of host functions */
    uint32_t nheld, held_cap;

    struct loads *loads; /* load.c; NULL: there were none */
    struct gc_heap *gc; /* structs and arrays; NULL until there is one */
    uint64_t gc_work;   /* units that long array operations and collections
                         * took and that are not off the budget yet */
    struct exception *exceptions, *exception; /* all; the one in flight */
    uint32_t nexceptions, exceptions_limit;

    struct engine_frame *frames;
    uint32_t nframes;
};

struct block {
    struct block *next;
    uint64_t align_[];
};

/* Account fuel, call the poll hook, refill the budget. */
enum engine_status store_poll(struct engine_store *s);
/* Zeroed memory that lives as long as the store. NULL: out of memory. */
void *store_alloc(struct engine_store *s, size_t n, size_t size);
/* Hold a canonical type for the store's life. */
bool store_hold_type(struct engine_store *s, uint32_t id);

/*
 * The steps of making an instance: allocate (nothing runs), link (false:
 * *report names the import), then fill it, then set the hot fields. abandon
 * undoes alloc while nothing refers to the instance.
 */
struct engine_instance *instance_alloc(struct engine_store *s,
                                       struct engine_module *m);
bool instance_link(struct engine_instance *in,
                   const struct engine_extern *imports, struct report *report);
void instance_set_hot(struct engine_instance *in);
void instance_abandon(struct engine_instance *in);

/* The function object of function index i; NULL: out of memory. */
struct engine_func *instance_func(struct engine_instance *in, uint32_t i);
bool constexpr_eval(struct engine_instance *in, struct const_expr e,
                    union slot_value *out);
/* Behind the end of the valid constant expression at p. */
const uint8_t *constexpr_skip(const uint8_t *p);

/* The last step: memories, tables, globals, segments, the start function. */
enum engine_status instance_fill(struct engine_instance *in,
                                 struct report *report);

/* load.c: an instance's own end, and the store's. Leaving: what it holds does not
 * count. */
bool load_is_leaving(const struct engine_instance *in);
void load_free(struct engine_instance *in);
void loads_finish(struct engine_store *s);
/* embed.c: f for what may be references in in. */
void instance_visit(const struct engine_instance *in,
                    void (*f)(void *ctx, uint64_t word), void *ctx);

/* memory.c */
extern struct engine_memory memory_none;
struct engine_memory *memory_create(struct engine_store *s,
                                    const struct limits *l);
/* Old size in pages, or UINT64_MAX when it cannot grow. */
uint64_t memory_grow(struct engine_memory *m, uint64_t pages);
void memory_destroy(struct engine_memory *m); /* one of its store's own */
/*
 * The store will use shared memory m, which lives at least until memory_detach
 * (the store's end). Once per store is enough, more do no harm. False: no
 * memory.
 */
bool memory_attach(struct engine_memory *m, struct engine_store *s);
void memory_detach_all(struct engine_store *s);
/* Nobody but one store knows m. */
bool memory_is_private(const struct engine_memory *m);
/*
 * Which store runs code on the C stack that sp is in, and faulted in m? NULL:
 * none. In a signal handler, when the fault was in code that holds no lock.
 */
struct engine_store *memory_running_store(struct engine_memory *m,
                                          uintptr_t sp);

/* table.c */
struct engine_table *table_create(struct engine_store *s,
                                  const struct table_type *t, void *init);
uint64_t table_grow(struct engine_table *t, uint64_t n, void *init);

/* interp.c: run a wasm function whose arguments are at fp; the status is also
 * in store->status. The caller has set up an activation. */
void interp_run(struct engine_func *f, uint64_t *fp);
/* The code field for an operation. */
uintptr_t interp_code(unsigned op);

/* The same from pc, in frame fp, for machine code: returns when the function
 * does, whose link is link; see native.c. */
void interp_run_from(struct engine_instance *in, const struct insn *pc,
                     uint64_t *fp, const struct insn *link);
/* pc, or where what runs by native_step stands in the translated code. */
const struct insn *step_origin(const struct engine_store *s,
                               const struct insn *pc);

/* trap.c */
void trap_record(struct engine_store *s, struct engine_instance *in,
                 const struct insn *pc, uint64_t *fp);
extern const struct insn interp_halt[2], interp_bridge[2];
/* interp_bridge for the interpreter called by machine code: ends the run. */
extern const struct insn interp_return[2];
/* Runs on in machine code, at s->go_on. */
extern const struct insn interp_go_on[1];
/* Where the shape of pc's frame is remembered; NULL: no memory. */
struct frame_shape *shape_entry(struct engine_store *s, const struct insn *pc);
/* The link of a continuation's first frame (cont.h). */
extern const struct insn interp_prompt[2];
static inline bool
link_is_special(const struct insn *link)
{
    return link == interp_bridge || link == interp_return ||
           link == interp_prompt;
}
/* From a frame whose link is special to the frame below its bridge or prompt;
 * returns where the link there is kept, which may be special, too (w->pc). */
uint64_t *walk_special(struct walk *w);
/* Step out of the current frame into its caller; false at the activation's
 * end. range is the current frame's function. */
bool walk_out(struct walk *w, const struct code_range *range);

/* exception.c */
struct exception *exception_create(struct engine_store *s,
                                   struct engine_tag *tag, uint32_t nslots,
                                   uint64_t *top);
/* Find the handler of s->exception from w outwards, at most to the frame at
 * base (NULL: all); on success w is the place to continue and the payload is
 * stored. */
bool exception_unwind(struct engine_store *s, struct walk *w,
                      const uint64_t *base);

/* From frame w->fp, whose link w->pc is, to its caller; where machine code waits
 * for it, nothing changes. */
void exception_leave(struct walk *w);

#define BRIDGE_SLOTS 3

#endif
