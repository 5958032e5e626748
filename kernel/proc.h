/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes.
 *
 *     CREATED --> RUNNING <--> BLOCKED           spawn/fork make CREATED;
 *                    |  ^          |             stopped is a flag beside it
 *                    v  |          v
 *                 TERMINATED (zombie until waited for)
 *
 * A process is a host task that runs an engine instance, its first thread, and
 * maybe more of them (thread.h). Everything here is under the kernel lock, but
 * for the fields marked (own): only the first thread touches them while it runs.
 */
#ifndef KERNEL_PROC_H
#define KERNEL_PROC_H

#include <stdbool.h>
#include <stdint.h>

#include "../engine/engine.h"
#include "cap.h"
#include "file.h"
#include "thread.h"
#include "wait.h"
#include "../abi/pith/abi.h"

struct dentry_path;
struct tty;

enum proc_state { PROC_CREATED, PROC_RUNNING, PROC_BLOCKED, PROC_TERMINATED };

/*
 * A session. When its leader ends, and only then, call tty_session_exit()
 * (tty.h): it hangs the terminal up.
 */
struct session {
    uint32_t refs;
    int32_t sid;
    struct tty *tty; /* controlling terminal, or NULL */
};
struct session *session_ref(struct session *s);
void session_unref(struct session *s); /* NULL is fine */

struct cred {
    uint32_t ruid, euid, suid, rgid, egid, sgid;
    uint32_t ngroups, groups[PITH_NGROUPS];
};

struct signals {
    uint64_t pending;  /* bit n-1 is signal n */
    uint64_t blocked;
    uint64_t saved_mask;   /* sigsuspend, poll: restore after the handler */
    bool restore_mask;
    struct pith_sigaction action[PITH_NSIG];
};

struct proc {
    struct thread main;                /* the first thread, and the others */
    /* identity */
    int32_t pid, pgid;
    struct proc *parent;
    struct proc *children, *sibling;   /* singly linked */
    struct proc *next, *prev;          /* all processes, by pid */
    struct proc *hash_next;            /* proc.c: pid table */
    struct session *session;
    struct cred cred;
    struct grants *grants;             /* by cap_set_grants only ... */
    _Atomic uint32_t cap_bits;         /* ... which keeps this: bit per cap */
    struct app *app;                   /* app.h */
    char name[32];                     /* basename of the program */
    char *args;                        /* NUL-separated argv, argc strings */
    size_t args_len;
    uint32_t argc;
    char *env;                         /* NUL-separated environment */
    size_t env_len;
    uint32_t envc;
    char *exe;                         /* absolute path of the program */

    /* state */
    enum proc_state state;
    bool stopped, continued, stop_reported;
    int32_t stop_signal;
    int32_t status;                    /* wait status once TERMINATED */
    bool dying;                        /* must unwind at the next chance */
    _Atomic uint32_t attention;        /* non-zero: look at signals and dying
                                        * before going back to user code */
    struct wait_queue child_wait;      /* parent sleeps here in wait() */
    struct wait_queue stop_wait;       /* a stopped process sleeps here */
    struct signals sig;
    uint32_t handlers_running;         /* (own) nested signal handlers */
    uint32_t jump_due; /* (own) a handler jumped: polls left to try it soon */
    struct timer itimer;               /* ITIMER_REAL */
    uint64_t itimer_interval_ns;

    /* files */
    struct fd_table fds;
    struct dentry_path *cwd, *root;
    uint32_t umask;

    /* limits and accounting */
    struct pith_rlimit rlimit[PITH_RLIMIT_COUNT];
    uint64_t fuel;                     /* UINT64_MAX: none */
    uint64_t deadline_ns;              /* kill at; HOST_FOREVER: never */
    int32_t nice;
    uint64_t start_ns, cpu_ns; /* cpu_ns: once ended; see proc_cpu_ns */
    /* of threads that have ended */
    uint64_t ended_cpu_ns, ended_switches, ended_syscalls;
    struct pith_rusage usage, children_usage;
    bool traced;                       /* print an strace */
    bool out_of_time;                  /* killed for fuel, deadline or cpu */
    uint64_t cpu_warned_s;             /* the last SIGXCPU */
    struct timer limit_timer;          /* at deadline_ns */
    uint32_t denials;                  /* refused uses of capabilities ... */
    char denied[96];                   /* ... the last one */
    uint64_t audit_key, audit_ns;      /* audit.c: the last record, and ... */
    uint32_t audit_alike;              /* ... how often the same came again */
    bool regranted;                    /* begin a call that waits anew */
    uint64_t throttled_cpu_ns;         /* (own) app_throttle: counted so far */

