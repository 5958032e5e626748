/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program's module as far as the kernel must know it; the browser does the
 * rest. module.c reads it, rewrite.c prepares it for the browser.
 */
#ifndef WEB_MODULE_H
#define WEB_MODULE_H

#include "web.h"

/* What is between two offsets of the file. */
struct span {
    uint32_t at, end;
};

#define SECTIONS 14u

struct module_global {
    uint32_t index;
    uint8_t kind; /* enum engine_vt */
};

struct engine_module {
    _Atomic uint32_t refs;
    uint32_t id; /* what JavaScript knows it by */
    const uint8_t *bytes;
    uint32_t size;
    void (*release)(const uint8_t *, size_t, void *);
    void *ctx;

    struct engine_functype *types;
    struct engine_valtype *valtypes; /* of all types */
    uint32_t ntypes;
    struct engine_port *imports;
    char *names; /* of the imports */
    uint32_t nimports;
    uint32_t *func_types; /* type of each function, imported ones first */
    uint32_t nfuncs, imported_funcs, imported_globals;
    struct module_global *globals; /* mutable ones, defined here */
    uint32_t nglobals;
    bool odd_globals;  /* a mutable one that JavaScript cannot read */
    uint32_t exports;  /* how many */
    struct span export_entries;
    struct engine_port *ports; /* exports, of those with a shared memory */
    uint32_t memories;        /* how many are defined ... */
    uint32_t imported_memories; /* ... and imported, which come first */
    uint64_t min, max;        /* of memory 0, in pages */
    bool shared, is64, odd_pages; /* of another size */
    bool has_start;
    uint32_t start;
    struct span section[SECTIONS]; /* by id, with header; at 0: there is none */
    uint32_t imported_tables, tables; /* tables: those defined here */
    uint32_t tags;                    /* defined here */
    uint32_t globals_all;             /* imported and defined */
    uint32_t first_memory_end; /* offset behind memory 0's limits */

    /* As the browser has it. */
    bool forks, polls;
    uint8_t *compiled;
    size_t compiled_size;
    uint32_t code_at; /* where its code section is */
};

/* Reading: a cursor that fails for good at the first fault. */
struct reader {
    const uint8_t *bytes;
    uint32_t at, end;
    bool bad;
    uint32_t memories, globals; /* that code may name (poll.c) */
};
static inline struct reader
reader_at(const uint8_t *bytes, uint32_t at, uint32_t end, bool bad)
{
    return (struct reader){.bytes = bytes, .at = at, .end = end, .bad = bad};
}
uint32_t read_u32(struct reader *r);
uint64_t read_u64(struct reader *r);
uint8_t read_byte(struct reader *r);
struct span read_name(struct reader *r);

/* A count of entries of at least one byte each. */
uint32_t read_count(struct reader *r);

/* Behind a constant expression. */
void skip_constant(struct reader *r);

/* Fill m from m->bytes. -E_INVAL, -E_NOMEM, -E_NOTSUP; *report says what. */
int module_read(struct engine_module *m, struct report *report);
int module_read_ports(struct engine_module *m); /* -E_NOMEM */
void module_finish(struct engine_module *m);

struct module_export {
    enum engine_kind kind;
    uint32_t index;
};
bool module_export_find(const struct engine_module *m, const char *name,
                        size_t len, struct module_export *out);

/* Sections in their order: the numbers are not. */
uint32_t section_rank(uint8_t id);

/*
 * The module as the browser gets it: memory 0 comes from outside
 * (MEMORY_MODULE, "memory"), its start function is an export that waits to be
 * called, if it can fork the mutable globals are exports, its loops look at a
 * word of the kernel's memory, and memory.grow at a limit (poll.c). Sets
 * m->compiled, m->polls.
 */
#define PAGES_MAX 65536u     /* of a Worker's memory, of one program after another */
#define PAGES_MAX_64 262144u /* of a 64-bit one: what browsers allow */
#define MEMORY_MODULE "pith:web"
#define START_EXPORT "pith:start"
#define GLOBAL_EXPORT "pith:global"
#define POLL_EXPORT "pith:poll"        /* the global with the word's address */
#define POLL_TABLE_EXPORT "pith:polls" /* the table with the function to call */
#define TABLE_EXPORT "pith:table"      /* table 0 */
#define LIMIT_EXPORT "pith:limit"      /* the global: pages memory may have */
int module_rewrite(struct engine_module *m);
/* From an offset in what the browser has to one in the file; 0: unknown. */
uint32_t module_old_offset(const struct engine_module *m, uint32_t offset);

/* Bytes that grow. */
struct writer {
    uint8_t *out;
    size_t n, room;
    bool failed;
};
void put(struct writer *w, const void *p, size_t n);
void put_byte(struct writer *w, uint8_t b);
void put_u64(struct writer *w, uint64_t v);
/* A size that is not known yet: five bytes, filled in by put_size. */
size_t put_size_later(struct writer *w);
void put_size(struct writer *w, size_t at);

/*
 * poll.c. The code section with polls, or false: an instruction is not known
 * here. With `find` not 0 nothing is kept: stops at that offset of the new
 * section's content, *found is the one of the old.
 */
struct poll_indices {
    uint32_t global, function; /* each followed by memory.grow's */
};
/* Do its data segments go to the memory that it has? */
bool poll_data_fits(const struct engine_module *m);
bool poll_code(struct writer *w, const struct engine_module *m,
               const struct poll_indices *x, uint32_t find, uint32_t *found);

#endif
