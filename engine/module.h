/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A loaded module: what decode.c makes and never changes afterwards, but for
 * the translations of its functions, which appear one by one (translate.c) and
 * are published through func_code.entry.
 *
 * Index spaces hold imports first, as in the specification (2.5).
 */
#ifndef ENGINE_MODULE_H
#define ENGINE_MODULE_H

#include <pthread.h>
#include <stdatomic.h>

#include "insn.h"
#include "reader.h"
#include "type.h"

/* Machine code of a function (native.h says the whole of it). */
typedef void native_fn(struct engine_instance *in, uint64_t *fp,
                       const struct insn *link);

/* A function the module defines. entry points to stub until it is translated;
 * stub's handler translates. With machine code entry points to gate, which
 * calls it. Hot fields first; the interpreter adds byte offsets to
 * module->code. */
struct func_code {
    _Atomic(const struct insn *) entry;
    _Atomic(native_fn *) native; /* machine code; NULL: none (native.h) */
    _Atomic(const struct insn *) insns; /* translated; NULL: not yet */
    _Atomic(void *) fast; /* the same with arguments in registers (llvm/) */
    _Atomic(uintptr_t) jit; /* what machine code of jit/ calls */
    struct insn stub, gate;
    uint32_t type; /* canonical */
    uint32_t body; /* offset of the locals in the module's bytes */
    uint32_t length;
};

struct const_expr { /* validated bytes, without the final end checked again */
    uint32_t at, end;
};

struct limits {
    uint64_t min, max; /* max UINT64_MAX: none */
    bool is64, shared;
    bool byte_pages; /* memories: pages of one byte, not 64 KiB */
};

struct table_type {
    uint32_t vt;
    struct limits limits;
    bool has_init;
    struct const_expr init;
};

struct global_type {
    uint32_t vt;
    bool mutable_;
    struct const_expr init;
};

enum segment_mode { SEGMENT_ACTIVE, SEGMENT_PASSIVE, SEGMENT_DECLARED };

struct elem_segment {
    enum segment_mode mode;
    uint32_t table, vt, count;
    struct const_expr offset;
    bool exprs;  /* items are expressions, not function indices */
    uint32_t at; /* offset of the first item */
};

struct data_segment {
    enum segment_mode mode;
    uint32_t memory;
    struct const_expr offset;
    uint32_t at, length;
};

struct port { /* an import or export */
    struct engine_port pub;
    uint32_t index; /* exports: in the kind's index space */
    uint32_t type;  /* canonical: functions and tags; vt: tables, globals */
    struct limits limits;
    bool mutable_;
};

struct custom {
    const uint8_t *name, *data;
    size_t name_len, size;
};

/* Translated functions in order of address, for finding the function of a pc.
 */
struct code_range {
    const struct insn *start, *end;
    uint32_t func; /* index among the defined functions */
    uint32_t nhandlers;
    const struct eh_entry *handlers;
    uint32_t link;  /* the frame's link slot */
    uint32_t frame; /* slots in the frame */
    bool sites;     /* places of machine code (llvm/unit.h), not translated */
};

struct code_chunk {
    struct code_chunk *next;
    uint8_t *mem;
    size_t size, used;
    struct code_range *ranges;
    uint32_t nranges, ranges_cap;
    bool foreign; /* mem is not ours to free */
};

/* Where an exception lands: the innermost match comes first. */
struct eh_entry {
    uint32_t from, to; /* covers call sites in [from, to) */
    uint32_t target;   /* all in instructions from the function's start */
    uint32_t tag;      /* index; EH_ALL: any */
    uint32_t slot;     /* where payload goes */
    uint32_t ref;      /* slot for the exception itself, EH_NO_REF: none */
    uint32_t level;    /* nesting depth of its try block */
    uint32_t parent;   /* delegate: only entries up to this level count */
};
#define EH_ALL UINT32_MAX
#define EH_DELEGATE (UINT32_MAX - 1)
#define EH_SUSPEND (UINT32_MAX - 2) /* a clause of resume: not an exception's */
#define EH_NO_REF UINT32_MAX

struct engine_module {
    atomic_uint refs;
    bool conts; /* it has continuation types: nothing for llvm/ (cont.h) */
    bool tail_calls; /* there are some; all functions' convention shows it */
    _Atomic uint32_t cold; /* polls until its functions are compiled (code.c) */
    bool plain; /* instructions are for a compiler as well (translate.h) */
    const struct known_module *known; /* while it is loaded, or NULL */
    const struct ready_module *ready; /* known beforehand (ready.h), or NULL */
    uint32_t code_at, code_end;       /* the code section's content */
    const uint8_t *bytes;
    size_t size;
    void (*release)(const uint8_t *, size_t, void *);
    void *ctx;

