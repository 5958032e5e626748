/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signature files: whatever is read is inside the text, and what is called a
 * valid signature of an app names the files that it must. The arithmetic is
 * taken to say yes, so that fuzzing reaches what comes behind it.
 */
#include "signature.h"

#include <stdlib.h>
#include <string.h>

static size_t text_size;

static bool
verify(const uint8_t value[64], const char *text, size_t len,
       const uint8_t key[32])
{
    (void)value, (void)key;
    if (len > text_size || (len && text[len - 1] != '\n'))
        abort();
    return true;
}

static bool
trusted(void *ctx, const char *key_hex, char *name, size_t room)
{
    (void)ctx;
    if (strlen(key_hex) != 64 || room < 3)
        abort();
    memcpy(name, "me", 3);
    return true;
}

static bool
hash(void *ctx, const char *file, char hex[65])
{
    (void)ctx;
    if (!*file || strchr(file, '/'))
        abort();
    memset(hex, 'a', 64);
    hex[64] = 0;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct signature_world world = {verify, trusted, hash, NULL};
    struct report r = {0};
    char who[8] = "", *text = malloc(size + !size);

    text_size = size;
    memcpy(text, data, size);
    if (signature_check(text, size, "vyoma.toml", "app.wasm", &world, who,
                        sizeof who, &r) == 0) {
        if (strcmp(who, "me") != 0 || !memmem(text, size, "vyoma.toml ", 11) ||
            !memmem(text, size, "app.wasm ", 9))
            abort();
    } else if (!r.text[0]) {
        abort();
    }
    free(text);
    return 0;
}
