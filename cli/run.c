/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pith run: a kernel for one program.
 *
 *     boot task: kernel_init, root, mounts, ABIs --> proc_start(FILE)
 *     its end:   on_exit notes what happened --> kernel_shutdown
 *     after posix_run: say it, and exit with the code
 *
 * Nothing is set up that the program was not granted: its root is empty, or
 * the directory given as "/".
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../abi/enter.h"
#include "../abi/wasi_p1/preopen.h"
#include "cli.h"
#include "exec.h"
#include "hoststdio.h"
#include "main.h"
#include "memory.h"
#include "needs.h"
#include "pith_errno.h"
#include "posix.h"
#include "terminal.h"
#include "vfs.h"

static struct run {
    const struct cli_options *o;
    struct cli_module module;
    struct proc *proc;
    int code; /* when it could not be started */
    /* what on_exit noted */
    bool ended, out_of_time;
    int status;
    char *trouble, *trace, *denied;
    struct pith_rusage usage;
    uint64_t start_ns, end_ns, fuel;
    FILE *core; /* the coredump's file, opened before anything runs */
    bool core_made, core_written;
} run;

static void
on_exit_note(struct proc *p, void *ctx)
{
    (void)ctx;
    run.ended = true;
    run.proc = NULL;
    run.status = p->status;
    run.out_of_time = p->out_of_time;
    run.usage = p->usage;
    run.end_ns = host_mono_ns();
    if (p->main.store)
        run.fuel = engine_store_fuel_used(p->main.store);
    if (p->trouble.text[0])
        run.trouble = strdup(p->trouble.text);
    if (p->trap_trace)
        run.trace = strdup(p->trap_trace);
    if (p->denials)
        run.denied = strdup(p->denied);
    kernel_shutdown(0);
}

static void
on_trap_dump(struct proc *p, void *ctx)
{
    struct engine_sink to = cli_sink(run.core);
    struct thread *t = thread_self(p);
    int r;

    (void)ctx;
    if (!t->store || !t->instance)
        return;
    run.core_written = true;
    if (ftruncate(fileno(run.core), 0) < 0) /* a device, perhaps: as it is */
        errno = 0;
    r = engine_coredump(t->store, run.o->file, &to);
    if (r == -E_2BIG)
        cli_error("%s: its memory is too large for a coredump: the first part "
                  "is there",
                  run.o->coredump);
    else if (r < 0 && r != -E_IO)
        cli_error("%s: %s", run.o->coredump, pith_errno_text(r));
}

/* Host signals are the program's: Linux's numbers are ours. */
static void
on_host_signal(int sig)
{
    if (run.proc)
        signal_send_group(run.proc->pgid, sig);
}

static int
mount_system(const struct cli_options *o)
{
    /* With everything granted the usual places exist, where they can. */
    static int (*const create[])(struct fs **) = {devfs_create, procfs_create};
    static const char *const places[] = {"/dev", "/proc"};
    for (int i = 0; o->grant_all && i < 2; i++) {
        struct fs *fs;
        int r = create[i](&fs);
        if (r < 0)
            return r;
        r = vfs_mount(NULL, fs, places[i] + 1, places[i], 0, o->ndirs == 0);
        if (r < 0 && r != -E_NOENT)
            return r;
    }
    return 0;
}

static bool
set_up(const struct cli_options *o)
{
    struct fs *root;
    int r = kernel_init();
    if (r == 0)
        r = cli_root_fs(o, &root);
    if (r == 0)
        r = vfs_init(root, "root");
    if (r == 0 && cli_mount_dirs(o) < 0)
        return false; /* it has said why */
    if (r == 0)
        r = mount_system(o);
    for (uint32_t i = 0; i < o->ndirs && r == 0; i++)
        r = wasi_preopen_alias(o->dirs[i].place, o->dirs[i].guest);
    if (r == 0)
        r = cli_signals_start(on_host_signal);
    wasi_p1_register();
    pith_abi_register();
    if (r < 0)
        cli_error("cannot set up a kernel for %s: %s", o->file,
                  pith_errno_text(r));
    return r == 0;
}

