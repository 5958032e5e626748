/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a file to something that runs: read, recognise (wasm, #!, a registered
 * magic number), load, check its imports against the grants, link.
 *
 *   path --exec_image_open--> image --exec_link--> instance in p's store
 *            |     (module cache: by inode identity, size and mtime)
 *            `- #! and binfmt: the interpreter's image, arguments put in front
 *
 * An ABI is one import module (`pith`, `wasi_snapshot_preview1`): a table that
 * turns an import into a host function. ABIs register before the first
 * program is started.
 */
#ifndef KERNEL_EXEC_H
#define KERNEL_EXEC_H

#include "cap.h"
#include "proc.h"

/* How an import is to be linked. Everything is static, shared by processes. */
struct abi_func {
    engine_host_fn *fn;     /* engine_store_user(store) is the struct proc */
    void *env;
    enum cap cap;           /* a process without it may not import this */
    const char *signature;  /* as in syscall.def: result, then arguments, of
                             * v i l (p = i), f and d for floats */
};
struct abi {
    const char *module;     /* import module name, exact */
    /* 0, or -E_NOENT: there is no such function in this ABI. */
    int (*resolve)(const char *name, size_t name_len, struct abi_func *out);
    /* A program that imports this module is about to start (not after fork):
     * from its own task, lock held, may block. 0 or -E_; may be NULL. */
    int (*attach)(struct proc *p);
    struct abi *next;       /* the registry's own */
};
void abi_register(struct abi *a); /* static memory; any time before use */
/*
 * Look an import up in all registered ABIs, in order of registration; one module
 * name may be registered more than once. The first function of that name whose
 * signature is `type` (NULL: whatever its type) goes to *out: 0. -E_INVAL: it
 * is there with another type only (*out is set too). -E_NOENT: unknown.
 */
int abi_find(const char *module, const char *name, size_t name_len,
             const struct engine_functype *type, struct abi_func *out);
/* Call attach of every ABI that m imports from. Lock held. 0 or the first -E_. */
int abi_attach(struct proc *p, const struct engine_module *m);

/* binfmt: programs in other formats, run by an interpreter that is wasm.
 * Like a #! line: argv becomes interpreter, path, the rest. Copied. */
int binfmt_register(const char *name, const uint8_t *magic, size_t len,
                    size_t offset, const char *interpreter);

struct exec_image {
    uint32_t refs;
    struct engine_module *module;
    struct abi_func *funcs;  /* one an import, in order; fn NULL: a shared
                              * memory, which the process gets */
};
struct exec_image *exec_image_ref(struct exec_image *i);
void exec_image_unref(struct exec_image *i); /* NULL is fine */

/* argv and envp as the kernel keeps them: strings one after the other. */
struct exec_args {
    char *args, *env;  /* host_alloc'ed */
    size_t args_len, env_len;
    uint32_t argc, envc;
    char *exe;         /* absolute path of the wasm file; by exec_image_open */
    char name[32];     /* what it was started as: the path given, its last part */
};
#define EXEC_ARGS_MAX (2u << 20) /* bytes of args and env together */
void exec_args_finish(struct exec_args *a);
/* From C arrays (NULL: empty). -E_NOMEM, -E_2BIG. */
int exec_args_init(struct exec_args *a, const char *const *argv,
                   const char *const *envp);

/*
 * The image of a program file for process p (whose cwd, root and rights
 * count); scripts put their interpreter in front of a->args. Lock held; blocks.
 * -E_NOENT, -E_ACCES (no x, or a directory), -E_NOEXEC (also for imports that no
 * ABI has), -E_LOOP, -E_NOMEM.
 */
int exec_image_open(struct proc *p, const char *path, struct exec_args *a,
                    struct exec_image **out, struct report *report);
/* From memory, which is the host's file or NULL; bytes must outlive the
 * image. */
int exec_image_bytes(const uint8_t *bytes, size_t size,
                     const struct engine_file *file,
                     struct exec_image **out, struct report *report);
/* Look up all imports of a new image (for exec.c); -E_NOEXEC, -E_NOMEM. */
int exec_resolve(struct exec_image *i, struct report *report);
/* May p run it? Every import must be granted (unless `stub trap` is), else
 * -E_NOTCAPABLE and a sentence that names all missing grants. */
int exec_image_check(const struct exec_image *i, struct proc *p,
                     struct report *report);

/*
 * Instantiate the process's image in t's fresh store, or, for fork, clone `from`
 * into it. Own task, no lock. Sets t->instance, and p->memory for the first
 * thread, which also makes the shared memories that the program imports.
 */
enum engine_status exec_link(struct thread *t, struct engine_instance *from);

/* Forget cached modules nobody runs (memory pressure, tests, shutdown). */
void exec_cache_flush(void);

#endif
