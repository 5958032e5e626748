/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz-tiers: the same program on the interpreter, the baseline compiler and
 * LLVM, each polled seldom and often. They must agree on everything that a
 * program and its host can see.
 *
 *   main.c    options, the loop, progress, the closing line
 *   source.c  where modules come from: seeds, and Binaryen of random bytes
 *   mutate.c  one module made into another, by the pieces of
 *   edit.c    (a module as function bodies that can be replaced) and
 *   gen.c     (random expressions and statements of given types)
 *   trial.c   a module on every tier, a child process each; the comparison
 *   run.c     in the child: its exports are called, the outcome recorded
 *   state.c   everything that can be seen of an instance as one number
 *   link.c    imports: stand-ins that log, throw and call back
 *   reduce.c  a find is made smaller
 *
 * The build is an ordinary one: under sanitizers there are neither guard pages
 * nor compilers. Everything follows from one seed, but for where the time is
 * up.
 */
#ifndef FUZZ_TIERS_H
#define FUZZ_TIERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "debug/core.h" /* struct bytes */
#include "engine.h"

/* ---- numbers ---- */

struct rng {
    uint64_t state;
};

uint64_t rng_next(struct rng *r);
/* Below n; 0 for n = 0. */
uint32_t rng_below(struct rng *r, uint32_t n);
/* One in n. */
static inline bool
rng_one_in(struct rng *r, uint32_t n)
{
    return rng_below(r, n) == 0;
}
/* Bits of a number that programs get wrong, or any. */
uint64_t rng_value(struct rng *r);

uint64_t mix(uint64_t h, const void *p, size_t n);

/* ---- in the child ---- */

enum {
    SEQUENCE = 49, /* instantiation and calls of one instance in a row */
    SOLO = 16,     /* first calls of a fresh instance */
    OUTCOMES = SEQUENCE + SOLO
};
/* Besides enum engine_status. A limit was reached: where is no one's fault. */
enum { OUTCOME_NONE = 0, OUTCOME_CUT = 100, OUTCOME_BASE = 1 };

struct outcome {
    uint32_t status; /* OUTCOME_BASE + enum engine_status, or the above */
    uint32_t call;   /* which export, in which round */
    uint64_t hash;
};

struct trace {
    uint32_t done; /* it has come to its end */
    struct outcome o[OUTCOMES];
};

struct run {
    struct engine_module *m;
    struct engine_store *s;
    struct engine_instance *in;
    struct trace *t;
    uint64_t log;   /* what host functions have seen */
    uint64_t count; /* calls of host functions */
    unsigned depth; /* of calls back */
    uint32_t poll_interval;
    bool show; /* tell everything on stdout */
};

/* Call what m exports, and record it. */
void run_module(struct run *r);
/* Ask what runs to stop: its time is up. From a signal handler. */
void run_stop(void);

/* A program's own end, not a limit's? */
bool own_end(enum engine_status st);
/* Call f with the arguments of round; the outcome goes into *hash. */
enum engine_status run_call(struct run *r, struct engine_func *f,
                            uint32_t round, uint64_t *hash);

/* False: something cannot be given. */
bool link_imports(struct run *r, struct engine_extern *imports);
/* A value for a parameter or global of type t; false: there is none. */
bool value_for(struct run *r, const struct engine_valtype *t, uint64_t which,
               union engine_value *out);

uint64_t hash_value(struct run *r, uint64_t h, const struct engine_valtype *t,
                    const union engine_value *v);
uint64_t hash_state(const struct run *r, uint64_t h);
/* The tag and payload of what nobody caught; where a trap happened. */
uint64_t hash_end(const struct run *r, uint64_t h, enum engine_status st);

/* ---- trials ---- */

enum verdict { INVALID, AGREED, MISMATCH, CRASH, HANG };

struct trial {
    enum verdict verdict;
    unsigned compared; /* outcomes */
    unsigned cut;
    char text[300]; /* who differs, and where */
};

/* Once, before the first. False: there are not all tiers. */
bool trial_init(void);
/* interval: the prime that is polled at in the second half of the runs. */
void trial_run(const uint8_t *bytes, size_t size, uint32_t interval,
               struct trial *t);
/* Every outcome of every run on stdout. */
void trial_show(const uint8_t *bytes, size_t size, uint32_t interval);

/* ---- making modules ---- */

/* A valid module's function bodies, as they will be written. */
struct edit {
    const struct engine_module *m;
    size_t head, tail; /* bytes before and from behind the code section */
    uint32_t n;
    struct bytes *bodies; /* locals and code, without the size */
};

/* False: it has no code. m must outlive e. */
bool edit_open(struct edit *e, const struct engine_module *m);
void edit_close(struct edit *e);
/* n bytes of body i at at become those of with. */
void edit_splice(struct edit *e, uint32_t i, size_t at, size_t n,
                 const struct bytes *with);
void edit_write(const struct edit *e, struct bytes *out);

/* Where body i's instructions begin, the final end too: offsets in it. Returns
 * how many there are; at most max are stored, evenly. */
struct places {
    uint32_t *at;
    uint32_t n;
};
void edit_places(const struct edit *e, uint32_t i, struct places *out);
void places_free(struct places *p);

/* The types of a body's parameters and locals. */
struct locals {
    uint32_t *vt;
    uint32_t n, params;
    size_t code; /* the offset behind the declarations */
};
void edit_locals(const struct edit *e, uint32_t i, struct locals *out);
void locals_free(struct locals *l);

/* What may be written at any place of function func (among the defined). */
struct gen {
    struct rng *rng;
    const struct engine_module *m;
    struct bytes *out;
    const struct locals *locals;
    uint32_t func;
    uint32_t counter; /* an i32 local of our own: for loops; UINT32_MAX */
    unsigned left;    /* instructions, about */
};
void gen_statement(struct gen *g);
/* An expression of type vt; false: no such thing is known here. */
bool gen_value(struct gen *g, uint32_t vt, unsigned depth);

/* m changed at random, perhaps not valid; false: nothing can be. */
bool mutate(const struct engine_module *m, struct rng *rng, struct bytes *out);

/* Smaller, while the verdict stays and for so many seconds. */
void reduce(struct bytes *b, uint32_t interval, enum verdict verdict,
            unsigned seconds);

/* ---- where they come from ---- */

struct source {
    struct rng *rng;
    const char *wasm_opt; /* a command; NULL: none */
    const char *dir;      /* for its files */
    char **seeds;
    uint32_t nseeds;
    uint32_t last; /* the seed that was read; UINT32_MAX: it was none */
    uint32_t made; /* by Binaryen */
};

/* Every .wasm in and below path of at most 24 KiB; -1: it cannot be read. */
int source_add(struct source *s, const char *path);
/* Another module to begin with; false: none could be made this time. */
bool source_next(struct source *s, struct bytes *out);
/* The last one is no module. */
void source_reject(struct source *s);
void source_close(struct source *s);
bool bytes_read(struct bytes *b, const char *path);
bool bytes_write(const struct bytes *b, const char *path);

#endif
