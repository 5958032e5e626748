/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The `pith` program: what its files share.
 *
 *     main.c     which command; --help, --version
 *     options.c  arguments --> struct cli_options, grants
 *     run.c      pith run: one program on a kernel of its own
 *     boot.c     pith: the whole system
 *     compile.c  pith compile: a program ahead of time
 *     inspect.c  pith inspect: what a file is and needs (needs.c)
 *     web.c      pith web: the browser's system on localhost (web_file.c)
 *     output.c   files that pith writes itself: profiles, coredumps
 *     profile.c  --profile: sampling (kernel/profile.h) on and off
 *     flame.c    a profile as a flame graph and folded stacks (flame.h)
 *     manifest.c manifests: pith check, and what they mean for pith run
 *     serve.c    pith serve: its configuration; the system without a console
 *     listen.c   the sockets that it listens on
 *     control.c  pith ps, logs, ... over the control socket
 *     sign.c     pith key, sign, verify; --signed
 *     record.c   --record and --audit: what was used, what was refused
 *     explain.c  pith explain: imports, capabilities, the lines to add
 *     module.c   program files: open, map, refuse with a sentence
 *     signals.c  the host's signals, as a kernel task
 *     host.c     mounts of host directories
 *     error.c    cli_error
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "../engine/debug.h"
#include "../lib/report.h"

/* Exit codes, besides the program's own and 128 + signal. */
enum {
    EXIT_USAGE = 2,
    EXIT_TIME = 124,    /* out of time or fuel */
    EXIT_REFUSED = 126, /* found, but cannot or may not run */
    EXIT_NOT_FOUND = 127,
    EXIT_TRAP = 134,
};

/* A host directory and where it appears. */
struct cli_dir {
    char *host;
    char *guest;      /* as given; what a preopen is called */
    char place[4096]; /* absolute, normalised: where it is mounted */
    bool readonly;
};

struct cli_options {
    /* both */
    struct cli_dir *dirs; /* --dir, --mount */
    uint32_t ndirs;
    /* run */
    char **env; /* NULL-terminated K=V */
    uint32_t nenv;
    char *grants; /* text, one grant a line; files are in dirs */
    bool grant_all;
    const char *manifest;  /* --manifest FILE, or the one beside the program */
    bool signed_only;      /* --signed; --trust DIR */
    const char *trust;
    bool no_manifest;      /* --no-manifest: not even that */
    char home[128];        /* the app's own directory, if it has one */
    char *manifest_grants; /* once read: text as above; NULL: none */
    const char *record;    /* write what sufficed as a manifest; NULL: no */
    const char *audit;     /* append the audit log; NULL: no */
    uint64_t memory_bytes, fuel, timeout_ns; /* 0: no limit */
    bool trace, stats, deterministic, tier_given;
    const char *profile;  /* the flame graph's file; NULL: none. Boot too */
    const char *coredump; /* where to; NULL: none */
    bool perf_map;        /* boot too */
    uint64_t all_memory;  /* of all programs together; 0: the usual. Boot too */
    const char *file;
    char **args; /* argv of the program, args[0] is file; NULL-term. */
    /* boot */
    const char *root, *image, *command;
    bool ephemeral;
    bool serve;          /* no console */
    const char *control; /* the control socket; NULL: serve's default, or none */
    const char *config;  /* pith serve CONFIG, and what it or options say: */
    const char *metrics, *log, *apps;
    /* inspect */
    bool disasm, ir;
    const char *func; /* NULL: all */
};

/* Fill o from argv[first..]. false: said what is wrong, exit with EXIT_USAGE.
 */
bool cli_parse_run(struct cli_options *o, int argc, char **argv, int first);
bool cli_parse_boot(struct cli_options *o, int argc, char **argv, int first);
bool cli_parse_inspect(struct cli_options *o, int argc, char **argv, int first);
void cli_options_finish(struct cli_options *o);
/* "64M" and so on; false when it is none. */
bool cli_parse_size(const char *s, uint64_t *out);

/* "pith: ..." on stderr, one line. */
void cli_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Text and files of the engine's to standard output, to a file. */
struct engine_sink cli_stdout(void);
struct engine_sink cli_sink(FILE *f);
/* Open a file that an option asks for; NULL: said why not. */
FILE *cli_create(const char *option, const char *name);
/* The same for what nobody else is to read; what is in it stays for now. *made:
 * it was not there before. */
FILE *cli_create_private(const char *option, const char *name, bool *made);
/* Close it; false: said that it is not complete. */
bool cli_close(FILE *f, const char *name);

