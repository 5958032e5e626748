/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pith: the whole system on this terminal.
 *
 *     root:  the store in one file (made from the system image at the first
 *            boot), or a fresh one in memory
 *     pid 1: /sbin/init on the console, or with -c a shell whose standard
 *            files are ours, and then the system ends with it
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../abi/enter.h"
#include "../abi/wasi_p1/preopen.h"
#include "call.h"
#include "cli.h"
#include "console.h"
#include "hoststdio.h"
#include "main.h"
#include "memory.h"
#include "pith_errno.h"
#include "posix.h"
#include "store_sqlite.h"
#include "tty.h"
#include "vfs.h"

#define PATH_ROOM 4096

static struct boot {
    const struct cli_options *o;
    char root[PATH_ROOM], image[PATH_ROOM];
    struct proc *init;
    int control, metrics; /* listening; -1: none */
    int told;   /* the last signal that init was to hear of */
    bool said;  /* why it could not be booted */
    bool began; /* the first program was started */
} sys;

void (*cli_boot_devices)(void);

/* ---- which files -------------------------------------------------------- */

/* The default root file: below the XDG data directory. */
static bool
default_root(char *out, size_t room)
{
    const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    int n;
    if (data && data[0] == '/')
        n = snprintf(out, room, "%s/pith/root.pith", data);
    else if (home && home[0] == '/')
        n = snprintf(out, room, "%s/.local/share/pith/root.pith", home);
    else {
        cli_error("neither HOME nor XDG_DATA_HOME is set; try: pith --root "
                  "FILE, or pith --ephemeral");
        return false;
    }
    return n > 0 && (size_t)n < room;
}

/* ../share/pith/root.pith beside the program. */
static void
default_image(char *out, size_t room)
{
    char exe[PATH_ROOM];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
    exe[n > 0 ? n : 0] = 0;
    for (int i = 0; i < 2; i++) {
        char *slash = strrchr(exe, '/');
        if (slash)
            *slash = 0;
    }
    if ((size_t)snprintf(out, room, "%s/share/pith/root.pith", exe) >= room)
        out[0] = 0;
}

static bool
make_parents(const char *file)
{
    char path[PATH_ROOM];
    snprintf(path, sizeof path, "%s", file);
    for (char *s = path + 1; (s = strchr(s, '/')); s++) {
        *s = 0;
        if (mkdir(path, 0777) < 0 && errno != EEXIST) {
            cli_error("%s: cannot be made: %s; try: pith --root FILE", path,
                      strerror(errno));
            return false;
        }
        *s = '/';
    }
    return true;
}

static bool
choose_files(const struct cli_options *o)
{
    if (o->root)
        snprintf(sys.root, sizeof sys.root, "%s", o->root);
    else if (!o->ephemeral && !default_root(sys.root, sizeof sys.root))
        return false;
    if (o->image)
        snprintf(sys.image, sizeof sys.image, "%s", o->image);
    else
        default_image(sys.image, sizeof sys.image);
    bool need_image =
        !sys.root[0] || (!o->ephemeral && access(sys.root, F_OK) != 0);
    if (need_image && access(sys.image, R_OK) != 0) {
        cli_error("%s: there is no system image to begin from; try: make image "
                  "(or pith --image FILE)",
                  sys.image);
        return false;
    }
    return o->ephemeral || o->root || make_parents(sys.root);
}

static int
root_fs(const struct cli_options *o, struct fs **out)
{
    struct report report = {0};
    const char *disk = sys.root[0] ? sys.root : NULL;
    const char *image = access(sys.image, R_OK) == 0 ? sys.image : NULL;
    int r = store_boot(disk, image, o->ephemeral, out, &report);
    if (r < 0) {
        const char *file = disk ? disk : sys.image;
        if (!report.text[0])
            report_set(&report, 0, "%s: %s", file, pith_errno_text(r));
        cli_error("%s%s", report.text,
                  r == -E_BUSY ? "" : "; try: another --root FILE");
        sys.said = true;
    }
    return r < 0 ? r : 0;
}

/* ---- in the boot task --------------------------------------------------- */

static void
sync_all(void)
{
    int r = vfs_shutdown();
    if (r < 0)
        cli_error("%s: not everything could be written: %s", sys.root,
                  pith_errno_text(r));
}

static void
on_host_signal(int sig)
{
    /* Of a service, ^C is the end; to init, SIGINT would be a reboot. */
    if (sys.o->serve && (sig == PITH_SIGINT || sig == PITH_SIGQUIT))
        sig = PITH_SIGTERM;
    sys.told = sig;
    if (sys.init)
        signal_send_group(sys.init->pgid, sig);
}

/* -c: the shell's end is the system's. */
static void
on_init_exit(struct proc *p, void *ctx)
{
    int sig = p->status & 0x7f;
    (void)ctx;
    sys.init = NULL;
    if (sig && p->trouble.text[0])
        cli_error("%s: %s\n%s", p->name, p->trouble.text,
                  p->trap_trace ? p->trap_trace : "");
    if (sys.o->serve && sig && sig == sys.told)
        kernel_shutdown(0); /* it had not even begun to listen */
    else
        kernel_shutdown(sig ? 128 + sig : p->status >> 8 & 0xff);
}

/* init's descriptor; it does not run before the lock is free. */
static int
give(struct proc *init, int fd, struct file *f)
{
    int r = f ? fd_install_at(init, f, fd, false) : -E_NOMEM;
    if (r < 0)
        file_put(f);
    return r;
}