    uint32_t *types; /* canonical indices */
    uint32_t ntypes;
    uint32_t *groups; /* a held type per recursion group */
    uint32_t ngroups;

    struct port *imports, *exports;
    uint32_t nimports, nexports;
    uint32_t *export_hash; /* open addressing, index + 1 */
    uint32_t export_mask;

    /* Index spaces; the first n*_imported are imports. */
    uint32_t nfuncs, nfuncs_imported;
    uint32_t ntables, ntables_imported;
    uint32_t nmemories, nmemories_imported;
    uint32_t nglobals, nglobals_imported;
    uint32_t ntags, ntags_imported;
    uint32_t *func_types; /* canonical, imports included */
    struct table_type *tables;
    struct limits *memories;
    struct global_type *globals;
    uint32_t *tags;         /* canonical function types */
    uint8_t *func_declared; /* bitmap: ref.func allowed */

    struct func_code *code; /* defined functions */
    struct elem_segment *elems;
    struct data_segment *datas;
    uint32_t nelems, ndatas;
    uint32_t data_count; /* UINT32_MAX: no such section */
    uint32_t start;      /* UINT32_MAX: none */
    struct custom *customs;
    uint32_t ncustoms;
    size_t arena_bytes;
    bool passing; /* made at run time: nothing of it is kept on disk */

    /* Globals' places in an instance (slots) and its size; see instance.c. */
    uint32_t *global_slot;
    uint32_t global_slots;

    _Atomic(struct object_set *) objects; /* compiled code (object.h) */
    _Atomic(struct object_osr *) osr;     /* its ways into loops */
    struct optimiser *optimiser;          /* under way (optimise.c) */
    atomic_bool exact; /* fuel is counted: no compiled code (optimise.h) */

    pthread_mutex_t lock; /* guards what follows */
    struct code_chunk *chunks;
    atomic_size_t code_bytes; /* read without the lock */
    char **names;                  /* function names, made on first use */
    struct translator *translator; /* buffers for the next one */
    struct jit *jit;               /* machine code (baseline.h), or NULL */
};

/* engine_module_load of what a program made: nothing of it goes to the cache. */
int module_load_passing(const uint8_t *bytes, size_t size,
                        void (*release)(const uint8_t *, size_t, void *),
                        void *ctx, struct engine_module **out,
                        struct report *report);

/* Decode and validate m->bytes. */
int decode_module(struct engine_module *m, struct report *report);
struct port *module_find_export(const struct engine_module *m, const char *name,
                                size_t len);

/* Function body i (among the defined) is valid; 0 or an error in r. */
struct validator;
struct validator *validator_create(struct engine_module *m);
void validator_destroy(struct validator *v);
int validator_func(struct validator *v, uint32_t i, struct reader *r);

/* Shared by the decoder and the validator. */
uint32_t decode_valtype(struct engine_module *m, struct reader *r);
uint32_t decode_heaptype(struct engine_module *m, struct reader *r);

/* Point all functions at their stubs; free all translations. */
void translate_init(struct engine_module *m);
void translate_free(struct engine_module *m);
/* Find or make the translation of defined function i. Any thread. -E_NOMEM. */
int translate_func(struct engine_module *m, uint32_t i);
int translate_all(struct engine_module *m);
/* A store has polled at pc, in the interpreter: returns where to go on, perhaps in
 * machine code that there is now (interp_go_on). */
const struct insn *code_polled(struct engine_instance *in,
                               const struct insn *pc, const uint64_t *fp);
/* From now on m's functions are compiled when they are called. */
void code_warm(struct engine_module *m);
/* Places that machine code has instead of translated instructions, ascending;
 * ranges becomes the module's. -E_NOMEM. */
int code_add_sites(struct engine_module *m, struct code_range *ranges,
                   uint32_t n);
/* The translated function that pc is in; false if none. Any thread. */
bool module_find_pc(struct engine_module *m, const struct insn *pc,
                    struct code_range *out);
/* Byte offset in the module of the instruction pc, 0 if unknown. */
uint32_t module_pc_offset(struct engine_module *m,
                          const struct code_range *range,
                          const struct insn *pc);
/* Name of function index i, or NULL; belongs to the module. */
const char *module_func_name(struct engine_module *m, uint32_t i);

/* Slots between the link and the locals of a function in plain form: jit/ keeps
 * the native stack pointer of handlers there. */
static inline uint32_t
module_handler_slots(const struct engine_module *m)
{
    return m->ntags ? 1 : 0;
}

static inline const struct type_def *
module_func_type(const struct engine_module *m, uint32_t func)
{
    return type_get(m->func_types[func]);
}

#endif