/* --profile and --perf-map: before the kernel starts (false: said why not,
 * EXIT_REFUSED), and when it has ended. */
bool cli_profile_start(const struct cli_options *o);
void cli_profile_end(const struct cli_options *o);

/* A program file in memory. */
struct cli_module {
    const uint8_t *bytes;
    size_t size;
    struct engine_file file;
};
/* 0, or the exit code, having said why. */
int cli_module_open(const char *file, struct cli_module *out);
/* What went wrong with loading it, made into one sentence for a person. */
void cli_module_refused(const char *file, const struct cli_module *m, int error,
                        const struct report *report);

/* Grants as text for o: its dirs, its --cap, its --net. malloc'ed. */
char *cli_grants_text(const struct cli_options *o);

/* Compiled code is kept in $XDG_CACHE_HOME/pith or ~/.cache/pith. */
void cli_default_cache(void);
int cli_compile(int argc, char **argv); /* argv[0] is "compile" */
int cli_run(int argc, char **argv); /* argv[0] is "run" */
/* The same, parsed: run it to its end and return the exit code. ABIs that the
 * caller registered before are there too. Once per host process. */
int cli_run_options(const struct cli_options *o);
int cli_inspect(int argc, char **argv);           /* argv[0] is "inspect" */
int cli_check(int argc, char **argv);             /* argv[0] is "check" */
int cli_explain(int argc, char **argv);           /* argv[0] is "explain" */

struct manifest;
/* Read a manifest file, whichever kind; manifest_finish() is due if true. false:
 * said what is wrong. */
bool cli_manifest_read(const char *file, struct manifest *m);
/* The vyoma.toml beside a program that names it, malloc'ed; NULL: none. */
char *cli_manifest_beside(const char *program);
/* o's manifest, if it has or finds one, becomes grants, limits and the app's own
 * directory. false: said what is wrong. */
bool cli_manifest_apply(struct cli_options *o);
struct grants;
/* pith serve, and the commands that talk to it: argv[0] is the command. */
int cli_serve(int argc, char **argv);
int cli_control(int argc, char **argv);
/* A listening socket at o->control or the default; -1: said why not. */
int cli_control_listen(const struct cli_options *o);
/* The same for o->metrics: a path, or a loopback address and port. */
int cli_metrics_listen(const struct cli_options *o);
void cli_control_remove(void); /* their names, at the end */
int cli_key(int argc, char **argv);
int cli_sign(int argc, char **argv);
int cli_verify(int argc, char **argv);
/* Is file, and what belongs to it, signed by a key in trust (NULL: the usual
 * places)? Whose goes to who. false: said why not. */
bool cli_verify_file(const char *file, const char *trust, char *who,
                     size_t room);
/* pith run --record: lock held, before the program starts; and once it has
 * ended. false: said why the file could not be written. */
void cli_record_start(void);
bool cli_record_finish(const struct cli_options *o);
/* pith run --audit: false: said why it cannot be appended to. */
bool cli_audit_start(const char *file);
/* As by --dir HOST::GUEST. */
bool cli_add_dir(struct cli_options *o, const char *host, const char *guest);
/* As by --mount HOST::GUEST[:ro]. */
bool cli_add_mount(struct cli_options *o, const char *spec);
int cli_web(int argc, char **argv);               /* argv[0] is "web" */
int cli_boot(int argc, char **argv);              /* argv[0] is "pith" */
int cli_boot_options(struct cli_options *o);      /* the same, parsed */
bool cli_boot_began(void); /* did the first program start? */
/* Registers what else the machine has, in the boot task; NULL: nothing. */
extern void (*cli_boot_devices)(void);
/* topic NULL: the overview, which also stands in for an unknown one (false). */
bool cli_help(const char *topic, bool to_stderr);

/*
 * Before posix_run: block the signals that cli_signals_start will take, in all
 * threads to come, and ignore SIGPIPE.
 */
void cli_signals_block(void);
/* In a task, lock held: from now on fn(signal) is called for SIGINT, SIGTERM,
 * SIGHUP, SIGQUIT and SIGUSR1/2 in a task of its own, lock held. */
int cli_signals_start(void (*fn)(int host_signal));

/* Lock held, kernel_init done, root mounted: mount all dirs but one at "/".
 * 0, or -E_ having said why. */
int cli_mount_dirs(const struct cli_options *o);
/* The file system to be the root: the directory given as "/", or a tmpfs. */
struct fs;
int cli_root_fs(const struct cli_options *o, struct fs **out);

#endif
