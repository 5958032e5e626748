/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs out of files: read, recognise, load, remember; see exec.h.
 *
 * A loaded module is kept by what makes its bytes what they are (device, inode,
 * version, size, mtime), the least recently used go first, so that running a
 * program again costs neither reading nor validating. Loading happens without
 * the kernel lock.
 */
#include "exec.h"

#include <stdatomic.h>
#include <string.h>

#include "lib.h"
#include "memory.h"
#include "pith_errno.h"
#include "vfs.h"

#define PROGRAM_MAX (1u << 30)       /* bytes of a program file */
#define CACHE_BYTES (256u << 20)     /* footprint of modules nobody runs ... */
#define CACHE_ENTRIES 512u           /* ... and how many */
#define HEADER 256u                  /* bytes looked at to recognise a file */
#define SCRIPT_DEPTH 4

/* ---- arguments ------------------------------------------------------- */

void
exec_args_finish(struct exec_args *a)
{
    host_free(a->args);
    host_free(a->env);
    host_free(a->exe);
    *a = (struct exec_args){0};
}

static int
join(const char *const *v, char **out, size_t *len, uint32_t *n)
{
    size_t total = 0;
    char *at;
    uint32_t i;

    *n = 0;
    while (v && v[*n]) {
        total += strlen(v[(*n)++]) + 1;
        if (total > EXEC_ARGS_MAX)
            return -E_2BIG;
    }
    *out = at = host_alloc(total + 1);
    if (!at)
        return -E_NOMEM;
    for (i = 0; i < *n; i++) {
        size_t k = strlen(v[i]) + 1;

        memcpy(at, v[i], k);
        at += k;
    }
    *len = total;
    return 0;
}

int
exec_args_init(struct exec_args *a, const char *const *argv,
               const char *const *envp)
{
    int r;

    *a = (struct exec_args){0};
    r = join(argv, &a->args, &a->args_len, &a->argc);
    if (r == 0)
        r = join(envp, &a->env, &a->env_len, &a->envc);
    if (r < 0)
        exec_args_finish(a);
    return r;
}

/* argv becomes: interp [arg] path argv[1] ... */
static int
put_in_front(struct exec_args *a, const char *interp, const char *arg,
             const char *path)
{
    const char *pieces[3] = {interp, arg, path};
    size_t skip = a->argc ? strlen(a->args) + 1 : 0, len = 0, k;
    char *args, *at;
    int i;

    for (i = 0; i < 3; i++)
        len += pieces[i] ? strlen(pieces[i]) + 1 : 0;
    if (len + a->args_len > EXEC_ARGS_MAX)
        return -E_2BIG;
    at = args = host_alloc(len + a->args_len - skip + 1);
    if (!args)
        return -E_NOMEM;
    for (i = 0; i < 3; i++) {
        k = pieces[i] ? strlen(pieces[i]) + 1 : 0;
        if (k)
            memcpy(at, pieces[i], k);
        at += k;
    }
    if (a->args_len > skip)
        memcpy(at, a->args + skip, a->args_len - skip);
    a->argc += (arg ? 3u : 2u) - (a->argc ? 1u : 0u);
    a->args_len = len + a->args_len - skip;
    host_free(a->args);
    a->args = args;
    return 0;
}

/* ---- images ---------------------------------------------------------- */

struct exec_image *
exec_image_ref(struct exec_image *i)
{
    i->refs++;
    return i;
}

/*
 * The engine lets go of a module's bytes wherever the last user is, maybe
 * without the lock, which giving them back to the VFS needs: they queue here.
 */
struct held_bytes {
    struct held_bytes *next;
    struct vfs_image image;
};
static _Atomic(struct held_bytes *) released;

static void
bytes_released(const uint8_t *bytes, size_t size, void *ctx)
{
    struct held_bytes *h = ctx;

    (void)bytes, (void)size;
    h->next = atomic_load(&released);
    while (!atomic_compare_exchange_weak(&released, &h->next, h))
        continue;
}

static void
give_back_released(void)
{
    struct held_bytes *h = atomic_exchange(&released, NULL), *next;

    for (; h; h = next) {
        next = h->next;
        vfs_image_finish(&h->image);
        host_free(h);
    }
}

void
exec_image_unref(struct exec_image *i)
{
    if (!i || --i->refs)
        return;
    engine_module_unref(i->module);
    host_free(i->funcs);
    host_free(i);
    give_back_released();
}

