/* SPDX-License-Identifier: Apache-2.0 */
/* Compress and decompress generated text with libbz2; prints a checksum. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "bzlib.h"
#include "text.h"

void bz_internal_error(int code);

void
bz_internal_error(int code)
{
    fprintf(stderr, "bzip2: internal error %d\n", code);
    exit(1);
}

int
main(void)
{
    static char in[TEXT_BYTES], back[TEXT_BYTES];
    static char out[TEXT_BYTES + TEXT_BYTES / 50 + 1000];
    unsigned out_len = sizeof out, back_len = sizeof back;

    text_fill(in);
    if (BZ2_bzBuffToBuffCompress(out, &out_len, in, sizeof in, 9, 0, 30) ||
        BZ2_bzBuffToBuffDecompress(back, &back_len, out, out_len, 0, 0) ||
        back_len != sizeof in || memcmp(in, back, sizeof in)) {
        puts("bzip2 FAILED");
        return 1;
    }
    printf("bzip2 %u\n", out_len);
    return 0;
}
