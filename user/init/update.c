/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pith-update: puts a new kernel and system image into the slot of the disk
 * that does not run (vm/init/slots.c), to be tried at the next start. A power
 * cut at any moment leaves the slot that runs as it is, and the state is one
 * write of a sector, made last.
 *
 *   pith-update IMAGE     what `make vm-image` calls pith-vm-<arch>.update
 *   pith-update --status  which slot runs, which is good, which is tried next
 *   pith-update --back    start from the other slot next time, and stay there
 *
 * Exit codes: 0; 1: something failed, the disk starts as before; 2: usage.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bootenv.h"
#include "sha256.h"
#include "write_all.h"

#define SLOTS "/dev/slots/"
#define HEADER 4096
#define INITRD_AT ((off_t)8 << 20)

struct part {
    long bytes;
    char hash[65];
};

static _Noreturn void
fail(const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    fprintf(stderr, "pith-update: ");
    vfprintf(stderr, format, ap);
    fprintf(stderr, "\n");
    va_end(ap);
    exit(1);
}

/* ---- the state ---------------------------------------------------------- */

static char state[BOOTENV_BYTES];
static char current[2];

static void
read_state(void)
{
    int fd = open(SLOTS "running", O_RDONLY);

    if (fd < 0 && errno == ENOENT)
        fail("this system does not run from a disk image with two slots");
    if (fd < 0 || read(fd, current, 1) != 1)
        fail(SLOTS "running: %s", strerror(errno));
    close(fd);
    fd = open(SLOTS "state", O_RDONLY);
    if (fd < 0 || read(fd, state, sizeof state) != (ssize_t)sizeof state)
        fail(SLOTS "state: %s", strerror(errno));
    close(fd);
}

static void
write_state(void)
{
    int fd = open(SLOTS "state", O_WRONLY);

    if (fd < 0 || write(fd, state, sizeof state) != (ssize_t)sizeof state ||
        fsync(fd) < 0)
        fail(SLOTS "state: %s; the disk starts as before", strerror(errno));
    close(fd);
}

static void
set(const char *key, const char *value)
{
    if (!bootenv_set(state, key, value))
        fail(SLOTS "state is damaged, or full");
}

static void
status(void)
{
    char good[8] = "?", try[8] = "";

    bootenv_get(state, "good", good, sizeof good);
    bootenv_get(state, "try", try, sizeof try);
    printf("running %s\ngood %s\nnext %s\n", current, good,
           *try ? try : good);
}

/* ---- the image ---------------------------------------------------------- */

static bool
parse_part(char **at, struct part *p)
{
    char *line = *at, *nl = strchr(line, '\n'), *end;

    if (!nl)
        return false;
    *nl = '\0';
    *at = nl + 1;
    errno = 0;
    p->bytes = strtol(line, &end, 10);
    if (errno || end == line || *end != ' ' || p->bytes <= 0 ||
        strlen(end + 1) != 64 ||
        strspn(end + 1, "0123456789abcdef") != 64)
        return false;
    strcpy(p->hash, end + 1);
    return true;
}

static void
read_header(int fd, const char *name, struct part parts[2])
{
    static const char magic[] = "Pith update 1\n";
    char text[HEADER + 1], *at = text + sizeof magic - 1;
    ssize_t n = read(fd, text, HEADER);

    text[n > 0 ? n : 0] = '\0';
    if (n != HEADER || strncmp(text, magic, sizeof magic - 1) != 0 ||
        !parse_part(&at, &parts[0]) || !parse_part(&at, &parts[1]))
        fail("%s is no update of this system's kind", name);
    if (lseek(fd, 0, SEEK_END) !=
        (off_t)HEADER + parts[0].bytes + parts[1].bytes)
        fail("%s is not whole; get it once more", name);
    lseek(fd, HEADER, SEEK_SET);
}

