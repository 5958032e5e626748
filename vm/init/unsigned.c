/* SPDX-License-Identifier: Apache-2.0 */
/* In place of cli/sign.c: PID 1 runs no program by its signature. */
#include "cli.h"

bool
cli_verify_file(const char *file, const char *trust, char *who, size_t room)
{
    (void)trust, (void)who, (void)room;
    cli_error("%s: signatures are not looked at in a machine", file);
    return false;
}
