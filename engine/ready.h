/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known of some programs before they are loaded: that they are valid, and
 * functions of theirs in translated form. A file beside a system image, made with
 * it (tools/ready.c) for a machine that starts the same programs at every boot.
 *
 *   | header | modules | extents | functions, by number | their code |
 *
 * A module is what the file speaks of only when it has the very bytes that lie
 * in the image, in the extents that the file names: they are compared, which
 * costs less than a hash of them. So neither a disk nor a program can pass for
 * what it is not; image and file themselves are believed, as PID 1 is that comes
 * with them. The engine must be of the same sources (ENGINE_VERSION) and form;
 * checksums are against damage. Whatever does not fit is as if it were not there.
 *
 * Code is position-independent: operations by number, types by the module's own.
 * Numbers are little endian, places are bytes from the file's start.
 */
#ifndef ENGINE_READY_H
#define ENGINE_READY_H

#include "module.h"
#include "op/ops.h"

#define READY_MAGIC "pithrdy1"
#define READY_ENGINE 64 /* hexadecimal digits */
struct ready_header {
    char magic[8];
    char engine[READY_ENGINE];
    uint32_t form;
    uint32_t size;  /* of the file */
    uint32_t index; /* where code begins */
    uint32_t check; /* of what is between this header and there */
    uint32_t nmodules, pad;
};

struct ready_module {
    uint32_t size; /* its bytes */
    uint32_t extents, nextents;
    uint32_t funcs, nfuncs;
    uint32_t tail_calls;
};

struct ready_extent { /* of the image */
    uint32_t at, length;
};

struct ready_func {
    uint32_t func; /* among the defined ones */
    uint32_t at, size;
    uint32_t check; /* of those bytes */
};

/* Before the code of a function, which is: struct eh_entry nhandlers times, then
 * n instructions of READY_INSN bytes: operation (and how many raw words follow
 * it: READY_RAW), a, b, imm; raw words as they are. */
struct ready_code {
    uint32_t n, nhandlers, link;
    uint32_t bytes; /* of the instructions */
};
#define READY_INSN 10u
#define READY_RAW 14u /* the bit they are counted from */

/* What besides the sources makes instructions what they are: the build, and the
 * tier that is in force. */
uint32_t ready_form(void);
/* Does the instruction's imm hold a type? Then the file has the module's number
 * of it. */
bool ready_has_type(unsigned op);
uint32_t ready_check(const uint8_t *p, size_t n);
extern const char ready_engine[]; /* READY_ENGINE digits */

/* What is known of m's bytes; NULL: nothing. */
const struct ready_module *ready_find(const struct engine_module *m);
/* The code of defined function func, or NULL. */
const struct ready_code *ready_func(const struct engine_module *m,
                                    uint32_t func);
/* c->n instructions into `to`; false: it is damaged. */
bool ready_unpack(const struct engine_module *m, const struct ready_code *c,
                  struct insn *to);

#endif
