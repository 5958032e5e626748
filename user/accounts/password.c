/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Passwords: asked for, hashed, checked. Argon2id with libsodium's parameters
 * for interactive use (64 MiB, two passes). sodium_init() is not called: it only
 * picks implementations, and here is one (ports/libsodium).
 */
#include "accounts.h"

#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define PREFIX "$argon2id$"

/* Of no password anybody knows: what is checked where there is nobody. */
static const char nobody[] =
    "$argon2id$v=19$m=65536,t=2,p=1$eTvH+BFwez4HZFY7mqozwA"
    "$ec5EL7cusqsc2E+EGcGCOus6wbloyNbA1Etp0ym4AmA";

void
password_wipe(char *password)
{
    sodium_memzero(password, PASSWORD_MAX);
}

/* A line from fd, a byte at a time: what comes after it is not ours. */
static bool
read_line(int fd, char *out)
{
    size_t n = 0;
    ssize_t r;
    char c;

    while ((r = read(fd, &c, 1)) == 1 && c != '\n' && c != '\r')
        if (n < PASSWORD_MAX - 1)
            out[n++] = c;
        else
            n = PASSWORD_MAX; /* too long: refused below */
    if (r != 1 || n >= PASSWORD_MAX) {
        password_wipe(out);
        return false;
    }
    out[n] = 0;
    return true;
}

bool
password_ask(const char *prompt, char *out)
{
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC);
    struct termios old, quiet;
    bool ok;

    if (fd < 0 || tcgetattr(fd, &old) < 0) {
        if (fd >= 0)
            close(fd);
        fprintf(stderr, "there is no terminal to ask for a password on\n");
        return false;
    }
    quiet = old;
    quiet.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
    quiet.c_lflag |= ICANON | ECHONL;
    tcsetattr(fd, TCSAFLUSH, &quiet);
    write(fd, prompt, strlen(prompt));
    ok = read_line(fd, out);
    tcsetattr(fd, TCSAFLUSH, &old);
    close(fd);
    return ok;
}

bool
password_ask_new(const char *prompt, char *out)
{
    char again[PASSWORD_MAX];
    bool same;

    for (;;) {
        if (!password_ask(prompt, out))
            return false;
        if (!*out)
            return true;
        if (!password_ask("The same again: ", again))
            return false;
        same = strcmp(out, again) == 0;
        password_wipe(again);
        if (same)
            return true;
        password_wipe(out);
        fprintf(stderr, "That was not the same.\n");
    }
}

bool
password_hash(const char *password, char *hash)
{
    _Static_assert(HASH_ROOM >= crypto_pwhash_argon2id_STRBYTES, "hash");
    return crypto_pwhash_argon2id_str(
               hash, password, strlen(password),
               crypto_pwhash_argon2id_OPSLIMIT_INTERACTIVE,
               crypto_pwhash_argon2id_MEMLIMIT_INTERACTIVE) == 0;
}

bool
password_locked(const char *user)
{
    char hash[HASH_ROOM];

    return !shadow_get(user, hash) ||
           strncmp(hash, PREFIX, sizeof PREFIX - 1) != 0;
}

bool
password_check(const char *user, const char *password)
{
    char hash[HASH_ROOM];
    bool known = shadow_get(user, hash) &&
                 strncmp(hash, PREFIX, sizeof PREFIX - 1) == 0;
    bool right = crypto_pwhash_argon2id_str_verify(
                     known ? hash : nobody, password, strlen(password)) == 0;

    return known && right;
}

const char *
password_weak(const char *user, const char *password)
{
    if (strlen(password) < 8)
        return "a password has at least 8 characters";
    if (strcasecmp(user, password) == 0)
        return "the password is the name";
    return NULL;
}
