/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accounts: one program under several names.
 *
 *     login, su, passwd, useradd, userdel     people call these
 *     authd                                   init starts it, one for each
 *                                             connection to /run/auth
 *
 * Who there is stands in /etc/passwd and /etc/group, as everywhere; passwords
 * stand in /etc/shadow, hashed by Argon2id (libsodium, compiled to WebAssembly
 * like the rest, so that every host has the same). A field of `!` is a locked
 * account. No program runs with more rights than its caller: su and a user's own
 * passwd ask authd, which checks the password and gives su an identity
 * (kernel/identity.h) to take.
 */
#ifndef ACCOUNTS_H
#define ACCOUNTS_H

#include <pwd.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define AUTH_SOCKET "/run/auth"
#define PASSWORD_MAX 256u  /* bytes, the NUL included */
#define HASH_ROOM 128u
#define NAME_MAX_ 32u

/* ---- password.c ------------------------------------------------------- */

/* Ask on the terminal, unseen. false: no terminal, end of input, too long. */
bool password_ask(const char *prompt, char *out);
/* Ask twice; *out is empty when nothing was typed at first. */
bool password_ask_new(const char *prompt, char *out);
bool password_hash(const char *password, char *hash); /* false: no memory */
/* Is it user's password? Takes as long when there is no such user. */
bool password_check(const char *user, const char *password);
bool password_locked(const char *user);
/* 8 characters, and not the name. */
const char *password_weak(const char *user, const char *password);
void password_wipe(char *password); /* PASSWORD_MAX bytes */

/* ---- files.c ---------------------------------------------------------- */

bool name_ok(const char *name); /* a-z _, then a-z 0-9 _ - */
/* One at a time changes these files. */
bool files_lock(void);
/* In the file of lines "name:...", put line for name's (NULL: take it out; not
 * there: add it), all at once. errno. */
bool files_put(const char *path, const char *name, const char *line,
               unsigned mode);
/* name's password: a hash, or "!". */
bool shadow_set(const char *name, const char *hash);
/* name's hash; false: there is none. */
bool shadow_get(const char *name, char *hash);

/* ---- session.c -------------------------------------------------------- */

/* The groups the user is in, his own first; how many. */
#define GROUPS_MAX 32
int user_groups(const struct passwd *pw, gid_t *groups);
/* Be that user; the caller is root. */
bool become(const struct passwd *pw);
/* Run the user's shell (or `shell`); argv[0] is made for it. Does not return
 * but for an error, which it has told. */
int start_shell(const struct passwd *pw, const char *shell, bool login,
                char **args);
int say(const char *program, const char *format, ...)
    __attribute__((format(printf, 2, 3))); /* an error; returns 1 */

/* ---- client.c --------------------------------------------------------- */

/* Send lines to authd. true: it said yes; *identity is a descriptor or -1. Else
 * `why` says why not. */
bool auth_request(const char *const lines[], int *identity, char *why,
                  size_t room);

int login_main(int argc, char **argv);
int su_main(int argc, char **argv);
int passwd_main(int argc, char **argv);
int useradd_main(int argc, char **argv);
int userdel_main(int argc, char **argv);
int authd_main(int argc, char **argv);
int setup_main(int argc, char **argv);

#endif
