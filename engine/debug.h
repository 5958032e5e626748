/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a developer asks of programs: where in the source is this, what does
 * the code say, what did everything look like when it trapped.
 *
 *   engine_places      module + byte offset --> file:line, inlined calls
 *   engine_disasm      a function as text, in the standard's words
 *   engine_ir          the same function as the engine translates it
 *   engine_coredump    a store that has trapped --> a wasm coredump
 *   engine_core_show   a coredump --> its stack as text
 *
 * Nothing here is fast or on a hot path; all of it is bounded by the size of
 * what it is given, which may be hostile. engine/debug/ has the bodies.
 */
#ifndef ENGINE_DEBUG_H
#define ENGINE_DEBUG_H

#include "engine.h"

/* ---- source positions (DWARF 4 and 5; debug/dwarf.h) ---- */

struct engine_place {
    char function[160];    /* from DWARF, "" if unknown */
    char file[256];        /* "" if unknown */
    uint32_t line, column; /* 0 if unknown */
};

/*
 * Where in the source is the instruction at this byte offset of the module's
 * file? out[0] is the innermost: a function inlined into out[1], and so on;
 * the last one is the function itself. Returns how many, 0 when the module has
 * no DWARF that covers it. Text is free of control characters. Any thread.
 */
uint32_t engine_places(const struct engine_module *m, uint32_t offset,
                       struct engine_place *out, uint32_t max);

/* ---- text and files: made piece by piece ---- */

struct engine_sink {
    /* False: stop (the disk is full, say). */
    bool (*write)(void *ctx, const void *data, size_t n);
    void *ctx;
    bool failed; /* write said so; nothing is written any more */
};
void engine_sink_write(struct engine_sink *s, const void *data, size_t n);
void engine_sink_text(struct engine_sink *s, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* ---- the code ---- */

uint32_t engine_module_funcs(const struct engine_module *m);
/* The function of this name (or decimal index); UINT32_MAX: there is none. */
uint32_t engine_module_find_func(struct engine_module *m, const char *name);
/*
 * Function func in the words of the text format, a line an instruction, each
 * behind its byte offset. UINT32_MAX: all of them. -E_NOMEM; -E_IO when the
 * sink failed.
 */
int engine_disasm(struct engine_module *m, uint32_t func,
                  struct engine_sink *to);
/* The interpreter's instructions of function func, which the module defines. */
int engine_ir(struct engine_module *m, uint32_t func, struct engine_sink *to);

/* ---- coredumps (the tool conventions' Coredump.md) ---- */

/*
 * The store as it was when it trapped, after engine_call returned and before
 * anything else happened to it: frames with their locals and operands, globals,
 * and what is not zero in memories. program is its name. -E_NOMEM, -E_IO (the
 * sink), -E_2BIG (memory too large for a module: the rest is complete).
 */
int engine_coredump(struct engine_store *s, const char *program,
                    struct engine_sink *to);
/* Is this module a coredump? Then its process, threads and frames as text; a
 * damaged one is shown as far as it goes. */
bool engine_is_core(const struct engine_module *m);
void engine_core_show(const struct engine_module *m, struct engine_sink *to);

#endif
