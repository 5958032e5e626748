/* SPDX-License-Identifier: Apache-2.0 */
/* Compress and decompress generated text with zlib; prints a checksum. */
#include <stdio.h>
#include <string.h>
#include "zlib.h"
#include "text.h"

int
main(void)
{
    static char in[TEXT_BYTES], back[TEXT_BYTES];
    static char out[TEXT_BYTES + TEXT_BYTES / 500 + 1000];
    uLongf out_len, back_len;

    text_fill(in);
    for (int rep = 0; rep < 2; rep++) {
        out_len = sizeof out;
        back_len = sizeof back;
        if (compress2((Bytef *)out, &out_len, (Bytef *)in, sizeof in, 6) ||
            uncompress((Bytef *)back, &back_len, (Bytef *)out, out_len) ||
            back_len != sizeof in || memcmp(in, back, sizeof in)) {
            puts("zlib FAILED");
            return 1;
        }
    }
    printf("zlib %lu\n", (unsigned long)out_len);
    return 0;
}