/* Lock held, released meanwhile. */
static int
load(const uint8_t *bytes, size_t size, struct held_bytes *held,
     const struct engine_file *file, struct exec_image **out, struct report *report)
{
    struct exec_image *i = host_alloc(sizeof *i);
    int r;

    if (!i) {
        if (held)
            bytes_released(bytes, size, held);
        give_back_released();
        return -E_NOMEM;
    }
    i->refs = 1;
    kernel_unlock();
    r = engine_module_load_file(bytes, size, held ? bytes_released : NULL, held,
                                file, &i->module, report);
    kernel_lock();
    if (r < 0)
        i->module = NULL;
    else
        r = exec_resolve(i, report);
    if (r < 0) {
        exec_image_unref(i);
        return r == -E_NOMEM ? r : -E_NOEXEC;
    }
    *out = i;
    return 0;
}

int
exec_image_bytes(const uint8_t *bytes, size_t size,
                 const struct engine_file *file, struct exec_image **out,
                 struct report *report)
{
    return load(bytes, size, NULL, file, out, report);
}

/* ---- the cache ------------------------------------------------------- */

static struct cached {
    struct cached *next; /* most recently used first */
    struct vfs_id id;
    struct exec_image *image;
} *cache;

static struct exec_image *
cache_find(const struct vfs_id *id)
{
    struct cached **at, *c;

    for (at = &cache; (c = *at); at = &c->next) {
        if (memcmp(&c->id, id, sizeof *id) != 0)
            continue;
        *at = c->next;
        c->next = cache;
        cache = c;
        return exec_image_ref(c->image);
    }
    return NULL;
}

/* Drop what is over the limits and what an edited file has left behind. */
static void
cache_trim(const struct vfs_id *newest, size_t max_bytes, uint32_t max)
{
    struct cached **at = &cache, *c;
    size_t bytes = 0;
    uint32_t n = 0;

    while ((c = *at)) {
        bool stale = newest && c->id.dev == newest->dev &&
                     c->id.ino == newest->ino &&
                     memcmp(&c->id, newest, sizeof *newest) != 0;

        bytes += engine_module_footprint(c->image->module);
        if (!stale && bytes <= max_bytes && ++n <= max) {
            at = &c->next;
            continue;
        }
        *at = c->next;
        exec_image_unref(c->image);
        host_free(c);
    }
}

static void
cache_add(const struct vfs_id *id, struct exec_image *i)
{
    struct cached *c = host_alloc(sizeof *c);

    if (!c)
        return;
    c->id = *id;
    c->image = exec_image_ref(i);
    c->next = cache;
    cache = c;
    cache_trim(id, (size_t)memory_share(CACHE_BYTES, 8), CACHE_ENTRIES);
}

void
exec_cache_flush(void)
{
    cache_trim(NULL, 0, 0);
    give_back_released();
}

/* ---- other formats --------------------------------------------------- */

struct binfmt {
    struct binfmt *next;
    char *name, *interpreter;
    uint8_t magic[64];
    size_t len, offset;
};
static char tvm_name[] = "tvm", tvm_path[] = "/usr/bin/tvm";
static struct binfmt trymon = {.name = tvm_name, .interpreter = tvm_path,
                               .magic = "TRYM", .len = 4};
static struct binfmt tvm = {.next = &trymon, .name = tvm_name,
                            .interpreter = tvm_path, .magic = "TVM1", .len = 4};
static struct binfmt *binfmts = &tvm;

int
binfmt_register(const char *name, const uint8_t *magic, size_t len,
                size_t offset, const char *interpreter)
{
    struct binfmt *b;

    if (!len || len > sizeof b->magic || offset > HEADER - len)
        return -E_INVAL;
    b = host_alloc(sizeof *b);
    if (!b)
        return -E_NOMEM;
    b->name = text_copy(name, strlen(name));
    b->interpreter = text_copy(interpreter, strlen(interpreter));
    if (!b->name || !b->interpreter) {
        host_free(b->name);
        host_free(b->interpreter);
        host_free(b);
        return -E_NOMEM;
    }
    memcpy(b->magic, magic, len);
    b->len = len;
    b->offset = offset;
    b->next = binfmts;
    binfmts = b;
    return 0;
}

static const struct binfmt *
binfmt_find(const uint8_t *head, size_t n)
{
    const struct binfmt *b;

    for (b = binfmts; b; b = b->next) {
        if (b->offset + b->len <= n &&
            !memcmp(head + b->offset, b->magic, b->len))
            return b;
    }
    return NULL;
}

