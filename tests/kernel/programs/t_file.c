/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors, and grants that are passed on. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../../abi/pith/abi.h"
#include "usertests.h"

static void
dups(int fd)
{
    int a = dup(fd), b = fcntl(fd, F_DUPFD_CLOEXEC, 20);

    CHECK(a >= 0 && b == 20);
    CHECK(fcntl(a, F_GETFD) == 0 && fcntl(b, F_GETFD) == FD_CLOEXEC);
    CHECK(dup2(a, a) == a && dup2(a, 21) == 21);
    CHECK(dup3(a, a, 0) == -1 && errno == EINVAL);
    CHECK(dup3(a, 22, O_CLOEXEC) == 22 && fcntl(22, F_GETFD) == FD_CLOEXEC);
    CHECK(dup2(99, 5) == -1 && errno == EBADF);
    CHECK(dup2(a, 1 << 30) == -1 && errno == EBADF);
    /* one position for all */
    CHECK(lseek(a, 3, SEEK_SET) == 3 && lseek(b, 0, SEEK_CUR) == 3);
    CHECK(close(a) == 0 && close(b) == 0 && close(21) == 0 && close(22) == 0);
    CHECK(close(a) == -1 && errno == EBADF);
}

void
test_file(void)
{
    struct iovec v[2] = {{"ab", 2}, {"cdef", 4}};
    char got[8] = "";
    int fd = open("f", O_CREAT | O_TRUNC | O_RDWR, 0600), low;

    CHECK(fd >= 0);
    CHECK(writev(fd, v, 2) == 6);
    CHECK(pread(fd, got, 3, 2) == 3 && !strcmp(got, "cde"));
    CHECK(pwrite(fd, "X", 1, 0) == 1);
    CHECK(lseek(fd, 0, SEEK_CUR) == 6 && lseek(fd, 0, SEEK_SET) == 0);
    CHECK(read(fd, got, sizeof got) == 6 && !memcmp(got, "Xbcdef", 6));
    CHECK(read(fd, got, sizeof got) == 0);
    dups(fd);
    low = fcntl(fd, F_GETFL);
    CHECK((low & O_ACCMODE) == O_RDWR);
    CHECK(fcntl(fd, F_SETFL, O_APPEND) == 0 &&
          (fcntl(fd, F_GETFL) & O_APPEND));
    CHECK(pread(fd, got, 1, -1) == -1 && errno == EINVAL);
    CHECK(lseek(fd, -1, SEEK_SET) == -1 && errno == EINVAL);
    CHECK(close(fd) == 0);
    fd = open("f", O_RDONLY);
    CHECK(write(fd, "x", 1) == -1 && errno == EBADF);
    low = dup(fd);
    close(fd);
    CHECK(dup(low) == fd); /* the lowest free one */
    close(fd);
    close(low);
    CHECK(unlink("f") == 0);
}

/* ---- grants ---------------------------------------------------------- */

__attribute__((import_module("pith"), import_name("spawn"))) int
raw_spawn(const char *path, char *const *argv, char *const *envp,
          const struct pith_spawn *s);
__attribute__((import_module("pith"), import_name("cap_get"))) int
raw_cap_get(char *out, uint32_t room);
__attribute__((import_module("pith"), import_name("cap_drop"))) int
raw_cap_drop(const char *text);

static int
spawn_with(const char *grants)
{
    char *argv[] = {self, "exit", "5", NULL};
    struct pith_spawn s;

    memset(&s, 0, sizeof s);
    s.flags = PITH_SPAWN_GRANTS;
    s.grants = (pith_gp)grants;
    return raw_spawn(self, argv, environ, &s);
}

void
test_grant(void)
{
    char text[1024] = "";
    int r = raw_cap_get(text, sizeof text), all;

    CHECK(r > 0 && r == (int)strlen(text) + 1);
    CHECK(raw_cap_get(NULL, 0) == r);
    CHECK(strstr(text, "spawn\n") != NULL);
    r = spawn_with(text);
    CHECK(r > 0 && code_of(r) == 5);
    /* Too little for what it imports: refused at load. */
    CHECK(spawn_with("stdio\nfs / ro\n") < 0);
    CHECK(spawn_with("nonsense\n") < 0);
    /* The program itself may not be seen: cannot be started. */
    all = (int)strlen(text);
    snprintf(text + all, sizeof text - (size_t)all, "fs /nowhere rw\n");
    CHECK(raw_cap_drop("shell\nfs / rw\nnet\nipc *\nspawn\ndevice\njit\n"
                       "sound\n") <= 0);
    CHECK(strstr(text, "shell\n") || spawn_with("shell\nspawn\ntime\n") < 0);
}
