/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pith-spec: runs converted WebAssembly test scripts (wast2json's format) and
 * hostile modules on the engine, through engine.h alone.
 *
 *   main.c     options, directory walk, the closing line
 *   isolate.c  one child process per file: a crash is that file's failure
 *   expect.c   the list of expected failures
 *   script.c   a script: modules, names, registry, commands
 *   thread.c   the commands thread and wait
 *   assert.c   actions and assertions
 *   value.c    JSON values to and from engine values
 *   host.c     the modules spectest and wasmtime; stubs for any import
 *   status.c   which ends are traps
 *   hostile.c  --hostile: load and run whatever is there
 *
 * The child reports through struct tally in memory shared with the parent.
 */
#ifndef PITH_SPEC_H
#define PITH_SPEC_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine.h"

/* ---- isolation -------------------------------------------------------- */

struct tally {
    unsigned passed, failed, skipped;
    int line;    /* of the command that runs now */
    size_t used; /* of text: "line\tsentence\n" for each failure */
    char text[1 << 18];
};

/* Adds a failure; printf-like. Beyond text's room it is only counted. */
void tally_fail(struct tally *t, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * Run fn(path, arg, t) in a child of at most seconds; a crash, a time-out and
 * more than max_mib of resident memory (0: any) are added to t as failures.
 * Returns the child's exit code (fn's result) or -1.
 */
int isolate(int (*fn)(const char *path, const void *arg, struct tally *t),
            const char *path, const void *arg, struct tally *t,
            unsigned seconds, unsigned max_mib);

/* A file in memory (malloc); NULL with errno set. */
uint8_t *file_read(const char *path, size_t *size);

/* ---- expected failures --------------------------------------------------- */

struct expect;

/* Reads FILE (NULL: an empty list); NULL with a message on stderr. */
struct expect *expect_load(const char *file);
void expect_free(struct expect *e);
/* Is the failure of path at line expected? Marks the entry as used. */
bool expect_failure(struct expect *e, const char *path, int line);
/* path's tests ran: entries for it must be used by the end. */
void expect_ran(struct expect *e, const char *path);
/* Prints entries that ran and did not fail; returns how many. */
unsigned expect_stale(const struct expect *e);

/* ---- scripts ------------------------------------------------------------- */

struct options {
    unsigned timeout; /* seconds a command may run */
    bool verbose;
    bool compile; /* compile only, skip what runs */
    bool strict; /* compare the text of traps too */
};

struct named { /* an instance under a name, or under a registered one */
    struct named *next;
    char *name;
    bool registered;
    bool foreign; /* another thread's: only shared memories can be had */
    struct engine_instance *instance;
};

struct definition {
    struct definition *next;
    char *name; /* NULL: none */
    struct engine_module *module;
};

struct script {
    const char *dir;
    const struct options *options;
    struct tally *tally;
    bool compile_only; /* wasm-tools: written for a validator */
    bool names_import; /* wasmtime: a module's name is importable */
    struct engine_store *store;
    struct host *host;
    struct named *named;
    struct definition *definitions;  /* latest first; owns every module */
    struct engine_instance *current; /* NULL after a failure */
    double deadline;                 /* CLOCK_MONOTONIC seconds */
    struct thread *threads;          /* started, not waited for */
};

/* isolate()'s fn for one X.json; arg is struct options. */
int script_run(const char *path, const void *arg, struct tally *t);
/* A store and host modules for s, whose other fields are set; and their end. */
bool script_open(struct script *s);
void script_close(struct script *s);
void script_command(struct script *s, json_t *cmd);
/* The instance called name, a foreign one too. */
struct engine_instance *script_any_instance(struct script *s, const char *name);
/* name is an instance of another thread's. */
void script_bind_foreign(struct script *s, const char *name,
                         struct engine_instance *instance);
void thread_start(struct script *s, json_t *cmd, int line);
void thread_wait(struct script *s, const char *name, int line);
void thread_wait_all(struct script *s);
/* The instance called name, or the current one for NULL. */
struct engine_instance *script_instance(struct script *s, const char *name);
/* Start the time limit of one command anew. */
void script_clock(struct script *s);

/* True when cmd is an action or a run-time assertion: it was run and counted.
 */
bool assert_run(struct script *s, const char *type, json_t *cmd, int line);
/* A trap proper, not exhaustion, exception, fuel, exit. */
bool status_is_trap(enum engine_status st);

/* ---- values ---- */

/* The JSON argument as a value of type; false when they do not agree. */
bool value_parse(json_t *v, const struct engine_valtype *type,
                 union engine_value *out);
/* Does got, of type, match the expected JSON value (patterns, either)? */
bool value_match(json_t *want, const struct engine_valtype *type,
                 const union engine_value *got);
/* For messages; appends to text. */
void value_print(char *text, size_t size, const struct engine_valtype *type,
                 const union engine_value *v);

/* ---- host modules
 * ------------------------------------------------------------ */

/* Lives as long as its store; NULL when out of memory. */
struct host *host_create(struct engine_store *s);
void host_free(struct host *h);
/* False when host modules hold no such thing. */
bool host_find(const struct host *h, const char *module, const char *name,
               struct engine_extern *out);
/* A thing of the type that the import asks for; false when there is none. */
bool host_stub(struct engine_store *s, const struct engine_port *p,
               struct engine_extern *out);

/* isolate()'s fn for one hostile .wasm; exit codes below. */
enum { HOSTILE_RAN = 10, HOSTILE_REFUSED = 11 };
int hostile_run(const char *path, const void *arg, struct tally *t);

#endif