    /* execution */
    bool ready;                        /* the task may begin */
    bool forked;                       /* begins at __pith_fork_child */
    bool young;                        /* proc_grown() is to come */
    int32_t last_tid;
    struct engine_memory *memory;      /* user memory; with threads: shared */
    struct engine_memory **imported;   /* memories made for imports, by number;
                                        * they live as long as main's store */
    struct exec_image *pending_exec;   /* exec() asked: replace when unwound */
    struct exec_args *pending_args;    /* with it */
    struct exec_image *image;          /* what runs now */
    struct report trouble;             /* why it ended badly */
    char *trap_trace;                  /* wasm backtrace text of a trap; or NULL */
    void (*on_exit)(struct proc *p, void *ctx); /* for the host; lock held */
    void (*on_trap)(struct proc *p, void *ctx); /* own task, no lock, the store
                                                 * as the trap left it */
    void *on_exit_ctx;                          /* of both */
};

/* What to start and how; strings and arrays are copied. */
struct proc_spec {
    const char *path;            /* in the kernel's name space, or NULL ... */
    const uint8_t *bytes;        /* ... then this module (must outlive it) */
    size_t size;
    const struct engine_file *file; /* ... of this file, or NULL */
    const char *const *argv, *const *envp; /* NULL-terminated */
    struct grants *grants;       /* NULL: the parent's */
    struct file *stdio[3];       /* NULL: inherit / none; the process takes
                                  * references of its own */
    const char *cwd;             /* NULL: the parent's, or / */
    uint64_t memory_bytes, fuel, deadline_ns; /* 0 / 0 / 0: no limit */
    bool traced;
    bool new_session;
    void (*on_exit)(struct proc *p, void *ctx);
    void (*on_trap)(struct proc *p, void *ctx);
    void *on_exit_ctx;
};

/*
 * Start the first process or one for the host (parent NULL: no parent).
 * Lock held; blocks while the file is read. pid or -E_; *report has a sentence.
 */
int proc_start(struct proc *parent, const struct proc_spec *spec,
               struct proc **out, struct report *report);
struct proc *proc_find(int32_t pid); /* borrowed; NULL */
/* The process whose task is running; NULL in the kernel's own tasks. */
struct proc *proc_current(void);
struct proc *proc_first(void);       /* all, ascending pid: p = p->next */
uint32_t proc_count(void);
/*
 * A forked child goes first: its parent returns from fork once it has blocked,
 * called exec or ended, or has had a CPU for a while. Until then it is young. What
 * a shell does before anything else in a child is to take back the signals that
 * it ignores itself; `sleep 9 & kill %1` would come too early for that.
 */
void proc_grown(struct proc *p);

/*
 * The deadline of a call that waits for `after_ns` from now. A call that is run
 * again (after SIGSTOP and SIGCONT, say) gets the same deadline as at first.
 * Once per call. HOST_FOREVER stays so.
 */
uint64_t proc_deadline(struct proc *p, uint64_t after_ns);
/* CPU time so far of all threads; lock held, or p's only thread. */
uint64_t proc_cpu_ns(const struct proc *p);
/* p's use of things so far. Lock held. */
void proc_usage(const struct proc *p, struct pith_rusage *out);
/* By p's own tasks now and then, without the lock: bring p->usage up to date. */
void proc_account(struct proc *p);
/* End p from outside, as if by signal sig that it cannot handle; *why (may be
 * NULL) becomes p->trouble. Lock held. */
void proc_kill(struct proc *p, int sig, const char *why);

/* Signals (signal.c); lock held. */
void signal_send(struct proc *p, int sig);
int signal_send_group(int32_t pgid, int sig); /* -E_SRCH */
bool signal_pending(struct proc *p); /* the running one: -E_INTR? */
/* p, a forked child, is no longer young: see signal.c. */
void signal_decided(struct proc *p);
/* The pending signal that ends p, which has no say in it; 0: none. */
int signal_fatal(const struct proc *p);

/*
 * The end of the calling process: records the status and returns the engine
 * status to unwind with (ENGINE_EXIT). Used by exit calls of all ABIs.
 */
enum engine_status proc_exit(struct proc *p, int code);

/*
 * Every host function of every ABI calls this last, without the lock, when
 * p->attention is set: delivers signals, stops, dies. ENGINE_OK to continue.
 */
enum engine_status proc_leave_kernel(struct proc *p);
/*
 * For hosts that cannot interrupt a program: the main of the task of a process
 * whose program was taken off its machine while it ran user code, because p is
 * dying or signal_fatal(p). It only cleans up.
 */
void proc_taken(void *arg);
/* For a host that tells of processes; NULL: nobody asks. When it begins, and at
 * its end (TERMINATED). Lock held. */
extern void (*proc_watch)(const struct proc *p);
/* At a poll point: leave the interrupted code by the jump that a signal handler
 * made (__pith_throw), if its exception can be thrown here; else a later one. */
enum engine_status proc_jump(struct proc *p);
/* The same, telling a call that gave -E_INTR whether to run once more: no
 * handler ran (and nothing asked to end), or, if with_handlers, all that did
 * have SA_RESTART. */
enum engine_status proc_leave_call(struct proc *p, bool with_handlers,
                                   bool *again);

#endif
