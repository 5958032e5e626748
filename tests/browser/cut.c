/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks for something that never comes (its standard input is the port, of the
 * name that was looked up first), and loops: who kills it finds it outside of
 * the kernel, so another Worker closes its connection.
 */
#define CALL(name) __attribute__((import_module("pith"), import_name(#name)))
CALL(read) int pith_read(int fd, void *at, int n);
CALL(write) int pith_write(int fd, const void *at, int n);
CALL(socket) int pith_socket(int family, int type, int protocol);
CALL(connect) int pith_connect(int fd, const void *to, int n);
CALL(exit) void pith_exit(int code);

static volatile int loops;

__attribute__((export_name("_start"))) void
start(void)
{
    static const char ask[] = "GET /hang HTTP/1.0\r\nHost: x\r\n\r\n";
    unsigned char to[16] = {2, 0, 0, 0, 198, 18, 0, 1};
    char text[8];
    int n = pith_read(0, text, 7), port = 0, fd = pith_socket(2, 1, 0);

    for (int i = 0; i < n && text[i] >= '0' && text[i] <= '9'; i++)
        port = port * 10 + text[i] - '0';
    to[2] = (unsigned char)(port >> 8);
    to[3] = (unsigned char)port;
    if (pith_connect(fd, to, 16) || pith_write(fd, ask, sizeof ask - 1) < 0)
        pith_exit(1);
    pith_write(1, "x", 1);
    for (;;)
        loops++;
}
