/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FILE.sig: who vouches for a manifest (or package) and its program.
 *
 *     pith-signature 1
 *     key 64 hex digits                     the public key
 *     file vyoma.toml SHA-256               each file that counts, by its name
 *     file app.wasm SHA-256
 *     signature 128 hex digits              Ed25519, of all the lines above
 *
 * Read here, and what it says compared with what is there. Where files and keys
 * are, and the arithmetic of Ed25519, are the caller's (cli/sign.c,
 * user/init/super/sign.c).
 */
#ifndef MANIFEST_SIGNATURE_H
#define MANIFEST_SIGNATURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report.h"

#define SIGNATURE_ROOM 4096u /* bytes of a .sig file, at most */
#define SIGNATURE_FILES 8u
#define SIGNATURE_HEAD "pith-signature 1\nkey "

struct signature {
    uint8_t key[32], value[64];
    char key_hex[65];
    size_t covers; /* so many bytes of the text are signed */
    uint32_t nfiles;
    struct {
        char name[256];
        char hash[65];
    } files[SIGNATURE_FILES];
};
/* -E_INVAL with a sentence. */
int signature_parse(struct signature *s, const char *text, size_t len,
                    struct report *report);

struct signature_world {
    bool (*verify)(const uint8_t value[64], const char *text, size_t len,
                   const uint8_t key[32]);
    /* The trusted key's name. */
    bool (*trusted)(void *ctx, const char *key_hex, char *name, size_t room);
    bool (*hash)(void *ctx, const char *file, char hex[65]);
    void *ctx;
};
/*
 * Does somebody trusted vouch for `file`, and for `program` (NULL: it has none),
 * as they are now? 0, and the name of the key in who; or -E_PERM with a
 * sentence. text NULL: there is no .sig file.
 */
int signature_check(const char *text, size_t len, const char *file,
                    const char *program, const struct signature_world *world,
                    char *who, size_t room, struct report *report);

#endif
