/* SPDX-License-Identifier: Apache-2.0 */
/* What engine.c, instance.c and gate.c share. */
#ifndef WEB_ENGINE_INTERNAL_H
#define WEB_ENGINE_INTERNAL_H

#include "module.h"

#define TRAP_FRAMES 40u

struct trap_frame { /* as JavaScript writes them; offset 0: not known */
    uint32_t func, offset;
    char name[56];
};

struct engine_func {
    struct engine_func *next; /* all of the store */
    const struct engine_functype *type; /* exports */
    uint32_t gate;
    bool is_export;
    char name[24];
};

struct engine_memory {
    struct engine_instance *instance; /* NULL: a shared one */
    uint64_t size; /* as a Worker that has it last saw it */
    uint32_t shared; /* what JavaScript knows it by; 0: not shared */
    bool is64; /* one of its own then, not the Worker's */
    struct engine_memory *next; /* of the store that made it */
};

struct engine_instance {
    struct engine_store *store;
    struct engine_module *module;
    uint16_t *gates; /* one an imported function */
    uint32_t ngates;
    struct engine_memory own;
    struct engine_memory *memory; /* own, a shared one, or NULL */
    uint8_t *snapshot;  /* of a forked one: memory->size bytes ... */
    uint64_t *globals;  /* ... and the mutable globals */
    uint32_t elements;  /* of its table 0 */
};

enum { POLL_NOW = 1, POLL_LATER }; /* later: in a loop, not at a gate */

struct engine_store {
    void *user;
    struct thread *thread; /* whose it is */
    uint64_t memory_bytes; /* quota; 0: none */
    enum engine_status (*poll)(struct engine_store *s, void *user);
    struct cpu *cpu; /* where it runs; NULL: not begun, or taken away */
    _Atomic uint32_t interrupt; /* 0, POLL_ ... */
    bool may_throw; /* in a poll: an exception would find its handler */
    enum engine_status unwinding; /* on its way from a gate to engine_call */
    struct engine_func *funcs;
    struct engine_instance *instance;
    struct engine_memory *memories; /* shared ones that it made */
    struct loads *loads; /* load.c; NULL: there were none */
    struct trap_frame trap[TRAP_FRAMES];
    struct engine_frame frames[TRAP_FRAMES];
    uint32_t nframes;
};

void instance_destroy(struct engine_instance *i); /* NULL is fine */
void memories_destroy(struct engine_memory *first);
void loads_finish(struct engine_store *s);

/* gate.c */
int gate_find(engine_host_fn *fn, void *env); /* -1: there is none */
/* To user code: mode USER, unless the poll says how to end instead. */
enum engine_status gate_leave(struct cpu *c, struct engine_store *s);
/* And back. Does not return when the CPU has been declared dead. */
void gate_enter(struct cpu *c);
_Noreturn void gate_rethrow(struct cpu *c);

#endif
