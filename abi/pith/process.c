/* SPDX-License-Identifier: Apache-2.0 */
/* The `pith` module: processes, signals, groups. See syscall.def. */
#include <string.h>

#include "../../kernel/exec.h"
#include "sys.h"

#define ACTIONS_MAX 1024u
#define GRANTS_MAX 65536

int64_t
sys_exit(struct proc *p, const uint64_t *a)
{
    proc_exit(p, (int)a[0]);
    return 0;
}

int64_t
sys_getpid(struct proc *p, const uint64_t *a)
{
    (void)a;
    return p->pid;
}

int64_t
sys_getppid(struct proc *p, const uint64_t *a)
{
    (void)a;
    return p->parent ? p->parent->pid : 0;
}

int64_t
sys_getpgid(struct proc *p, const uint64_t *a)
{
    const struct proc *t = (int32_t)a[0] ? proc_find((int32_t)a[0]) : p;

    return t ? t->pgid : -E_SRCH;
}

int64_t
sys_setpgid(struct proc *p, const uint64_t *a)
{
    return call_setpgid(p, (int32_t)a[0], (int32_t)a[1]);
}

int64_t
sys_getsid(struct proc *p, const uint64_t *a)
{
    const struct proc *t = (int32_t)a[0] ? proc_find((int32_t)a[0]) : p;

    return t ? t->session->sid : -E_SRCH;
}

int64_t
sys_setsid(struct proc *p, const uint64_t *a)
{
    (void)a;
    return call_setsid(p);
}

/* ---- spawn, exec ----------------------------------------------------- */

/* A string of the program's in host_alloc memory. */
static int
take_string(struct proc *p, uint64_t at, size_t max, char **out)
{
    int64_t n = user_string_length(p, gptr(at), max);

    if (n < 0)
        return (int)n;
    *out = host_alloc((size_t)n + 1);
    if (!*out)
        return -E_NOMEM;
    return copy_in(p, *out, gptr(at), (size_t)n);
}

/* Strings one after the other, as a process keeps them. */
struct vector {
    char *bytes;
    size_t len, room;
    uint32_t n;
};

static int
vector_add(struct proc *p, struct vector *v, uint64_t at)
{
    int64_t n = user_string_length(p, gptr(at), EXEC_ARGS_MAX);
    size_t need;

    if (n < 0)
        return n == -E_NAMETOOLONG ? -E_2BIG : (int)n;
    need = v->len + (size_t)n + 1;
    if (need > EXEC_ARGS_MAX)
        return -E_2BIG;
    if (need > v->room) {
        size_t room = need * 2 + 256;
        char *bytes = host_realloc(v->bytes, room);

        if (!bytes)
            return -E_NOMEM;
        v->bytes = bytes;
        v->room = room;
    }
    if (copy_in(p, v->bytes + v->len, gptr(at), (size_t)n + 1) < 0)
        return -E_FAULT;
    v->bytes[need - 1] = 0; /* whatever other threads write there */
    v->len = need;
    v->n++;
    return 0;
}

/* A NULL-terminated array of pointers to strings; 0: an empty one. */
static int
take_vector(struct proc *p, uint64_t at, struct vector *v)
{
    int r = 0;

    *v = (struct vector){0};
    while (at && r == 0) {
        pith_gp s;

        r = copy_in(p, &s, gptr(at), sizeof s);
        if (r < 0 || !s)
            break;
        r = vector_add(p, v, s);
        at += sizeof s;
    }
    if (r == 0 && !v->bytes && !(v->bytes = host_alloc(1)))
        r = -E_NOMEM;
    if (r < 0) {
        host_free(v->bytes);
        *v = (struct vector){0};
    }
    return r;
}

static void
free_actions(struct call_fd_action *actions, uint32_t n)
{
    while (actions && n--)
        host_free((char *)(uintptr_t)actions[n].path);
    host_free(actions);
}

static int
take_action(struct proc *p, uint64_t at, struct call_fd_action *out)
{
    struct pith_fd_action a;
    char *path = NULL;
    int r = copy_in(p, &a, gptr(at), sizeof a);

    if (r == 0 && (a.op == PITH_FDA_OPEN || a.op == PITH_FDA_CHDIR))
        r = take_string(p, a.path, PITH_PATH_MAX - 1, &path);
    out->path = path;
    if (r < 0)
        return r;
    out->op = a.op;
    out->fd = a.fd;
    out->from = a.from;
    out->flags = a.flags;
    out->mode = a.mode;
    return 0;
}

static int
take_actions(struct proc *p, const struct pith_spawn *u,
             struct call_fd_action **out)
{
    struct call_fd_action *actions;
    uint32_t i;
    int r = 0;

    *out = NULL;
    if (!u->nactions)
        return 0;
    if (u->nactions > ACTIONS_MAX)
        return -E_2BIG;
    actions = host_alloc(u->nactions * sizeof *actions);
    if (!actions)
        return -E_NOMEM;
    for (i = 0; i < u->nactions && r == 0; i++)
        r = take_action(p, u->actions + i * sizeof(struct pith_fd_action),
                        &actions[i]);
    if (r < 0)
        free_actions(actions, u->nactions);
    else
        *out = actions;
    return r;
}

