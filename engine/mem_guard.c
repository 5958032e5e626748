/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory back end with guard pages. A 32-bit memory sits at the start of an
 * aligned 8 GiB slot of address space, of which only its size is accessible:
 *
 *   | accessible | PROT_NONE ... 4 GiB address + 4 GiB offset |
 *
 * so base + address + offset cannot leave the slot and a bad access faults. The
 * handler finds the memory by slot number, its store (of a shared one: the
 * store whose code runs on this stack), the store's activation, and jumps out
 * of the interpreter there. It acts only when the faulting instruction is the
 * interpreter's own, so host bugs stay visible.
 *
 * Freed slots are emptied (MADV_DONTNEED) and pooled: instantiation is a few
 * microseconds, and each memory costs two mappings.
 */
#define _GNU_SOURCE
#include "mem.h"
#include "native.h"

#if ENGINE_GUARD

#include <malloc.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#define SLOT_SHIFT 33
#define SLOT ((uint64_t)1 << SLOT_SHIFT)
#define SLOTS ((size_t)1 << (48 - SLOT_SHIFT)) /* AArch64's addresses */
#define BATCH 16u /* slots reserved at once, at most */
#define LARGE_PAGE ((uintptr_t)2 << 20)
#define SHARED_MOST ((uint64_t)1 << 40) /* reserved for a shared 64-bit one */
#define ALTSTACK ((size_t)64 << 10)

/* Memories with pages of one byte end anywhere; the host's pages do not. Such
 * memories are checked explicitly. */
static uint64_t
whole_pages(uint64_t bytes)
{
    return (bytes + 0xffff) & ~(uint64_t)0xffff;
}

static _Atomic(struct engine_memory *) owners[SLOTS];

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct free_slot {
    uint8_t *base;
    uint64_t mapped;
} *pool;
static size_t npool, pool_cap;
/* Reserved at once next time: few for who needs few, since an emulator
 * (qemu-user) keeps tables of reserved pages. */
static unsigned batch = 1;

static bool
pool_put(uint8_t *base, uint64_t mapped)
{
    if (npool == pool_cap) {
        size_t cap = pool_cap ? pool_cap * 2 : 64;
        struct free_slot *p = realloc(pool, cap * sizeof *p);

        if (!p)
            return false;
        pool = p;
        pool_cap = cap;
    }
    pool[npool].base = base;
    pool[npool++].mapped = mapped;
    return true;
}

