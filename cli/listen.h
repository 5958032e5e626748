/* SPDX-License-Identifier: Apache-2.0 */
/* The control socket's address, for both of its ends. */
#ifndef CLI_LISTEN_H
#define CLI_LISTEN_H

#include <stdbool.h>
#include <sys/un.h>

/* given, or $PITH_CONTROL, or the default. false: said why not. */
bool cli_control_path(const char *given, struct sockaddr_un *out);
bool cli_metrics_is_tcp(const char *text); /* else it is a path */
int cli_connect(const struct sockaddr_un *a); /* -1: errno */

#endif
