/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pith: boots the system, or does what a command says: run a program, look at
 * one, check a manifest, serve the system to a browser.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "engine.h"
#include "main.h"
#include "terminal.h"

static bool
is_help(const char *s)
{
    return strcmp(s, "--help") == 0 || strcmp(s, "-h") == 0;
}

/* A standard file that is closed would be the number of the next file that is
 * opened. It is taken by one that cannot be used (reads and writes: EBADF). */
static void
hold_standard_files(void)
{
    for (int fd = 0; fd < 3; fd++)
        if (fcntl(fd, F_GETFD) < 0 &&
            open("/dev/null", fd ? O_RDONLY : O_WRONLY) != fd)
            _exit(EXIT_REFUSED);
}

static const struct {
    const char *name;
    int (*main)(int argc, char **argv);
} commands[] = {
    {"run", cli_run},
    {"compile", cli_compile},
    {"inspect", cli_inspect},
    {"explain", cli_explain},
    {"check", cli_check},
    {"web", cli_web},
    {"key", cli_key},
    {"sign", cli_sign},
    {"verify", cli_verify},
    {"serve", cli_serve},
    {"ps", cli_control},
    {"top", cli_control},
    {"metrics", cli_control},
    {"start", cli_control},
    {"stop", cli_control},
    {"restart", cli_control},
    {"reload", cli_control},
    {"kill", cli_control},
    {"logs", cli_control},
    {"attach", cli_control},
    {"grants", cli_control},
    {"grant", cli_control},
    {"revoke", cli_control},
    {"audit", cli_control},
    {"shutdown", cli_control},
};

static int
command(int argc, char **argv)
{
    const char *first = argc > 1 ? argv[1] : "";

    hold_standard_files();
    if (is_help(first) || strcmp(first, "help") == 0) {
        if (cli_help(argc > 2 ? argv[2] : NULL, false))
            return 0;
        cli_error("there is no help on %s; try: pith help run, boot, web, "
                  "inspect, manifest or exit", argv[2]);
        return EXIT_USAGE;
    }
    if (strcmp(first, "--version") == 0 || strcmp(first, "-V") == 0) {
        puts("pith " KERNEL_RELEASE);
        return 0;
    }
    cli_default_cache();
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (strcmp(first, commands[i].name) != 0)
            continue;
        if (argc > 2 && is_help(argv[2])) {
            cli_help(commands[i].main == cli_control ? "serve" : first, false);
            return 0;
        }
        return commands[i].main(argc - 1, argv + 1);
    }
    if (first[0] && first[0] != '-') {
        size_t n = strlen(first);
        if (n > 5 && strcmp(first + n - 5, ".wasm") == 0)
            cli_error("%s is no command; try: pith run %s", first, first);
        else
            cli_error("%s is no command; try: pith --help", first);
        return EXIT_USAGE;
    }
    return cli_boot(argc, argv);
}

/* An end that does not wait for what is being compiled just now. */
int
main(int argc, char **argv)
{
    int code = command(argc, argv);

    if (engine_compile_stop()) {
        terminal_restore();
        fflush(NULL);
        _exit(code);
    }
    return code;
}