static struct grants *
make_grants(const struct cli_options *o, struct report *report)
{
    struct grants *g = NULL;
    char *text = cli_grants_text(o);
    if (text && !o->grant_all)
        grants_parse(text, strlen(text), &g, report);
    else if (text && (g = grants_create()) && grants_add_all(g) < 0) {
        grants_unref(g);
        g = NULL;
    }
    free(text);
    if (!g)
        report_set(report, 0, "out of memory");
    return g;
}

/* Where the program is: in its own directory, by its manifest; or where we are, when a directory in there is granted by
 * its own name, so that names mean the same to it as to who types them. */
static const char *
working_directory(const struct cli_options *o)
{
    static char here[4096];
    size_t n;

    if (o->home[0])
        return o->home;
    if (!getcwd(here, sizeof here))
        return NULL;
    n = strlen(here);
    for (uint32_t i = 0; i < o->ndirs; i++) {
        const struct cli_dir *d = &o->dirs[i];
        if (strcmp(d->guest, d->host) == 0 &&
            strncmp(d->place, here, n) == 0 &&
            (d->place[n] == '/' || !d->place[n]))
            return here;
    }
    return NULL; /* the root */
}

static int
start(const struct cli_options *o, struct report *report)
{
    static const char *const no_env[] = {NULL};
    struct proc_spec spec = {
        .bytes = run.module.bytes,
        .size = run.module.size,
        .file = &run.module.file,
        .argv = (const char *const *)o->args,
        .envp = o->env ? (const char *const *)o->env : no_env,
        .grants = make_grants(o, report),
        .memory_bytes = o->memory_bytes,
        .fuel = o->fuel,
        .deadline_ns = o->timeout_ns ? host_mono_ns() + o->timeout_ns : 0,
        .cwd = working_directory(o),
        .traced = o->trace,
        .new_session = true,
        .on_exit = on_exit_note,
        .on_trap = o->coredump ? on_trap_dump : NULL,
    };
    if (o->record)
        cli_record_start();
    if (!spec.grants) {
        cli_error("%s", report->text);
        return -E_INVAL;
    }
    for (int i = 0; i < 3 && cap_has(spec.grants, CAP_STDIO); i++)
        spec.stdio[i] = host_stdio_file(i);
    int r = proc_start(NULL, &spec, &run.proc, report);
    if (r == -E_NOTCAPABLE)
        needs_refuse(o->file, spec.bytes, spec.size, spec.grants);
    else if (r < 0)
        cli_module_refused(o->file, &run.module, r, report);
    for (int i = 0; i < 3; i++)
        file_put(spec.stdio[i]);
    grants_unref(spec.grants);
    return r;
}

static void
boot(void *arg)
{
    struct report report = {0};
    const struct cli_options *o = arg;

    if (!set_up(o) || start(o, &report) < 0) {
        run.code = EXIT_REFUSED;
        kernel_shutdown(0);
    }
    host_task_exit();
}

static void
print_stats(void)
{
    double wall = (double)(run.end_ns - run.start_ns) * 1e-9;
    fprintf(stderr,
            "time:         %.6f s (cpu %.6f s)\n"
            "fuel:         %" PRIu64 " calls and loop iterations\n"
            "memory:       %" PRIu64 " bytes at most\n"
            "system calls: %" PRIu64 "\n",
            wall, (double)(run.usage.utime_ns + run.usage.stime_ns) * 1e-9,
            run.fuel, run.usage.maxrss, run.usage.syscalls);
}

