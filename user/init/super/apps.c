/* SPDX-License-Identifier: Apache-2.0 */
/* Apps as processes: from manifest to pipes and grants, and their end. */
#include "super.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define FILE_MAX (4u << 20)
#define NO_USER 1000 /* beside the kernel's errors */

char app_trouble[400];
struct app *apps[APPS_MAX];
struct unit units[APPS_MAX];
struct policy policy = {.units = units};

/* A table of names: thousands of apps send messages by name. */
static int *
bucket(const char *name)
{
    static int table[4096]; /* index + 1 */
    uint32_t h = 2166136261u;

    while (*name)
        h = (h ^ (uint8_t)*name++) * 16777619u;
    return &table[h % (sizeof table / sizeof *table)];
}

int
app_index(const char *name)
{
    int i = *bucket(name) - 1;

    while (i >= 0 && strcmp(apps[i]->name, name) != 0)
        i = apps[i]->next;
    return i;
}

static char *
read_all(int fd, size_t *len)
{
    size_t room = 4096;
    char *all = malloc(room), *more;
    ssize_t n = 1;

    *len = 0;
    while (all && n > 0 && *len < FILE_MAX) {
        if (*len == room) {
            more = realloc(all, room *= 2);
            if (!more)
                break;
            all = more;
        }
        n = read(fd, all + *len, room - *len);
        if (n > 0)
            *len += (size_t)n;
    }
    if (all && n != 0) {
        free(all);
        all = NULL;
        errno = n > 0 ? EFBIG : errno;
    }
    return all;
}

static char *
read_file(const char *path, size_t *len)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC), e;
    char *all = fd < 0 ? NULL : read_all(fd, len);

    e = errno;
    if (fd >= 0)
        close(fd);
    errno = e;
    return all;
}

/* ---- configuration --------------------------------------------------- */

bool
app_reload(int i, char *why, size_t room)
{
    struct app *a = apps[i];
    struct report report = {0};
    struct manifest m;
    char path[160];
    size_t len;
    char *text;
    int r;

    snprintf(path, sizeof path, "/apps/%s/vyoma.toml", a->name);
    text = read_file(path, &len);
    if (!text) {
        snprintf(why, room, "%s: %s", path, strerror(errno));
        return false;
    }
    r = manifest_read_vyoma(&m, text, len, &report);
    if (r == 0 && strcmp(m.name, a->name) != 0) {
        report_set(&report, 0, "it is called %s, not %s", m.name, a->name);
        r = -1;
    }
    if (r < 0) {
        snprintf(why, room, "%s: %s", path, report.text);
        manifest_finish(&m);
        free(text);
        return false;
    }
    if (!sign_ok(a->name, &m, text, len, why, room)) {
        manifest_finish(&m);
        free(text);
        return false;
    }
    free(text);
    if (a->loaded)
        manifest_finish(&a->manifest);
    a->manifest = m;
    a->loaded = true;
    units[i].restart = (enum unit_restart)m.restart;
    units[i].watchdog_ms = m.watchdog_secs > 1000000
                               ? 1000000000u
                               : (uint32_t)m.watchdog_secs * 1000u;
    return true;
}

int
app_add(const char *name)
{
    int i = app_index(name);
    struct app *a;

    if (i >= 0)
        return i;
    snprintf(app_trouble, sizeof app_trouble, "there are too many apps");
    if (policy.count == APPS_MAX || !(a = calloc(1, sizeof *a)))
        return -1;
    i = policy.count;
    snprintf(a->name, sizeof a->name, "%s", name);
    a->in = a->out = a->err = a->inbox = a->log.fd = -1;
    apps[i] = a;
    units[i] = (struct unit){0};
    if (!app_reload(i, app_trouble, sizeof app_trouble)) {
        fprintf(stderr, "init: %s\n", app_trouble);
        event_say("error", "%s", app_trouble);
        free(a);
        return -1;
    }
    a->next = *bucket(name) - 1;
    *bucket(name) = i + 1;
    policy.count++;
    return i;
}

static void
take_boot_app(const struct boot_app *b, int i)
{
    int n = 0, k = 0;

    apps[i]->autostart = true;
    if (b->restart >= 0)
        units[i].restart = (enum unit_restart)b->restart;
    while (b->args && b->args[n])
        n++;
    free(apps[i]->args); /* the strings of an earlier reading are kept */
    apps[i]->args = calloc((size_t)n + 1, sizeof *apps[i]->args);
    for (; apps[i]->args && k < n; k++)
        apps[i]->args[k] = strdup(b->args[k]);
}