static int
take_grants(struct proc *p, uint64_t at, struct grants **out)
{
    char *text = NULL;
    int r = take_string(p, at, GRANTS_MAX, &text);

    if (r == 0)
        r = grants_parse(text, strlen(text), out, NULL);
    host_free(text);
    return r;
}

static int64_t
spawn(struct proc *p, const uint64_t *a, const struct pith_spawn *u,
      struct vector *args, struct vector *env)
{
    struct call_fd_action *actions = NULL;
    struct grants *grants = NULL;
    char *path = NULL;
    int r = take_string(p, a[0], PITH_PATH_MAX - 1, &path);

    if (r == 0)
        r = take_actions(p, u, &actions);
    if (r == 0 && (u->flags & PITH_SPAWN_GRANTS))
        r = take_grants(p, u->grants, &grants);
    if (r == 0) {
        struct call_spawn s = {
            .path = path,
            .args = args->bytes, .args_len = args->len, .argc = args->n,
            .env = env->bytes, .env_len = env->len, .envc = env->n,
            .flags = u->flags,
            .pgroup = u->pgroup,
            .sigmask = u->sigmask, .sigdefault = u->sigdefault,
            .actions = actions, .nactions = u->nactions,
            .grants = grants,
            .search = u->search != 0,
        };

        args->bytes = env->bytes = NULL; /* taken over */
        r = call_spawn(p, &s);
    }
    free_actions(actions, u->nactions);
    grants_unref(grants);
    host_free(path);
    return r;
}

int64_t
sys_spawn(struct proc *p, const uint64_t *a)
{
    struct vector args = {0}, env = {0};
    struct pith_spawn u = {0};
    int64_t r = 0;

    if (a[3])
        r = copy_in(p, &u, gptr(a[3]), sizeof u);
    if (r == 0)
        r = take_vector(p, a[1], &args);
    if (r == 0)
        r = take_vector(p, a[2], &env);
    if (r == 0)
        r = spawn(p, a, &u, &args, &env);
    host_free(args.bytes);
    host_free(env.bytes);
    return r;
}

int64_t
sys_exec(struct proc *p, const uint64_t *a)
{
    struct vector args = {0}, env = {0};
    char *path = NULL;
    int r = take_string(p, a[0], PITH_PATH_MAX - 1, &path);

    if (r == 0)
        r = take_vector(p, a[1], &args);
    if (r == 0)
        r = take_vector(p, a[2], &env);
    if (r == 0)
        r = call_exec(p, path, args.bytes, args.len, args.n, env.bytes,
                      env.len, env.n);
    else {
        host_free(args.bytes);
        host_free(env.bytes);
    }
    host_free(path);
    return r;
}

int64_t
sys_fork(struct proc *p, const uint64_t *a)
{
    (void)a;
    return call_fork(p);
}

int64_t
sys_wait(struct proc *p, const uint64_t *a)
{
    struct pith_rusage usage;
    int status = 0;
    int64_t r = call_wait(p, (int32_t)a[0], &status, (int)a[2], &usage);

    if (r > 0 && a[1]) {
        int32_t s = status;

        if (copy_out(p, gptr(a[1]), &s, sizeof s) < 0)
            r = -E_FAULT;
    }
    if (r > 0 && a[3] && copy_out(p, gptr(a[3]), &usage, sizeof usage) < 0)
        r = -E_FAULT;
    return r;
}

/* ---- signals --------------------------------------------------------- */

int64_t
sys_kill(struct proc *p, const uint64_t *a)
{
    return call_kill(p, (int32_t)a[0], (int)a[1]);
}

int64_t
sys_sigaction(struct proc *p, const uint64_t *a)
{
    struct pith_sigaction act, old;
    int r = 0;

    if (a[1])
        r = copy_in(p, &act, gptr(a[1]), sizeof act);
    if (r == 0)
        r = call_sigaction(p, (int)a[0], a[1] ? &act : NULL, &old);
    if (r == 0 && a[2])
        r = copy_out(p, gptr(a[2]), &old, sizeof old);
    return r;
}

int64_t
sys_sigprocmask(struct proc *p, const uint64_t *a)
{
    uint64_t set, old;
    int r = 0;

    if (a[1])
        r = copy_in(p, &set, gptr(a[1]), sizeof set);
    if (r == 0)
        r = call_sigprocmask(p, (int)a[0], a[1] ? &set : NULL, &old);
    if (r == 0 && a[2])
        r = copy_out(p, gptr(a[2]), &old, sizeof old);
    return r;
}

int64_t
sys_sigpending(struct proc *p, const uint64_t *a)
{
    uint64_t set = p->sig.pending & p->sig.blocked;

    return copy_out(p, gptr(a[0]), &set, sizeof set);
}

int64_t
sys_sigsuspend(struct proc *p, const uint64_t *a)
{
    uint64_t mask;
    int r = copy_in(p, &mask, gptr(a[0]), sizeof mask);

    return r < 0 ? r : call_sigsuspend(p, mask);
}