/* Read `bytes` of from; to >= 0: write them there as well. Their hash. */
static void
stream(int from, int to, long bytes, char hex[65])
{
    static char buf[65536];
    uint8_t hash[SHA256_BYTES];
    struct sha256 sum;

    sha256_init(&sum);
    while (bytes > 0) {
        size_t want = bytes < (long)sizeof buf ? (size_t)bytes : sizeof buf;
        ssize_t n = read(from, buf, want);

        if (n <= 0)
            fail("reading: %s", n < 0 ? strerror(errno) : "it ends too early");
        sha256_add(&sum, buf, (size_t)n);
        if (to >= 0 && !write_all(to, buf, (size_t)n))
            fail("writing the slot: %s; the disk starts as before",
                 strerror(errno));
        bytes -= n;
    }
    sha256_finish(&sum, hash);
    sha256_hex(hash, hex);
}

static void
install(const char *name)
{
    const char *other = strcmp(current, "a") == 0 ? "b" : "a";
    struct part parts[2];
    int from = open(name, O_RDONLY | O_CLOEXEC), to;
    char path[32], hex[65], key[16], value[48];
    long first;

    if (from < 0)
        fail("%s: %s", name, strerror(errno));
    read_header(from, name, parts);
    if (parts[0].bytes > INITRD_AT)
        fail("the kernel of %s is too large for a slot", name);
    snprintf(path, sizeof path, SLOTS "%s", other);
    to = open(path, O_RDWR | O_CLOEXEC);
    if (to < 0)
        fail("%s: %s", path, strerror(errno));
    if (INITRD_AT + parts[1].bytes > lseek(to, 0, SEEK_END))
        fail("the system of %s is too large for a slot", name);
    /* nobody starts from it while it is half written */
    if (bootenv_get(state, "try", value, sizeof value) && *value) {
        set("try", "");
        write_state();
    }
    for (int turn = 0; turn < 2; turn++) /* write, then read back */
        for (int i = 0; i < 2; i++) {
            lseek(to, i ? INITRD_AT : 0, SEEK_SET);
            stream(turn ? to : from, turn ? -1 : to, parts[i].bytes, hex);
            if (strcmp(hex, parts[i].hash) != 0)
                fail(turn ? "slot %s did not keep what was written: is the "
                            "disk failing?"
                          : "%s is damaged; get it once more",
                     turn ? other : name);
            if (!turn && fsync(to) < 0)
                fail("%s: %s", path, strerror(errno));
        }
    for (int i = 0; i < 2; i++) {
        /* sectors of the whole disk: where the slot begins is in the state */
        snprintf(key, sizeof key, "%s_at", other);
        if (!bootenv_get(state, key, value, sizeof value))
            fail(SLOTS "state does not say where slot %s is", other);
        first = strtol(value, NULL, 10) + (i ? INITRD_AT / 512 : 0);
        snprintf(key, sizeof key, "%s_%s", other, i ? "initrd" : "linux");
        snprintf(value, sizeof value, "%ld+%ld", first,
                 (parts[i].bytes + 511) / 512);
        set(key, value);
    }
    set("try", other);
    write_state();
    printf("Slot %s has it. It is tried at the next start (reboot); when it "
           "does not come up,\nthe start after that is from slot %s again.\n",
           other, current);
}

static void
back(void)
{
    const char *other = strcmp(current, "a") == 0 ? "b" : "a";
    char key[16], value[48];

    snprintf(key, sizeof key, "%s_linux", other);
    if (!bootenv_get(state, key, value, sizeof value) ||
        strcmp(value, "0+0") == 0)
        fail("slot %s is empty", other);
    set("good", other);
    set("try", "");
    write_state();
    printf("The next start is from slot %s.\n", other);
}

int
main(int argc, char **argv)
{
    if (argc != 2 || (argv[1][0] == '-' && strcmp(argv[1], "--status") != 0 &&
                      strcmp(argv[1], "--back") != 0)) {
        fprintf(stderr, "usage: pith-update IMAGE | --status | --back\n");
        return 2;
    }
    read_state();
    if (strcmp(argv[1], "--status") == 0)
        status();
    else if (strcmp(argv[1], "--back") == 0)
        back();
    else
        install(argv[1]);
    return 0;
}