static void
take_order(const struct boot_app *b, int i)
{
    int n = 0, k = 0;

    while (b->after && b->after[n])
        n++;
    free(units[i].after);
    units[i].after = n ? calloc((size_t)n + 1, sizeof(int)) : NULL;
    for (int s = 0; units[i].after && s < n; s++) {
        int on = app_index(b->after[s]);

        if (on >= 0) /* one that could not be read is not waited for */
            units[i].after[k++] = on;
    }
    if (units[i].after)
        units[i].after[k] = -1;
}

bool
apps_load(char *why, size_t room)
{
    struct report report = {0};
    struct boot_config c;
    size_t len;
    bool given = host_fd(HOST_CONFIG) >= 0, ok = true;
    const char *what = given ? "the configuration" : BOOT_TOML;
    char *text = !given ? read_file(BOOT_TOML, &len)
                 : host_config_again() ? read_all(HOST_CONFIG, &len)
                                       : NULL;

    if (!text) {
        snprintf(why, room, "%s: %s", what, strerror(errno));
        sign_mode(SIGNATURES_BY_TRUST);
        return false;
    }
    if (boot_config_read(&c, text, len, &report) < 0) {
        snprintf(why, room, "%s: %s", what, report.text);
        ok = false;
    } else {
        sign_mode(c.signatures);
        broker_config(&c);
        for (uint32_t k = 0; k < c.napps; k++) {
            int i = app_add(c.apps[k].name);

            if (i >= 0)
                take_boot_app(&c.apps[k], i);
        }
        for (uint32_t k = 0; k < c.napps; k++) {
            int i = app_index(c.apps[k].name);

            if (i >= 0)
                take_order(&c.apps[k], i);
        }
    }
    boot_config_finish(&c);
    free(text);
    return ok;
}

/* ---- starting -------------------------------------------------------- */

static pith_gp
gp(const void *p)
{
    return (pith_gp)(uintptr_t)p;
}

static void
close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void
app_close(struct app *a)
{
    close_fd(&a->in);
    close_fd(&a->out);
    close_fd(&a->err);
    close_fd(&a->inbox);
    a->in_queue.used = a->out_line.used = a->err_line.used = 0;
    a->blocked = false;
    a->last_from[0] = 0;
}

/* Pipes: ours[] are in a, theirs[] go to the child. */
static bool
make_pipes(struct app *a, int theirs[3])
{
    int *const ours[3] = {&a->in, &a->out, &a->err};
    int p[2];

    for (int k = 0; k < 3; k++)
        theirs[k] = -1;
    for (int k = 0; k < 3; k++) {
        if (pipe2(p, O_CLOEXEC) < 0)
            return false;
        *ours[k] = p[k == 0];
        theirs[k] = p[k != 0];
        fcntl(*ours[k], F_SETFL, O_NONBLOCK);
    }
    return true;
}

