/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signed manifests and packages: who vouches for them. Ed25519 by libsodium.
 * The file is manifest/signature.h's.
 *
 * Trusted is whose key is in a trust directory (NAME.pub): --trust DIR, or
 * $XDG_CONFIG_HOME/pith/trust (~/.config/pith/trust) and /etc/pith/trust. What
 * is not signed runs all the same, unless `pith run --signed` is asked for or
 * PITH_SIGNED=1 is set: without is how one develops. The
 * supervisor has its own trust directory (user/init/super/sign.c).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "manifest.h"
#include "sha256.h"
#include "signature.h"

#define HEX_KEY (2 * crypto_sign_PUBLICKEYBYTES)
#define HEX_SIG (2 * crypto_sign_BYTES)
#define SIG_ROOM SIGNATURE_ROOM

static bool
complain(const char *file, const char *what)
{
    cli_error("%s: %s", file, what ? what : strerror(errno));
    return false;
}

static bool
hash_file(const char *file, char hex[65])
{
    FILE *f = fopen(file, "rb");
    uint8_t block[65536], hash[SHA256_BYTES];
    struct sha256 s;
    size_t n;
    bool ok;

    if (!f)
        return complain(file, NULL);
    sha256_init(&s);
    while ((n = fread(block, 1, sizeof block, f)) > 0)
        sha256_add(&s, block, n);
    ok = !ferror(f);
    fclose(f);
    sha256_finish(&s, hash);
    sha256_hex(hash, hex);
    return ok || complain(file, NULL);
}

/* A text file as a string in out[room]; more than that is refused. */
static bool
read_text(const char *file, char *out, size_t room, size_t *len)
{
    FILE *f = fopen(file, "rb");

    if (!f)
        return false;
    *len = fread(out, 1, room, f);
    fclose(f);
    if (*len == room)
        return false;
    out[*len] = 0;
    return strlen(out) == *len;
}

static bool
write_text(const char *file, const char *text, mode_t mode, int flags)
{
    int fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC | flags, mode);
    size_t n = strlen(text);
    bool ok = fd >= 0 && write(fd, text, n) == (ssize_t)n;

    if (fd >= 0 && close(fd) < 0)
        ok = false;
    return ok || complain(file, NULL);
}

static bool
from_hex(const char *hex, size_t digits, unsigned char *out)
{
    size_t n;

    return sodium_hex2bin(out, digits / 2, hex, digits, NULL, &n, NULL) == 0 &&
           n == digits / 2;
}

/* ---- pith key, pith sign --------------------------------------------- */

int
cli_key(int argc, char **argv)
{
    unsigned char seed[crypto_sign_SEEDBYTES];
    unsigned char public[crypto_sign_PUBLICKEYBYTES];
    unsigned char secret[crypto_sign_SECRETKEYBYTES];
    char hex[HEX_KEY + 2], file[4096];
    bool ok;

    if (argc != 2 || argv[1][0] == '-') {
        cli_error("key what? try: pith key NAME (makes NAME, which is secret, "
                  "and NAME.pub)");
        return EXIT_USAGE;
    }
    if (sodium_init() < 0)
        return EXIT_REFUSED;
    randombytes_buf(seed, sizeof seed);
    crypto_sign_seed_keypair(public, secret, seed);
    sodium_bin2hex(hex, sizeof hex, seed, sizeof seed);
    strcat(hex, "\n");
    snprintf(file, sizeof file, "%.4000s.pub", argv[1]);
    ok = write_text(argv[1], hex, 0600, O_EXCL);
    sodium_bin2hex(hex, sizeof hex, public, sizeof public);
    strcat(hex, "\n");
    ok = ok && write_text(file, hex, 0644, O_EXCL);
    sodium_memzero(seed, sizeof seed);
    sodium_memzero(secret, sizeof secret);
    return ok ? 0 : EXIT_REFUSED;
}

static const char *
base_name(const char *file)
{
    const char *slash = strrchr(file, '/');

    return slash ? slash + 1 : file;
}

/* name in file's directory. */
static void
beside(const char *file, const char *name, char *out, size_t room)
{
    snprintf(out, room, "%.*s%s", (int)(base_name(file) - file), file, name);
}

static bool
add_file(char *text, const char *path)
{
    char hex[65];
    size_t at = strlen(text);

    if (!hash_file(path, hex))
        return false;
    return snprintf(text + at, SIG_ROOM - at, "file %.300s %s\n",
                    base_name(path), hex) < (int)(SIG_ROOM - at);
}

/* The manifest itself and, of a vyoma.toml, the program. */
static bool
add_files(char *text, const char *file)
{
    struct manifest m;
    char wasm[4400];
    bool ok = cli_manifest_read(file, &m);

    if (!ok)
        return false;
    ok = add_file(text, file);
    if (ok && m.format == MANIFEST_VYOMA && m.wasm[0]) {
        beside(file, m.wasm, wasm, sizeof wasm);
        ok = !strchr(m.wasm, '/') && add_file(text, wasm);
    }
    manifest_finish(&m);
    return ok;
}

static bool
load_key(const char *file, unsigned char *public, unsigned char *secret)
{
    unsigned char seed[crypto_sign_SEEDBYTES];
    char hex[256];
    size_t len;
    bool ok = read_text(file, hex, sizeof hex, &len) && len >= HEX_KEY &&
              from_hex(hex, HEX_KEY, seed);

    if (ok)
        crypto_sign_seed_keypair(public, secret, seed);
    sodium_memzero(hex, sizeof hex);
    sodium_memzero(seed, sizeof seed);
    return ok || complain(file, "it is no key; try: pith key NAME");
}