/* "#!interp [arg]\n", cut apart in place. */
static int
parse_script(char *head, size_t n, const char **interp, const char **arg)
{
    char *end, *at = head + 2;

    end = memchr(head, '\n', n);
    if (!end && n == HEADER)
        return -E_NOEXEC; /* longer than we look */
    if (!end)
        end = head + n;
    while (end > at && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r'))
        end--;
    *end = 0;
    at += strspn(at, " \t");
    *interp = at;
    at += strcspn(at, " \t");
    if (*at)
        *at++ = 0;
    at += strspn(at, " \t");
    *arg = *at ? at : NULL;
    return **interp ? 0 : -E_NOEXEC;
}

/* ---- opening --------------------------------------------------------- */

static int
load_file(struct file *f, struct exec_image **out, struct report *report)
{
    struct held_bytes *h;
    struct vfs_id id;
    int r;

    r = vfs_identity(f->inode, &id);
    if (r < 0)
        return r;
    *out = cache_find(&id);
    if (*out)
        return 0;
    h = host_alloc(sizeof *h);
    if (!h)
        return -E_NOMEM;
    r = vfs_read_all(f, PROGRAM_MAX, &h->image);
    if (r == -E_NOMEM) {
        exec_cache_flush();
        r = vfs_read_all(f, PROGRAM_MAX, &h->image);
    }
    if (r < 0) {
        host_free(h);
        return r;
    }
    r = load(h->image.bytes, h->image.size, h, NULL, out, report);
    if (r == 0)
        cache_add(&id, *out);
    return r;
}

static int64_t
read_head(struct file *f, char *head)
{
    struct uio_seg seg;
    struct uio u;

    if (!f->ops->read)
        return -E_NOEXEC;
    uio_kernel(&u, &seg, head, HEADER);
    return f->ops->read(f, &u);
}

static int
set_exe(struct proc *p, struct file *f, const char *path, struct exec_args *a)
{
    char name[PITH_PATH_MAX];

    if (!f->path || vfs_path_name(p, f->path, name, sizeof name) < 0)
        text_format(name, sizeof name, "%s", path);
    host_free(a->exe);
    a->exe = text_copy(name, strlen(name));
    return a->exe ? 0 : -E_NOMEM;
}

/*
 * One step: either the image, or (1) the next path to try in next[], with the
 * arguments changed accordingly.
 */
static int
open_step(struct proc *p, const char *path, struct exec_args *a,
          struct exec_image **out, char *next, struct report *report)
{
    char head[HEADER + 1];
    const struct binfmt *b;
    const char *interp, *arg = NULL;
    struct file *f;
    int64_t n;
    int r = vfs_open_exec(p, path, &f);

    if (r < 0)
        return r;
    n = read_head(f, head);
    r = n < 0 ? (int)n : 0;
    if (n >= 4 && !memcmp(head, "\0asm", 4)) {
        r = set_exe(p, f, path, a);
        if (r == 0)
            r = load_file(f, out, report);
    } else if (n >= 2 && head[0] == '#' && head[1] == '!') {
        head[n] = 0;
        r = parse_script(head, (size_t)n, &interp, &arg);
        if (r == 0)
            r = put_in_front(a, interp, arg, path);
        if (r == 0) {
            text_format(next, PITH_PATH_MAX, "%s", interp);
            r = 1;
        }
    } else if (n > 0 && (b = binfmt_find((uint8_t *)head, (size_t)n))) {
        r = put_in_front(a, b->interpreter, NULL, path);
        if (r == 0) {
            text_format(next, PITH_PATH_MAX, "%s", b->interpreter);
            r = 1;
        }
    } else if (n >= 0) {
        report_set(report, 0, "%.100s: neither WebAssembly nor a #! script",
                   path);
        r = -E_NOEXEC;
    }
    file_put(f);
    return r;
}

int
exec_image_open(struct proc *p, const char *path, struct exec_args *a,
                struct exec_image **out, struct report *report)
{
    char *now, *next;
    int depth, r = -E_NOMEM;

    text_format(a->name, sizeof a->name, "%s", text_basename(path));
    now = host_alloc(PITH_PATH_MAX);
    next = host_alloc(PITH_PATH_MAX);
    if (now && next && strlen(path) >= PITH_PATH_MAX) {
        r = -E_NAMETOOLONG;
    } else if (now && next) {
        memcpy(now, path, strlen(path) + 1);
        for (depth = 0, r = 1; r == 1; depth++) {
            r = depth > SCRIPT_DEPTH
                    ? -E_LOOP
                    : open_step(p, now, a, out, next, report);
            if (r == 1)
                memcpy(now, next, PITH_PATH_MAX);
        }
        if (r < 0)
            report_set(report, 0, "%.100s: %s", now, pith_errno_text(-r));
    }
    host_free(now);
    host_free(next);
    return r;
}
