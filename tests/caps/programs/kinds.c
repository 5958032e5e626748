/* SPDX-License-Identifier: Apache-2.0 */
/* A use of each kind of grant, for --record: every one must succeed. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "msg.h"

static int
talk(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(7077)};
    int server = socket(AF_INET, SOCK_STREAM, 0), client, one = 1;

    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    client = socket(AF_INET, SOCK_STREAM, 0);
    return bind(server, (void *)&a, sizeof a) == 0 && listen(server, 1) == 0 &&
           connect(client, (void *)&a, sizeof a) == 0;
}

static int
child(const char *self)
{
    pith_gp argv[] = {gp(self), gp("child"), 0}, envp[] = {0};
    struct pith_spawn s = {0};
    int status, pid = pith_spawn(self, argv, envp, &s);

    return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

int
main(int argc, char **argv)
{
    struct pith_code code = {.table_base = 1};
    FILE *f;
    char c;

    (void)argv;
    if (argc > 1) /* the child */
        return 0;
    if (!talk())
        return 1;
    if (!child("/data/kinds.wasm"))
        return 2;
    if (getrandom(&c, 1, 0) != 1)
        return 3;
    if (send_text("*", "x", 0, PITH_MSG_DONTWAIT, NULL) < 0)
        return 4;
    if (sethostname("kinds", 5) != 0)
        return 5;
    if (mkdir("/data/made", 0755) != 0 || rmdir("/data/made") != 0)
        return 6;
    for (int i = 0; i < 9; i++) { /* more than a handful of one directory */
        char path[] = "/data/many/0";

        path[11] = (char)('0' + i);
        f = fopen(path, "r");
        if (!f)
            return 7;
        fclose(f);
    }
    if (pith_code_load("\0asm\1\0\0", 8, &code) < 0)
        return 8;
    return 0;
}
