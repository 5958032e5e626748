/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel in a browser. One shared memory; every Worker instantiates the
 * same kernel.wasm on it, and beside it, in a memory of its own, the program of
 * the process that it runs.
 *
 *     page (main thread)     never waits; makes Workers, forwards messages
 *       |
 *     Worker = CPU           task after task: a process's, or the kernel's own
 *       program <-- its memory
 *       kernel  <-- the shared memory; blocks by memory.atomic.wait32
 *       |
 *     storage Worker         SQLite over one OPFS file (storage.h)
 *
 * A CPU's mode says who may do what with the Worker:
 *
 *     IDLE --task--> KERNEL <--system call, return--> USER
 *                                                      | the killer
 *                                  (unwinds or is      v
 *                     IDLE <------- terminated) ----- DEAD
 *
 * Only the Worker itself leaves KERNEL, so nobody is ever stopped while it
 * holds a lock. A USER that must die is made DEAD by compare-and-swap; it can
 * not come back into the kernel (its way in is a compare-and-swap, too), so
 * another Worker may clean up for it at once. The page gives it a moment to
 * notice before it is terminated.
 */
#ifndef WEB_WEB_H
#define WEB_WEB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../engine/engine.h"
#include "host.h"

#define WEB_CPUS 160u             /* Workers that can exist at a time */
#define WEB_TASKS 112u            /* tasks: Chromium has 124 memories to give */
#define WEB_CPU_AREA (256u << 10) /* thread-local data and C stack of each */
#define WEB_NO_GATE UINT32_MAX     /* it has called nothing yet */
#define WEB_MEMORY_MAX (1u << 30) /* also in host/web/web.mk */

/* Defines a function that JavaScript calls: EXPORT(type, name, parameters). */
#define EXPORT(type, name, ...)                                                \
    type name(__VA_ARGS__);                                                    \
    __attribute__((export_name(#name))) type name(__VA_ARGS__)
#define IMPORT(name)                                                           \
    __attribute__((import_module("host"), import_name(#name)))

/* ---- lock.c: a lock of one word; not for the main thread ---------------- */

struct web_lock {
    _Atomic uint32_t word; /* 0 free, 1 held, 2 held and wanted */
};
void web_lock(struct web_lock *l);
void web_unlock(struct web_lock *l);
/* Sleep while *word == value; false when the time has come. */
bool web_wait(_Atomic uint32_t *word, uint32_t value, uint64_t deadline_ns);
void web_wake(_Atomic uint32_t *word, uint32_t how_many);

/* ---- task.c --------------------------------------------------------------- */

enum cpu_mode { CPU_IDLE, CPU_KERNEL, CPU_USER, CPU_DEAD };

struct cpu {
    _Alignas(64) _Atomic uint32_t mode;
    uint32_t id;
    uint32_t locks; /* held by it */
    uint32_t job;   /* the page's number for what it runs */
    struct host_task *task;
    struct engine_store *store; /* whose program runs here; NULL */
    uint32_t shared;            /* memory of that program, for its threads; 0 */
    uint32_t gate;              /* of its last call: web_gates */
};

struct cpu *cpu_self(void);
/* The program on c is to end, now: c->mode has been made DEAD. Its task gets
 * another Worker, which calls main. Lock held. */
void task_take(struct cpu *c, void (*main)(void *));
/* This Worker has been declared dead while its program ran. */
_Noreturn void cpu_gone(void);
struct cpu *task_cpu(struct host_task *t);
/* For state.c: of any CPU, and without a lock. */
const struct cpu *cpu_at(uint32_t id);
bool task_parked(const struct host_task *t);

/* ---- probe.c: an exception, unless the kernel has stack enough ------------- */

void web_probe(void);

/* ---- tell.c: what the page is told, in order ----------------------------- */

enum web_news { /* machine.js has the same */
    NEWS_NONE,
    NEWS_OUTPUT,   /* data: of the console */
    NEWS_CAPTURED, /* pid, fd, data: written by a program that the page runs */
    NEWS_SPAWNED,  /* pid: such a program begins */
    NEWS_EXITED,   /* pid, status: the program itself */
    NEWS_PROCESS,  /* pid, parent, status or -1 (begins), name */
    NEWS_CHANGED,  /* enum vfs_change, path */
    NEWS_START,    /* task, whether it needs a memory, which shared one */
    NEWS_KILL,     /* CPU, job: it is dead, and is to stop. It may have noticed,
                    * and run something else, before the page hears of it */
    NEWS_DROP,     /* id of a module: nobody needs it any more */
    NEWS_FORGET,   /* id of a shared memory: the same */
    NEWS_PART,     /* bytes of the NEWS_NET that follows */
    NEWS_NET,      /* enum net_message, connection, how many bytes are text */
    NEWS_API,      /* the request of api.c is done */
    NEWS_LOG,      /* text */
    NEWS_BOOTED,
    NEWS_HALT, /* exit code */
};

#define NEWS_MAX 8192u /* bytes of data */

/* At most NEWS_MAX of data. Waits for the page if need be, with the caller's locks:
 * who can do without them calls web_tell_room first, which leaves half of the
 * ring to those who cannot. */
void web_tell(enum web_news what, int a, int b, int c, const void *data,
              size_t n);
void web_tell_room(void);
/* Waits until the page has the shared memory of this id, which it is sent by a
 * message; one memory at a time. */
void web_tell_memory(uint32_t id);

/* ---- heap.c, host.c ---------------------------------------------------------- */

uintptr_t web_heap_begin(void);

/* ---- engine.c ---------------------------------------------------------------- */

/* By the gates (web_gates.c): system call n of the table. */
uint64_t web_gate(uint32_t n, uint64_t *slots);
struct web_gate {
    const char *module, *name, *signature;
    engine_host_fn *fn;
    void *env;
};
extern struct web_gate web_gates[];
extern const uint32_t web_gates_count;
/* Once all ABIs are registered: find what is behind each gate. */
void web_gates_init(void);

/* ---- console.c, events.c, store.c, boot.c ----------------------------------------------- */

int web_console_start(void);
int web_api_start(void);
void web_events_start(void);
struct store_backend;
struct store_backend *web_store(void);
/* For api.c, without the kernel lock: op of storage.h on a buffer. */
int web_store_ask(uint32_t op, uint64_t offset, void *out, uint32_t room);

#endif