int
cli_sign(int argc, char **argv)
{
    unsigned char public[crypto_sign_PUBLICKEYBYTES];
    unsigned char secret[crypto_sign_SECRETKEYBYTES];
    unsigned char signature[crypto_sign_BYTES];
    char text[SIG_ROOM] = SIGNATURE_HEAD, file[4400];
    size_t at;
    bool ok;

    if (argc != 4 || strcmp(argv[1], "--key") != 0) {
        cli_error("sign what? try: pith sign --key NAME vyoma.toml");
        return EXIT_USAGE;
    }
    if (sodium_init() < 0 || !load_key(argv[2], public, secret))
        return EXIT_REFUSED;
    at = strlen(text);
    sodium_bin2hex(text + at, sizeof text - at, public, sizeof public);
    strcat(text, "\n");
    ok = add_files(text, argv[3]);
    at = strlen(text);
    crypto_sign_detached(signature, NULL, (unsigned char *)text, at, secret);
    sodium_memzero(secret, sizeof secret);
    if (!ok || at + HEX_SIG + 16 > sizeof text)
        return EXIT_REFUSED;
    strcat(text, "signature ");
    at = strlen(text);
    sodium_bin2hex(text + at, sizeof text - at, signature, sizeof signature);
    strcat(text, "\n");
    snprintf(file, sizeof file, "%.4300s.sig", argv[3]);
    return write_text(file, text, 0644, O_TRUNC) ? 0 : EXIT_REFUSED;
}

/* ---- pith verify ----------------------------------------------------- */

/* The name of the trusted key that is `hex`, in one directory. */
static bool
trusted_in(const char *dir, const char *hex, char *name, size_t room)
{
    char path[4700], key[256];
    DIR *d = opendir(dir);
    struct dirent *e;
    bool found = false;
    size_t len;

    while (d && !found && (e = readdir(d))) {
        size_t n = strlen(e->d_name);

        if (n < 5 || strcmp(e->d_name + n - 4, ".pub") != 0)
            continue;
        snprintf(path, sizeof path, "%.4300s/%s", dir, e->d_name);
        found = read_text(path, key, sizeof key, &len) && len >= HEX_KEY &&
                strncmp(key, hex, HEX_KEY) == 0;
        if (found)
            snprintf(name, room, "%.*s", (int)n - 4, e->d_name);
    }
    if (d)
        closedir(d);
    return found;
}

static bool
trusted(const char *dir, const char *hex, char *name, size_t room)
{
    const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    char path[4300];

    if (dir)
        return trusted_in(dir, hex, name, room);
    if (config && config[0] == '/')
        snprintf(path, sizeof path, "%.4200s/pith/trust", config);
    else
        snprintf(path, sizeof path, "%.4200s/.config/pith/trust",
                 home ? home : "");
    return trusted_in(path, hex, name, room) ||
           trusted_in("/etc/pith/trust", hex, name, room);
}

struct place {
    const char *file, *trust;
};

static bool
hash_beside(void *ctx, const char *name, char hex[65])
{
    const struct place *at = ctx;
    char path[4700];

    beside(at->file, name, path, sizeof path);
    return hash_file(path, hex);
}

static bool
trusted_here(void *ctx, const char *key_hex, char *name, size_t room)
{
    return trusted(((const struct place *)ctx)->trust, key_hex, name, room);
}

static bool
verify(const uint8_t value[64], const char *text, size_t len,
       const uint8_t key[32])
{
    return crypto_sign_verify_detached(value, (const unsigned char *)text, len,
                                       key) == 0;
}

bool
cli_verify_file(const char *file, const char *trust, char *who, size_t room)
{
    struct place at = {file, trust};
    const struct signature_world world = {verify, trusted_here, hash_beside,
                                          &at};
    struct report report = {0};
    char text[SIGNATURE_ROOM + 2], path[4400];
    struct manifest m;
    size_t len = 0;
    bool there;
    int r;

    if (sodium_init() < 0)
        return false;
    snprintf(path, sizeof path, "%.4300s.sig", file);
    there = access(path, F_OK) == 0;
    if (there && !read_text(path, text, sizeof text, &len))
        return complain(path, "it is malformed");
    if (!cli_manifest_read(file, &m))
        return false;
    r = signature_check(
        there ? text : NULL, len, base_name(file),
        m.format == MANIFEST_VYOMA && m.wasm[0] ? m.wasm : NULL, &world, who,
        room, &report);
    manifest_finish(&m);
    return r == 0 || complain(file, report.text);
}

int
cli_verify(int argc, char **argv)
{
    const char *trust = NULL;
    char who[256];
    int at = 1, r = 0;

    if (argc > 2 && strcmp(argv[1], "--trust") == 0) {
        trust = argv[2];
        at = 3;
    }
    if (at >= argc || argv[at][0] == '-') {
        cli_error("verify what? try: pith verify [--trust DIR] vyoma.toml");
        return EXIT_USAGE;
    }
    for (; at < argc; at++) {
        if (cli_verify_file(argv[at], trust, who, sizeof who))
            printf("%s: signed by %s\n", argv[at], who);
        else
            r = EXIT_REFUSED;
    }
    return r;
}