/* 3: where it is controlled, 4: CONFIG, 5: where metrics are asked for. */
static int
give_all(const struct cli_options *o, struct proc *init)
{
    int r = 0;
    if (sys.control >= 0)
        r = give(init, 3, host_listen_file(sys.control));
    if (r >= 0 && o->config)
        r = give(init, 4, host_named_file(o->config));
    if (r >= 0 && sys.metrics >= 0)
        r = give(init, 5, host_listen_file_any(sys.metrics));
    return r;
}

static int
start_first(const struct cli_options *o, struct report *report)
{
    char term[64], log[32], watchdog[64];
    /* what goes to a file or a pipe has no use for colours */
    const char *t = isatty(STDOUT_FILENO) ? getenv("TERM") : NULL;
    bool typed = isatty(STDIN_FILENO); /* else nobody can be asked */
    snprintf(term, sizeof term, "TERM=%.50s", t && *t ? t : "dumb");
    const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
    bool watched = o->serve && usec && (!pid || atol(pid) == getpid());
    snprintf(log, sizeof log, "PITH_LOG=%s", o->log ? o->log : "none");
    snprintf(watchdog, sizeof watchdog, "WATCHDOG_USEC=%.40s",
             watched ? usec : "0");
    const char *env[] = {"PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
                         "HOME=/root",
                         "USER=root",
                         "SHELL=/bin/sh",
                         term,
                         o->serve ? log : typed ? NULL : "PITH_CONSOLE=pipe",
                         o->serve ? watchdog : NULL,
                         NULL};
    const char *shell[] = {"sh", "-c", o->command, NULL};
    const char *init[] = {"init", o->serve ? "--serve" : NULL, NULL};
    const char *app = o->command ? "app console" : "app supervisor";
    struct proc_spec spec = {
        .path = o->command ? "/bin/sh" : "/sbin/init",
        .argv = o->command ? shell : init,
        .envp = env,
        .cwd = "/",
        .new_session = true,
        .on_exit = on_init_exit,
        .grants = grants_create(),
    };
    if (!spec.grants || grants_add_all(spec.grants) < 0 ||
        grants_add(spec.grants, app, strlen(app), report) < 0)
        return -E_NOMEM;
    int r = 0;
    for (int i = 0; i < 3 && r == 0; i++) {
        if (o->command || o->serve)
            spec.stdio[i] = host_stdio_file(i);
        else
            r = vfs_open(NULL, NULL, "/dev/console",
                         PITH_O_RDWR | PITH_O_NOCTTY, 0, &spec.stdio[i]);
    }
    if (r == 0)
        r = proc_start(NULL, &spec, &sys.init, report);
    for (int i = 0; i < 3; i++)
        file_put(spec.stdio[i]);
    grants_unref(spec.grants);
    if (r >= 0)
        r = give_all(o, sys.init);
    if (r >= 0 && sys.told) /* while we began */
        signal_send_group(sys.init->pgid, sys.told);
    if (r >= 0 && !o->command && !o->serve)
        tty_control(tty_console(), sys.init);
    return r;
}

static int
set_up(const struct cli_options *o)
{
    struct fs *root;
    int r = kernel_init();
    if (r == 0)
        r = root_fs(o, &root);
    if (r == 0)
        r = vfs_init(root, o->ephemeral ? "ephemeral" : sys.root);
    kernel_at_shutdown(sync_all);
    if (r == 0)
        r = vfs_mount_usual();
    if (r == 0)
        r = tty_boot();
    if (r == 0 && cli_boot_devices)
        cli_boot_devices();
    if (r == 0)
        r = cli_mount_dirs(o);
    if (r == 0)
        r = o->command || o->serve ? cli_signals_start(on_host_signal)
                                   : posix_console_start();
    wasi_p1_register();
    pith_abi_register();
    return r;
}

static void
boot(void *arg)
{
    struct report report = {0};
    const struct cli_options *o = arg;
    int r = set_up(o);
    if (r < 0 && !sys.said)
        cli_error("cannot boot: %s", pith_errno_text(r));
    if (r == 0 && (r = start_first(o, &report)) < 0)
        cli_error("%s: %s; try: pith --ephemeral, or a fresh --root",
                  o->command ? "/bin/sh" : "/sbin/init",
                  report.text[0] ? report.text : pith_errno_text(r));
    sys.began = r >= 0;
    if (r < 0)
        kernel_shutdown(EXIT_REFUSED);
    host_task_exit();
}

bool
cli_boot_began(void)
{
    return sys.began;
}

int
cli_boot_options(struct cli_options *o)
{
    int r = EXIT_REFUSED;
    sys.o = o;
    sys.control = sys.metrics = -1;
    if (!choose_files(o))
        return r;
    if (((o->serve || o->control) &&
         (sys.control = cli_control_listen(o)) < 0) ||
        (o->metrics && (sys.metrics = cli_metrics_listen(o)) < 0)) {
        cli_control_remove();
        return r;
    }
    if (o->all_memory)
        memory_limit_set(o->all_memory);
    if (o->command || o->serve)
        cli_signals_block();
    if (cli_profile_start(o)) {
        r = posix_run(boot, o);
        posix_console_stop();
        cli_profile_end(o);
    }
    cli_control_remove();
    return r < 0 ? EXIT_REFUSED : r;
}

int
cli_boot(int argc, char **argv)
{
    struct cli_options o = {0};
    int r = EXIT_USAGE;
    if (cli_parse_boot(&o, argc, argv, 1))
        r = cli_boot_options(&o);
    cli_options_finish(&o);
    return r;
}
