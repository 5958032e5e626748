/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The other end of sockets, for tests:
 *
 *     peer listen PATH      a service manager's: prints what it is told, a line
 *                           a word of it
 *     peer idle PORT N      N connections to 127.0.0.1 that begin a request and
 *                           never end it
 *     peer free FROM        a port of 127.0.0.1 from there on that is free
 *     peer farm DIR N WASM [TEXT]
 *                           N apps idle-0 ... below DIR, their manifests with
 *                           TEXT at the end; the [[app]] tables for them
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int
listening(const char *path)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    char text[1024];
    ssize_t n;

    snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
    if (bind(fd, (const struct sockaddr *)&a, sizeof a) < 0)
        return 1;
    while ((n = recv(fd, text, sizeof text, 0)) >= 0) {
        printf("%.*s\n", (int)n, text);
        fflush(stdout);
    }
    return 1;
}

static int
idle(int port, int n)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons((uint16_t)port),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

    while (n-- > 0) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);

        if (connect(fd, (const struct sockaddr *)&a, sizeof a) < 0 ||
            write(fd, "GET /metr", 9) != 9)
            return 1;
    }
    puts("connected");
    fflush(stdout);
    pause();
    return 0;
}

static int
free_port(int port)
{
    for (; port < 65536; port++) {
        struct sockaddr_in a = {.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        bool ok = bind(fd, (const struct sockaddr *)&a, sizeof a) == 0;

        close(fd);
        if (ok) {
            printf("%d\n", port);
            return 0;
        }
    }
    return 1;
}

/* One copy of the program for all: WASM may be on another file system. */
static bool
copy(const char *from, const char *to)
{
    FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
    char bytes[4096];
    size_t n;
    bool ok = in && out;

    while (ok && (n = fread(bytes, 1, sizeof bytes, in)) > 0)
        ok = fwrite(bytes, 1, n, out) == n;
    if (in)
        fclose(in);
    return out && fclose(out) == 0 && ok && chmod(to, 0755) == 0;
}

static int
farm(const char *dir, int n, const char *wasm, const char *text)
{
    char path[600], first[600];

    snprintf(first, sizeof first, "%s/idle-0/a.wasm", dir);
    for (int i = 0; i < n; i++) {
        FILE *f;

        snprintf(path, sizeof path, "%s/idle-%d", dir, i);
        mkdir(path, 0755);
        snprintf(path, sizeof path, "%s/idle-%d/a.wasm", dir, i);
        if (i == 0 ? !copy(wasm, path) : link(first, path) < 0) {
            perror(path);
            return 1;
        }
        snprintf(path, sizeof path, "%s/idle-%d/vyoma.toml", dir, i);
        f = fopen(path, "w");
        if (!f)
            return 1;
        fprintf(f, "[app]\nname = \"idle-%d\"\nwasm = \"a.wasm\"\n"
                   "[capabilities]\nstdio = true\n%s\n",
                i, text);
        fclose(f);
        printf("[[app]]\nname = \"idle-%d\"\n", i);
    }
    return 0;
}

int
main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "listen") == 0)
        return listening(argv[2]);
    if (argc == 4 && strcmp(argv[1], "idle") == 0)
        return idle(atoi(argv[2]), atoi(argv[3]));
    if (argc == 3 && strcmp(argv[1], "free") == 0)
        return free_port(atoi(argv[2]));
    if (argc >= 5 && strcmp(argv[1], "farm") == 0)
        return farm(argv[2], atoi(argv[3]), argv[4], argc > 5 ? argv[5] : "");
    return 2;
}