static int
spawn(struct app *a, const int theirs[3], const char *grants)
{
    char path[420], home[128], name[96];
    const char *dir = "/";
    pith_gp argv[66], envp[5];
    struct pith_fd_action actions[5] = {0};
    struct passwd *pw = NULL;
    struct pith_spawn s = {
        .flags = PITH_SPAWN_GRANTS | PITH_SPAWN_SETSID |
                 PITH_SPAWN_SETSIGMASK | PITH_SPAWN_SETSIGDEF,
        .sigdefault = UINT64_MAX,
        .actions = gp(actions),
        .nactions = 4,
        .grants = gp(grants),
    };
    int n = 0, identity = -1, pid;

    snprintf(path, sizeof path, "/apps/%s/%s", a->name, a->manifest.wasm);
    snprintf(home, sizeof home, "HOME=/data/%s", a->name);
    snprintf(name, sizeof name, "PITH_APP=%s", a->name);
    if (a->manifest.user[0]) {
        pw = getpwnam(a->manifest.user);
        if (!pw)
            return -NO_USER;
    }
    if (a->manifest.own_data) {
        mkdir("/data", 0755);
        if (mkdir(home + 5, 0755) < 0 && errno != EEXIST)
            return -errno;
        if (pw && lchown(home + 5, pw->pw_uid, pw->pw_gid) < 0)
            return -errno;
        dir = home + 5;
    }
    for (int k = 0; k < 3; k++)
        actions[k] = (struct pith_fd_action){
            .op = theirs[k] >= 0 ? PITH_FDA_DUP2 : PITH_FDA_CLOSE,
            .fd = k,
            .from = theirs[k]};
    actions[3].op = PITH_FDA_CHDIR;
    actions[3].path = gp(dir);
    if (pw) {
        struct pith_identity who = {.uid = pw->pw_uid, .gid = pw->pw_gid};

        identity = pith_identity_make(&who);
        if (identity < 0)
            return identity;
        actions[4] = (struct pith_fd_action){.op = PITH_FDA_IDENTITY,
                                             .from = identity};
        s.nactions = 5;
    }
    argv[n++] = gp(a->name);
    for (char **arg = a->args; arg && *arg && n < 65; arg++)
        argv[n++] = gp(*arg);
    argv[n] = 0;
    envp[0] = gp("PATH=/usr/local/bin:/usr/bin:/bin");
    envp[1] = gp(home);
    envp[2] = gp(name);
    envp[3] = 0;
    pid = pith_spawn(path, argv, envp, &s);
    if (identity >= 0)
        close(identity);
    return pid;
}

static const char *
trouble_text(int e)
{
    switch (e) {
    case NO_USER:
        return "there is no such user as its manifest names";
    case 20: /* E_EXIST */
        return "its name is still in use";
    case 44:
        return "there is no such program";
    case 45:
        return "it is no program for this system";
    case 76:
        return "it imports more than its manifest grants; try: pith explain";
    default:
        return strerror(e);
    }
}

int
app_spawn(void *ctx, int i)
{
    struct app *a = apps[i];
    char why[400], note[160];
    size_t room;
    char *grants;
    int theirs[3] = {-1, -1, -1}, pid;

    (void)ctx;
    /* what its last run left behind is not part of this one */
    app_control(PITH_APP_KILL, a->name, NULL, SIGKILL);
    app_close(a);
    if (!app_reload(i, why, sizeof why)) {
        log_note(NULL, i, why);
        return -1;
    }
    room = manifest_grants(&a->manifest, true, NULL, 0) + 16;
    grants = malloc(room);
    if (!grants)
        return -1;
    manifest_grants(&a->manifest, true, grants, room);
    if (a->manifest.stub_trap)
        strcat(grants, "stub trap\n");
    grants = broker_always(a->name, grants);
    if ((a->manifest.caps & 1u << CAP_STDIO) && !make_pipes(a, theirs))
        pid = -errno;
    else
        pid = spawn(a, theirs, grants);
    free(grants);
    for (int k = 0; k < 3; k++)
        close_fd(&theirs[k]);
    if (pid < 0) {
        app_close(a);
        snprintf(note, sizeof note, "cannot be started: %s",
                 trouble_text(-pid));
        log_note(NULL, i, note);
        return -1;
    }
    a->pid = pid;
    a->now = (struct usage){0};
    a->inbox = pith_port_open(a->name, (int)strlen(a->name),
                              PITH_O_CLOEXEC | PITH_O_NONBLOCK);
    return 0;
}

void
app_signal(void *ctx, int i, bool hard)
{
    (void)ctx;
    app_control(PITH_APP_KILL, apps[i]->name, NULL, hard ? SIGKILL : SIGTERM);
}

bool
app_reap(int pid, int status)
{
    char note[64];

    for (int i = 0; i < policy.count; i++) {
        struct app *a = apps[i];

        if (a->pid != pid)
            continue;
        for (int k = 0; k < 64 && a->out >= 0; k++) /* its last words */
            text_read(i, false);
        for (int k = 0; k < 64 && a->err >= 0; k++)
            text_read(i, true);
        a->pid = 0;
        a->status = status;
        if (WIFSIGNALED(status))
            snprintf(note, sizeof note, "ended by signal %d",
                     WTERMSIG(status));
        else
            snprintf(note, sizeof note, "ended with %d", WEXITSTATUS(status));
        log_note(NULL, i, note);
        usage_ended(i);
        app_control(PITH_APP_KILL, a->name, NULL, SIGKILL);
        app_close(a);
        policy_exited(&policy, i, status == 0, now_ms());
        return true;
    }
    return false;
}
