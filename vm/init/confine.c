/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system gives up what it does not need of Linux, so that a hole in Pith is
 * not one in the machine: no new privileges, the capabilities of a file server,
 * and the system calls of syscalls.def (a filter that Linux runs; it answers
 * ENOSYS to the rest and ends who calls in a foreign architecture's way).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "init.h"

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#define OLD(name) CALL(name)
#define OLDER(name) CALL(name)
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#define OLD(name)
#define OLDER(name) CALL(name)
#elif defined(__riscv)
#define ARCH AUDIT_ARCH_RISCV64
#define OLD(name)
#define OLDER(name)
#endif

#define LOAD(field)                                                            \
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define ANSWER(action) BPF_STMT(BPF_RET | BPF_K, (action))
#define UNLESS(value, skip)                                                    \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), 0, (skip))
#define ALLOW_IF(value) UNLESS(value, 1), ANSWER(SECCOMP_RET_ALLOW)

/* socket(): of the Internet and of this machine; the kernel's own (netlink,
 * raw packets) are not for programs. The numbers are 32 bits long. */
static const struct sock_filter head[] = {
    LOAD(arch),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0),
    ANSWER(SECCOMP_RET_KILL_PROCESS),
    LOAD(nr),
    UNLESS(SYS_socket, 8),
    LOAD(args[0]),
    ALLOW_IF(AF_INET),
    ALLOW_IF(AF_INET6),
    ALLOW_IF(AF_UNIX),
    ANSWER(SECCOMP_RET_ERRNO | ENOSYS),
};

/* The others are looked for by halves, for Linux tries all numbers in advance. */
static uint32_t allowed[] = {
#define CALL(name) SYS_##name,
#include "syscalls.def"
#undef CALL
};
#define NALLOWED (sizeof allowed / sizeof *allowed)

static struct range {
    uint32_t first, last;
} ranges[NALLOWED];
static struct sock_filter filter[sizeof head / sizeof *head + 5 * NALLOWED];
static size_t nfilter;

static int
by_number(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static size_t
find_ranges(void)
{
    size_t n = 0;

    qsort(allowed, NALLOWED, sizeof *allowed, by_number);
    for (size_t i = 0; i < NALLOWED; i++)
        if (n && allowed[i] <= ranges[n - 1].last + 1)
            ranges[n - 1].last = allowed[i];
        else
            ranges[n++] = (struct range){allowed[i], allowed[i]};
    return n;
}

/* Is the number in one of n ranges? False: a jump is too long. */
static bool
decide(const struct range *r, size_t n)
{
    size_t half = n / 2, at = nfilter, length;

    if (n == 1) {
        const struct sock_filter leaf[] = {
            BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, r->first, 0, 2),
            BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, r->last, 1, 0),
            ANSWER(SECCOMP_RET_ALLOW),
            ANSWER(SECCOMP_RET_ERRNO | ENOSYS),
        };

        memcpy(filter + nfilter, leaf, sizeof leaf);
        nfilter += sizeof leaf / sizeof *leaf;
        return true;
    }
    nfilter++;
    if (!decide(r, half))
        return false;
    length = nfilter - at - 1;
    filter[at] = (struct sock_filter)BPF_JUMP(
        BPF_JMP | BPF_JGE | BPF_K, r[half].first, (uint8_t)length, 0);
    return length <= UINT8_MAX && decide(r + half, n - half);
}

static bool
make_filter(void)
{
    memcpy(filter, head, sizeof head);
    nfilter = sizeof head / sizeof *head;
    return decide(ranges, find_ranges());
}

static const int kept[] = {CAP_CHOWN,  CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH,
                           CAP_FOWNER, CAP_FSETID,       CAP_NET_BIND_SERVICE};

static bool
drop_capabilities(void)
{
    struct __user_cap_header_struct header = {.version =
                                                  _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];
    uint64_t keep = 0;

    memset(data, 0, sizeof data);
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        keep |= (uint64_t)1 << kept[i];
    for (int c = 0; c < 64 && prctl(PR_CAPBSET_READ, c) >= 0; c++)
        if (!(keep >> c & 1) && prctl(PR_CAPBSET_DROP, c) < 0)
            return false;
    for (int i = 0; i < 2; i++) {
        data[i].effective = data[i].permitted = (uint32_t)(keep >> 32 * i);
        data[i].inheritable = 0;
    }
    return syscall(SYS_capset, &header, data) == 0;
}

bool
confine(void)
{
    struct sock_fprog program = {.filter = filter};

    if (!make_filter()) {
        errno = E2BIG;
        return false;
    }
    program.len = (unsigned short)nfilter;
    return drop_capabilities() && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}
