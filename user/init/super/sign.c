/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who vouches for an app: /apps/NAME/vyoma.toml.sig must be of a key in
 * /etc/pith/trust (NAME.pub), and of the manifest and program that lie there
 * now. Looked at whenever an app is loaded, started or reloaded. boot.toml says
 *
 *     signatures = "required"     always
 *     signatures = "off"          never: development
 *     (nothing)                   once there is a trusted key
 *
 * What is refused, and that nothing is checked, stands in the audit log.
 */
#include "super.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "audit_say.h"
#include "sha256.h"
#include "signature.h"

#define TRUST "/etc/pith/trust"

static enum boot_signatures mode;

/* A small file as a string; its length, or -1. */
static ssize_t
read_small(const char *path, char *out, size_t room)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, out, room - 1);

    if (fd >= 0)
        close(fd);
    out[n > 0 ? n : 0] = 0;
    return n;
}

/* The name of the key file that holds key_hex (NULL: of any key). */
static bool
trusted(void *ctx, const char *key_hex, char *name, size_t room)
{
    DIR *d = opendir(TRUST);
    struct dirent *e;
    bool found = false;

    (void)ctx;
    while (d && !found && (e = readdir(d))) {
        size_t n = strlen(e->d_name);
        char path[sizeof TRUST + 260], key[80];

        if (n < 5 || n > 250 || strcmp(e->d_name + n - 4, ".pub") != 0)
            continue;
        snprintf(path, sizeof path, TRUST "/%.250s", e->d_name);
        found = read_small(path, key, sizeof key) >= 64 &&
                (!key_hex || strncmp(key, key_hex, 64) == 0);
        if (found && name)
            snprintf(name, room, "%.*s", (int)n - 4, e->d_name);
    }
    if (d)
        closedir(d);
    return found;
}

void
sign_mode(enum boot_signatures wanted)
{
    static bool said;

    mode = wanted;
    if (mode == SIGNATURES_BY_TRUST)
        mode =
            trusted(NULL, NULL, NULL, 0) ? SIGNATURES_REQUIRED : SIGNATURES_OFF;
    if (mode == SIGNATURES_OFF && !said)
        audit_say("unsigned apps are not checked: %s",
                  wanted == SIGNATURES_OFF ? "boot.toml says so"
                                           : "no key in " TRUST);
    said = true;
}

static bool
verify(const uint8_t value[64], const char *text, size_t len,
       const uint8_t key[32])
{
    return crypto_sign_ed25519_verify_detached(
               value, (const unsigned char *)text, len, key) == 0;
}

struct place {
    const char *app, *manifest;
    size_t len;
};

static bool
hash(void *ctx, const char *file, char hex[65])
{
    static uint8_t block[32768];
    const struct place *at = ctx;
    uint8_t sum[SHA256_BYTES];
    struct sha256 s;
    char path[420];
    ssize_t n;
    int fd;

    sha256_init(&s);
    if (strcmp(file, "vyoma.toml") ==
        0) { /* what was read, not what is there */
        sha256_add(&s, at->manifest, at->len);
    } else {
        snprintf(path, sizeof path, "/apps/%s/%.255s", at->app, file);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        while (fd >= 0 && (n = read(fd, block, sizeof block)) > 0)
            sha256_add(&s, block, (size_t)n);
        if (fd < 0 || close(fd) < 0 || n < 0)
            return false;
    }
    sha256_finish(&s, sum);
    sha256_hex(sum, hex);
    return true;
}

bool
sign_ok(const char *app, const struct manifest *m, const char *manifest,
        size_t len, char *why, size_t room)
{
    struct place at = {app, manifest, len};
    const struct signature_world world = {verify, trusted, hash, &at};
    struct report report = {0};
    char path[160], text[SIGNATURE_ROOM + 2], who[256];
    ssize_t n;

    if (mode != SIGNATURES_REQUIRED)
        return true;
    snprintf(path, sizeof path, "/apps/%s/vyoma.toml.sig", app);
    n = read_small(path, text, sizeof text);
    if (signature_check(n < 0 ? NULL : text, n < 0 ? 0 : (size_t)n,
                        "vyoma.toml", m->wasm, &world, who, sizeof who,
                        &report) == 0)
        return true;
    snprintf(why, room, "/apps/%s: %s", app, report.text);
    audit_say("refused-app %s: %s", app, report.text);
    return false;
}
