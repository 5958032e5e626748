/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Booting, on the first Worker: the store as root, the usual mounts, the
 * console, the ABIs, and /sbin/init, or a shell with one command.
 */
#include <string.h>

#include "../../abi/enter.h"
#include "../../abi/wasi_p1/preopen.h"
#include "call.h"
#include "fs/store.h"
#include "lib.h"
#include "main.h"
#include "net.h"
#include "pith_errno.h"
#include "tty.h"
#include "vfs.h"
#include "web.h"

#define EXIT_REFUSED 126

/* "name=value" strings, the last one empty; written by the page. */
static char settings[8192];
static struct proc *init;

EXPORT(char *, settings_area, void)
{
    return settings;
}

static const char *
setting(const char *name)
{
    size_t n = strlen(name);
    const char *s = settings;

    settings[sizeof settings - 2] = settings[sizeof settings - 1] = 0;
    for (; *s; s += strlen(s) + 1) {
        if (!strncmp(s, name, n) && s[n] == '=')
            return s + n + 1;
    }
    return NULL;
}

bool
web_network(void)
{
    return setting("network") != NULL;
}

static void
sync_all(void)
{
    int r = vfs_shutdown();

    if (r < 0)
        kernel_log("not everything could be written: %s", pith_errno_text(r));
}

static void
on_init_exit(struct proc *p, void *ctx)
{
    int sig = p->status & 0x7f;

    (void)ctx;
    init = NULL;
    if (sig && p->trouble.text[0])
        kernel_log("%s: %s\n%s", p->name, p->trouble.text,
                   p->trap_trace ? p->trap_trace : "");
    kernel_shutdown(sig ? 128 + sig : p->status >> 8 & 0xff);
}

static int
start_first(struct report *report)
{
    const char *command = setting("command");
    const char *env[] = {"PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
                         "HOME=/root",
                         "USER=root",
                         "SHELL=/bin/sh",
                         "TERM=xterm-256color",
                         "COLORTERM=truecolor",
                         NULL};
    const char *shell[] = {"sh", "-c", command, NULL};
    const char *args[] = {"init", NULL};
    const char *app = command ? "app console" : "app supervisor";
    struct proc_spec spec = {
        .path = command ? "/bin/sh" : "/sbin/init",
        .argv = command ? shell : args,
        .envp = env,
        .cwd = "/",
        .new_session = true,
        .on_exit = on_init_exit,
        .grants = grants_create(),
    };
    int r = 0;

    if (!spec.grants || grants_add_all(spec.grants) < 0 ||
        grants_add(spec.grants, app, strlen(app), report) < 0)
        return -E_NOMEM;
    for (int i = 0; i < 3 && r == 0; i++)
        r = vfs_open(NULL, NULL, "/dev/console", PITH_O_RDWR | PITH_O_NOCTTY,
                     0, &spec.stdio[i]);
    if (r == 0)
        r = proc_start(NULL, &spec, &init, report);
    for (int i = 0; i < 3; i++)
        file_put(spec.stdio[i]);
    grants_unref(spec.grants);
    if (r >= 0)
        tty_control(tty_console(), init);
    return r;
}

static int
set_up(void)
{
    struct store_options o = {.ephemeral = setting("ephemeral") != NULL,
                              .cache_bytes = 32u << 20,
                              .dirty_bytes = 8u << 20};
    struct fs *root;
    int r = kernel_init();

    if (o.ephemeral)
        o.dirty_bytes = 256u << 20;
    if (r == 0)
        r = store_create(web_store(), &o, &root);
    if (r == 0)
        r = vfs_init(root, o.ephemeral          ? "ephemeral"
                           : setting("memory") ? "memory"
                                               : "opfs");
    kernel_at_shutdown(sync_all);
    if (r == 0)
        r = vfs_mount_usual();
    if (r == 0)
        r = tty_boot();
    if (r == 0)
        r = web_console_start();
    if (r == 0)
        r = web_api_start();
    web_events_start();
    wasi_p1_register();
    pith_abi_register();
    web_gates_init();
    return r;
}

/*
 * CPU time is a matter of polls, and a browser's programs poll when they are
 * told to: twice a second those that have a limit.
 */
#define TICK_NS 500000000u

static void
tick(void *arg)
{
    static struct timer timer = {.fn = tick};
    struct proc *p;

    (void)arg;
    for (p = proc_first(); p; p = p->next) {
        if (p->rlimit[PITH_RLIMIT_CPU].cur != UINT64_MAX && p->main.store &&
            p->state != PROC_TERMINATED)
            engine_store_interrupt(p->main.store);
    }
    timer_arm(&timer, host_mono_ns() + TICK_NS);
}

static void
boot(void *arg)
{
    struct report report = {0};
    int r = set_up();

    (void)arg;
    if (r < 0)
        kernel_log("cannot boot: %s", pith_errno_text(r));
    if (r == 0 && (r = start_first(&report)) < 0)
        kernel_log("the first program: %s",
                   report.text[0] ? report.text : pith_errno_text(r));
    tick(NULL);
    if (r < 0)
        kernel_shutdown(EXIT_REFUSED);
    else
        web_tell(NEWS_BOOTED, 0, 0, 0, "", 0);
    host_task_exit();
}

EXPORT(void, boot_system, void)
{
    struct host_task *t;

    kernel_lock();
    if (host_task_create(&t, boot, NULL, 0) < 0)
        host_halt(EXIT_REFUSED);
    kernel_unlock();
}
