/* SPDX-License-Identifier: Apache-2.0 */
/* The smallest program: ends at once, or sleeps when it has an argument. */
#define PITH(name) __attribute__((import_module("pith"), import_name(#name)))

struct timespec_ {
    long long sec, nsec;
};
PITH(exit) void sys_exit(int code);
PITH(args_get) int sys_args_get(char *out, unsigned room);
PITH(nanosleep) int sys_nanosleep(int clock, int flags,
                                  const struct timespec_ *want,
                                  struct timespec_ *left);

__attribute__((export_name("_start"))) void
start(void)
{
    static const struct timespec_ long_time = {1000000, 0};
    char args[256];
    int n = sys_args_get(args, sizeof args), i, words = 0;

    for (i = 0; i < n && i < 256; i++)
        words += !args[i];
    if (words > 1)
        sys_nanosleep(1, 0, &long_time, 0);
    sys_exit(0);
}
