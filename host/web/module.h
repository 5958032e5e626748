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
    uint32_t memories; /* how many are defined */
    uint64_t min, max; /* of memory 0, in pages */
    bool shared, is64;
    bool has_start;
    uint32_t start;
    /* The sections that rewrite.c changes, with their headers; at == end: there
     * is none, and this is where it would be. */
    struct span import_section, memory_section, export_section, start_section;
    uint32_t first_memory_end; /* offset behind memory 0's limits */

    /* As the browser has it. */
    bool forks;
    uint8_t *compiled;
    size_t compiled_size;
    uint32_t moved; /* how much further back its code is */
};

/* Reading: a cursor that fails for good at the first fault. */
struct reader {
    const uint8_t *bytes;
    uint32_t at, end;
    bool bad;
};
uint32_t read_u32(struct reader *r);
uint64_t read_u64(struct reader *r);
uint8_t read_byte(struct reader *r);
struct span read_name(struct reader *r);

/* Fill m from m->bytes. -E_INVAL, -E_NOMEM, -E_NOTSUP; *report says what. */
int module_read(struct engine_module *m, struct report *report);
void module_finish(struct engine_module *m);

struct module_export {
    enum engine_kind kind;
    uint32_t index;
};
bool module_find_export(const struct engine_module *m, const char *name,
                        size_t len, struct module_export *out);

/*
 * The module as the browser gets it: memory 0 comes from outside
 * (MEMORY_MODULE, "memory"), its start function is an export that waits to be
 * called, and with `fork` the mutable globals are exports. host_alloc'ed.
 */
#define MEMORY_MODULE "pith:web"
#define START_EXPORT "pith:start"
#define GLOBAL_EXPORT "pith:global"
int module_rewrite(const struct engine_module *m, bool fork, uint8_t **out,
                   size_t *size);

#endif
