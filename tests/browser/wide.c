/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program with a 64-bit memory, for native hosts and browsers: the calls take
 * 32-bit addresses, so what it gives them lies low.
 *
 *     wide          what it found, a line each; code 7
 *     wide loop     for ever
 */
#define CALL(name) __attribute__((import_module("pith"), import_name(#name)))
CALL(write) int pith_write(int fd, unsigned at, int n);
CALL(read) int pith_read(int fd, unsigned at, int n);
CALL(exit) void pith_exit(int code);
CALL(args_get) int pith_args_get(unsigned at, int room);

#define LOW(p) ((unsigned)(unsigned long long)(p))
#define GIB (1ull << 30)

static char args[256];
static unsigned char pattern[70000], back[70000];

static void
say(const char *text, int yes)
{
    int n = 0;

    while (text[n])
        n++;
    pith_write(1, LOW(text), n);
    pith_write(1, LOW(yes ? ": yes\n" : ": no\n"), yes ? 6 : 5);
}

static int
same(const unsigned char *a, const unsigned char *b, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (a[i] != b[i])
            return 0;
    return 1;
}

__attribute__((export_name("_start"))) void
_start(void)
{
    unsigned long long pages = __builtin_wasm_memory_size(0), high;
    volatile unsigned *p;
    volatile unsigned long long forever = 1;

    pith_args_get(LOW(args), sizeof args);
    for (int i = 0; i < 200; i++)
        if (args[i] == 'l' && args[i + 1] == 'o' && args[i + 2] == 'o')
            while (forever)
                forever += 2;
    say("outside is EFAULT", pith_write(1, ~0u - 8, 8) == -21);
    high = 4 * GIB / 65536 + 1 - pages;
    say("grows beyond 4 GiB",
        __builtin_wasm_memory_grow(0, high) == pages &&
            __builtin_wasm_memory_size(0) == 4 * GIB / 65536 + 1);
    p = (volatile unsigned *)(4 * GIB + 8);
    *p = 0x12345678;
    say("keeps what is there", *p == 0x12345678 && p[-4] == 0);
    say("no more than there may be",
        __builtin_wasm_memory_grow(0, 1ull << 47) == ~0ull);
    for (unsigned i = 0; i < sizeof pattern; i++)
        pattern[i] = (unsigned char)(i * 7 + i / 256);
    say("reads", pith_read(0, LOW(back), sizeof back) >= 0);
    for (unsigned i = 0; i < sizeof back; i++)
        back[i] = pattern[i];
    say("copies", same(pattern, back, sizeof back));
    pith_exit(7);
}
