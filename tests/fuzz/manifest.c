/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target: manifests. The input is whichever kind it looks like, and
 * a boot.toml too. What is accepted can be written as a vyoma.toml that grants
 * the same; what is refused has a sentence.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *
grants(const struct manifest *m)
{
    size_t n = manifest_grants(m, true, NULL, 0) + 1;
    char *text = malloc(n);

    if (manifest_grants(m, true, text, n) != n - 1 || strlen(text) != n - 1)
        abort();
    return text;
}

static void
round_trip(const struct manifest *m)
{
    size_t n = manifest_write(m, NULL, 0) + 1;
    char *text = malloc(n), *a, *b;
    struct report r = {0};
    struct manifest back;

    manifest_write(m, text, n);
    if (manifest_read_vyoma(&back, text, n - 1, &r) < 0)
        abort();
    a = grants(m);
    b = grants(&back);
    if (strcmp(a, b) != 0)
        abort();
    free(a);
    free(b);
    free(text);
    manifest_finish(&back);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct report r = {0};
    struct boot_config c;
    struct manifest m;

    if (manifest_read(&m, data, size, &r) == 0)
        round_trip(&m);
    else if (!r.text[0])
        abort();
    manifest_finish(&m);
    r.text[0] = 0;
    if (boot_config_read(&c, (const char *)data, size, &r) < 0 && !r.text[0])
        abort();
    boot_config_finish(&c);
    return 0;
}
