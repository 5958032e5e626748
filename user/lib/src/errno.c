/* SPDX-License-Identifier: Apache-2.0 */
/* The variable itself has wasi-libc's name, for its allocator's sake. */
_Thread_local int errno;

int *__errno_location(void);
int *
__errno_location(void)
{
    return &errno;
}
int *___errno_location(void)
    __attribute__((__weak__, __alias__("__errno_location")));