/* Reserve n slots, aligned; they go to the pool. */
static bool
reserve(unsigned n)
{
    size_t bytes = (size_t)(n + 1) * SLOT;
    uint8_t *p = mmap(NULL, bytes, PROT_NONE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    size_t head;

    if (p == MAP_FAILED)
        return false;
    head = (size_t)(-(uintptr_t)p & (SLOT - 1));
    if (head)
        munmap(p, head);
    munmap(p + head + n * SLOT, SLOT - head);
    for (unsigned i = n; i-- > 0;)
        if (!pool_put(p + head + i * SLOT, 0))
            munmap(p + head + i * SLOT, SLOT);
    return npool > 0;
}

static bool
slot_take(struct free_slot *out)
{
    bool ok;

    pthread_mutex_lock(&lock);
    if (!npool && (reserve(batch) || reserve(1)) && batch < BATCH)
        batch *= 2;
    ok = npool > 0;
    if (ok)
        *out = pool[--npool];
    pthread_mutex_unlock(&lock);
    return ok;
}

static void
slot_give(uint8_t *base, uint64_t mapped)
{
    if (mapped && madvise(base, mapped, MADV_DONTNEED) < 0) {
        munmap(base, SLOT);
        return;
    }
    pthread_mutex_lock(&lock);
    if (!pool_put(base, mapped))
        munmap(base, SLOT);
    pthread_mutex_unlock(&lock);
}

static bool
alloc32(struct engine_memory *m, uint64_t bytes)
{
    struct free_slot slot;

    if (!slot_take(&slot))
        return false;
    if (slot.mapped < bytes) {
        if (mprotect(slot.base + slot.mapped, bytes - slot.mapped,
                     PROT_READ | PROT_WRITE) < 0)
            goto fail;
    } else if (slot.mapped > bytes) {
        if (mprotect(slot.base + bytes, slot.mapped - bytes, PROT_NONE) < 0)
            goto fail;
    }
    m->base = slot.base;
    m->mapped = bytes;
    m->reserved = SLOT;
    atomic_store(&owners[(uintptr_t)m->base >> SLOT_SHIFT], m);
    return true;
fail:
    slot_give(slot.base, slot.mapped);
    return false;
}

/* What does not move needs its room from the start: as much of the maximum as
 * there is. */
static bool
alloc64_shared(struct engine_memory *m, uint64_t bytes)
{
    uint64_t room = SHARED_MOST;
    void *p = MAP_FAILED;

    if (m->max_pages <= SHARED_MOST >> m->page_shift)
        room = whole_pages(m->max_pages << m->page_shift);
    for (; room && room >= bytes && p == MAP_FAILED; room /= 2) {
        m->reserved = room &= ~(uint64_t)0xffff;
        p = mmap(NULL, room, PROT_NONE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    }
    if (p == MAP_FAILED)
        return !m->max_pages;
    m->base = p;
    m->mapped = bytes;
    if (!bytes || mprotect(p, bytes, PROT_READ | PROT_WRITE) == 0)
        return true;
    munmap(p, m->reserved);
    return false;
}

bool
mem_alloc(struct engine_memory *m, uint64_t bytes)
{
    void *p;

    bytes = whole_pages(bytes);
    if (!m->is64)
        return alloc32(m, bytes);
    if (m->shared)
        return alloc64_shared(m, bytes);
    if (!bytes)
        return true;
    p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED)
        return false;
    m->base = p;
    m->mapped = bytes;
    return true;
}

bool
mem_extend(struct engine_memory *m, uint64_t bytes)
{
    void *p;

    bytes = whole_pages(bytes);
    if (bytes <= m->mapped)
        return true;
    if (!m->is64 || m->shared) {
        if (bytes > m->reserved ||
            mprotect(m->base + m->mapped, bytes - m->mapped,
                     PROT_READ | PROT_WRITE) < 0)
            return false;
        m->mapped = bytes;
        return true;
    }
    if (!m->base)
        return mem_alloc(m, bytes);
    p = mremap(m->base, m->mapped, bytes, MREMAP_MAYMOVE);
    if (p == MAP_FAILED)
        return false;
    m->base = p;
    m->mapped = bytes;
    return true;
}

void
mem_free(struct engine_memory *m)
{
    if (!m->base)
        return;
    if (m->is64) {
        munmap(m->base, m->shared ? m->reserved : m->mapped);
        return;
    }
    atomic_store(&owners[(uintptr_t)m->base >> SLOT_SHIFT], NULL);
    slot_give(m->base, m->mapped);
}

void
mem_trim(void)
{
    malloc_trim(0);
}

void
mem_soon(void *p, size_t bytes)
{
    uintptr_t from = ((uintptr_t)p + LARGE_PAGE - 1) & ~(LARGE_PAGE - 1);
    uintptr_t to = ((uintptr_t)p + bytes) & ~(LARGE_PAGE - 1);

    if (from < to)
        madvise((void *)from, to - from, MADV_HUGEPAGE);
}

/* Emptied ones of one size are kept: a mapping is dearer than its pages. */
static void *stacks[64];
static size_t nstacks, stacks_bytes;

void *
stack_alloc(size_t bytes)
{
    void *p = NULL;

    pthread_mutex_lock(&lock);
    if (nstacks && bytes == stacks_bytes)
        p = stacks[--nstacks];
    pthread_mutex_unlock(&lock);
    if (p)
        return p;
    p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

void
stack_free(void *p, size_t bytes)
{
    bool kept = false;

    if (madvise(p, bytes, MADV_DONTNEED) == 0) {
        pthread_mutex_lock(&lock);
        if (!nstacks)
            stacks_bytes = bytes;
        if (bytes == stacks_bytes && nstacks < sizeof stacks / sizeof *stacks) {
            stacks[nstacks++] = p;
            kept = true;
        }
        pthread_mutex_unlock(&lock);
    }
    if (!kept)
        munmap(p, bytes);
}

/* ---- faults
 * -------------------------------------------------------------------- */

/* The linker's bounds of the section that all interpreter code is in. */
extern const uint8_t __start_pith_interp[], __stop_pith_interp[];

static struct sigaction old_segv, old_bus;

/* Where the code was; ARGUMENT: the first four of the interpreter's functions
 * (ENGINE_CALL). */
#if defined(__x86_64__)
#define FAULT_PC(uc) ((uintptr_t)(uc)->uc_mcontext.gregs[REG_RIP])
#define FAULT_SP(uc) ((uintptr_t)(uc)->uc_mcontext.gregs[REG_RSP])
#define ARGUMENT(uc, i) ((uintptr_t)(uc)->uc_mcontext.gregs[REG_R12 + (i)])
#elif defined(__aarch64__)
#define FAULT_PC(uc) ((uintptr_t)(uc)->uc_mcontext.pc)
#define FAULT_SP(uc) ((uintptr_t)(uc)->uc_mcontext.sp)
#define ARGUMENT(uc, i) ((uintptr_t)(uc)->uc_mcontext.regs[20 + (i)])
#elif defined(__riscv)
#define FAULT_PC(uc) ((uintptr_t)(uc)->uc_mcontext.__gregs[REG_PC])
#define FAULT_SP(uc) ((uintptr_t)(uc)->uc_mcontext.__gregs[REG_SP])
#define ARGUMENT(uc, i) ((uintptr_t)(uc)->uc_mcontext.__gregs[REG_A0 + (i)])
#endif

/*
 * The threaded interpreter keeps pc, fp and in in registers. The compiler may
 * have moved pc on by one instruction; believe nothing unchecked: this is for
 * the backtrace only.
 */
static void
note_place(struct activation *act, struct engine_store *s, const ucontext_t *uc)
{
    uint64_t *fp = (uint64_t *)ARGUMENT(uc, 1);
    struct engine_instance *in;

    for (in = s->instances; in; in = in->next)
        if ((uintptr_t)in == ARGUMENT(uc, 3))
            break;
    if (in && fp >= s->stack && fp < s->stack_limit && !((uintptr_t)fp & 7)) {
        act->pc = (const struct insn *)ARGUMENT(uc, 0);
        act->fp = fp;
        act->in = in;
        return;
    }
    act->pc = NULL;
}

static void
chain(int sig, siginfo_t *info, void *context, struct sigaction *old)
{
    if (old->sa_flags & SA_SIGINFO) {
        old->sa_sigaction(sig, info, context);
        return;
    }
    if (old->sa_handler != SIG_DFL && old->sa_handler != SIG_IGN) {
        old->sa_handler(sig);
        return;
    }
    signal(sig, SIG_DFL); /* the instruction runs again and ends the process */
}

_Static_assert(NATIVE_CODE_CHUNK != NATIVE_SITES, "two kinds of code");

static void
on_fault(int sig, siginfo_t *info, void *context)
{
    uintptr_t slot = (uintptr_t)info->si_addr >> SLOT_SHIFT;
    const ucontext_t *uc = context;
    uintptr_t at = FAULT_PC(uc);
    struct engine_memory *m = NULL;
    struct engine_store *s = NULL;
    struct native_code code;
    bool interp;

    if (slot < SLOTS)
        m = atomic_load(&owners[slot]);
    interp = at >= (uintptr_t)__start_pith_interp &&
             at < (uintptr_t)__stop_pith_interp;
    if (m && (interp || native_code_find(at, &code)))
        s = m->share ? memory_running_store(m, FAULT_SP(uc)) : m->store;
    if (s && s->act && interp) {
        struct activation *act = s->act;

        note_place(act, s, uc);
        _longjmp(*(jmp_buf *)act->landing, 1);
    }
    if (s && s->act && s->native) {
        struct activation *act = s->act;

        act->pc = code.place(code.module, code.func, at);
        act->in = s->native_in;
        act->fp = act->in->native_fp;
        if (code.func == NATIVE_CODE_CHUNK) {
            act->fp = (uint64_t *)ARGUMENT(uc, 1);
            act->in = (struct engine_instance *)ARGUMENT(uc, 0);
        }
        _longjmp(*(jmp_buf *)act->landing, 1);
    }
    chain(sig, info, context, sig == SIGSEGV ? &old_segv : &old_bus);
}

static void
install(void)
{
    struct sigaction sa = {.sa_sigaction = on_fault,
                           .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};

    sigemptyset(&sa.sa_mask);
    sigaction(SIGSEGV, &sa, &old_segv);
    sigaction(SIGBUS, &sa, &old_bus);
}

static pthread_key_t altstack_key;

static void
altstack_free(void *p)
{
    stack_t off = {.ss_flags = SS_DISABLE};

    sigaltstack(&off, NULL);
    munmap(p, ALTSTACK);
}

static void
install_once(void)
{
    install();
    pthread_key_create(&altstack_key, altstack_free);
}

void
engine_thread_init(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    static _Thread_local bool ready;
    stack_t old, ss = {.ss_size = ALTSTACK};

    if (ready)
        return;
    ready = true;
    pthread_once(&once, install_once);
    if (sigaltstack(NULL, &old) < 0 || !(old.ss_flags & SS_DISABLE))
        return;
    ss.ss_sp = stack_alloc(ALTSTACK);
    if (!ss.ss_sp)
        return;
    if (sigaltstack(&ss, NULL) < 0)
        stack_free(ss.ss_sp, ALTSTACK);
    else
        pthread_setspecific(altstack_key, ss.ss_sp);
}

__attribute__((noinline)) void
mem_run(struct activation *act, struct engine_func *f, uint64_t *fp)
{
    struct engine_store *s;
    jmp_buf landing;
    int how;

    act->landing = &landing;
    act->native = f->instance->store->native;
    how = _setjmp(landing);
    if (how == 0) {
        interp_run(f, fp);
        return;
    }
    s = f->instance->store;
    s->native = act->native;
    if (how == 2) /* from machine code, recorded and with its status */
        return;
    s->status = ENGINE_MEMORY_BOUNDS;
    trap_record(s, act->in, act->pc, act->fp);
    s->step = NULL;
}

#endif