/* A call that was refused may be why it failed; say what would have helped. */
static void
say_denied(const char *file)
{
    char flag[64];
    if (strncmp(run.denied, "fs ", 3) == 0) {
        cli_error("%s was refused the file %s; to grant its directory: "
                  "pith run --dir HOST::GUEST, without :ro if it is to "
                  "be written",
                  file, run.denied + 3);
        return;
    }
    int n = (int)strcspn(run.denied, " ");
    if (strncmp(run.denied, "net", 3) == 0)
        snprintf(flag, sizeof flag, "--net");
    else
        snprintf(flag, sizeof flag, "--cap %.*s", n, run.denied);
    cli_error("%s was refused %s; to grant it: pith run %s", file, run.denied,
              flag);
}

/* What the program's end means for ours. */
static int
verdict(const struct cli_options *o)
{
    int sig = run.status & 0x7f;
    if (run.out_of_time) {
        cli_error("%s: %s", o->file, run.trouble ? run.trouble : "out of time");
        return EXIT_TIME;
    }
    if (run.trace && !run.trace[0]) { /* it did not get as far as running */
        cli_error("%s: %s%s", o->file, run.trouble ? run.trouble : "trapped",
                  o->memory_bytes ? "; try: a larger --max-memory" : "");
        return EXIT_REFUSED;
    }
    if (run.trace) {
        fprintf(stderr, "trap: %s\n%s", run.trouble ? run.trouble : "unknown",
                run.trace);
        return EXIT_TRAP;
    }
    if (sig == 0 && run.status == 0)
        return 0;
    if (run.denied)
        say_denied(o->file);
    if (run.trouble)
        cli_error("%s: %s", o->file, run.trouble);
    return sig ? 128 + sig : run.status >> 8 & 0xff;
}

/* Without a trap there is no coredump, nor an empty file. */
static int
finish_core(const struct cli_options *o, int code)
{
    if (!run.core)
        return code;
    if (!run.core_written) {
        fclose(run.core);
        if (run.core_made)
            remove(o->coredump);
    } else if (cli_close(run.core, o->coredump)) {
        cli_error("coredump written; try: pith inspect %s", o->coredump);
    }
    run.core = NULL;
    return code;
}

static int
run_kernel(const struct cli_options *o)
{
    int r;

    if (o->audit && !cli_audit_start(o->audit))
        return EXIT_REFUSED;
    cli_signals_block();
    run.start_ns = host_mono_ns();
    if (o->all_memory)
        memory_limit_set(o->all_memory);
    r = posix_run(boot, (void *)(uintptr_t)o);
    terminal_restore();
    if (r < 0)
        cli_error("cannot start a kernel: %s", pith_errno_text(r));
    if (r < 0 || !run.ended)
        return run.code ? run.code : EXIT_REFUSED;
    r = verdict(o);
    if (o->stats)
        print_stats();
    if (o->record && !cli_record_finish(o))
        r = EXIT_REFUSED;
    return r;
}

/* Before anything is loaded. When code becomes better in the background, and so
 * when it polls, is chance. */
static void
make_deterministic(const struct cli_options *o)
{
    engine_option("--canonical-nan");
    if (!o->tier_given)
        engine_option("--tier=jit");
    posix_random_seed(1);
}

int
cli_run_options(const struct cli_options *o)
{
    run.o = o;
    if (o->deterministic)
        make_deterministic(o);
    int r = cli_module_open(o->file, &run.module);
    if (r)
        return r;
    if (o->coredump &&
        !(run.core = cli_create_private("--coredump", o->coredump,
                                        &run.core_made)))
        return EXIT_REFUSED;
    if (!cli_profile_start(o))
        return finish_core(o, EXIT_REFUSED);
    r = run_kernel(o);
    cli_profile_end(o);
    return finish_core(o, r);
}

int
cli_run(int argc, char **argv)
{
    struct cli_options o = {0};
    int r = EXIT_USAGE;
    if (cli_parse_run(&o, argc, argv, 1))
        r = cli_manifest_apply(&o) ? cli_run_options(&o) : EXIT_REFUSED;
    cli_options_finish(&o);
    return r;
}
