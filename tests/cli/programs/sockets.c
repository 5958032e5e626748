/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TCP with itself, over WasmEdge's socket functions and preview 1's. Prints what
 * it received; without the network exits with the error (76, ENOTCAPABLE).
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef uint32_t u32;
#define WASI(n)                                                                \
    __attribute__((import_module("wasi_snapshot_preview1"), import_name(#n)))
#define P(x) ((u32)(uintptr_t)(x))

u32 s_open(u32, u32, u32) WASI(sock_open);
u32 s_bind(u32, u32, u32) WASI(sock_bind);
u32 s_listen(u32, u32) WASI(sock_listen);
u32 s_accept2(u32, u32) WASI(sock_accept); /* WasmEdge's, two arguments */
u32 s_connect(u32, u32, u32) WASI(sock_connect);
u32 s_local(u32, u32, u32, u32) WASI(sock_getlocaladdr);
u32 s_peer(u32, u32, u32, u32) WASI(sock_getpeeraddr);
u32 s_send(u32, u32, u32, u32, u32) WASI(sock_send);
u32 s_recv(u32, u32, u32, u32, u32, u32) WASI(sock_recv);
u32 s_shutdown(u32, u32) WASI(sock_shutdown);

#define TRY(call)                                                              \
    do {                                                                       \
        u32 e_ = (call);                                                       \
        if (e_) {                                                              \
            fprintf(stderr, "%s: %u\n", #call, (unsigned)e_);                  \
            return (int)e_;                                                    \
        }                                                                      \
    } while (0)

int
main(void)
{
    uint8_t ip[4] = {127, 0, 0, 1}, seen[4] = {0};
    u32 addr[2] = {P(ip), 4}, out[2] = {P(seen), 4};
    u32 server, client, peer, family, port, peer_port, n, flags = 0;
    char buf[32] = "";
    u32 hello[4] = {P("over "), 5, P("the net"), 7}, in[2] = {P(buf), 31};

    TRY(s_open(1, 2, P(&server)));
    TRY(s_bind(server, P(addr), 0));
    TRY(s_listen(server, 4));
    TRY(s_local(server, P(out), P(&family), P(&port)));
    TRY(s_open(1, 2, P(&client)));
    TRY(s_connect(client, P(addr), port));
    TRY(s_accept2(server, P(&peer)));
    TRY(s_peer(client, P(out), P(&family), P(&peer_port)));
    if (memcmp(seen, ip, 4) != 0 || family != 4 || peer_port != port)
        return 1;
    TRY(s_send(client, P(hello), 2, 0, P(&n)));
    TRY(s_shutdown(client, 2));
    TRY(s_recv(peer, P(in), 1, 1, P(&n), P(&flags))); /* peek */
    TRY(s_recv(peer, P(in), 1, 0, P(&n), P(&flags)));
    puts(buf);
    TRY(s_recv(peer, P(in), 1, 0, P(&n), P(&flags)));
    return n != 0 || s_shutdown(peer, 4) != 28 || s_shutdown(1, 1) != 57;
}
