/* SPDX-License-Identifier: Apache-2.0 */
/* pith web: web.c accepts, web_file.c answers. */
#ifndef CLI_WEB_H
#define CLI_WEB_H

#include <stdbool.h>

#define WEB_HEAD_MAX 8192 /* bytes of a request's head */

struct web_site {
    const char *dir; /* looked up at each request: it may be built anew */
    bool local;      /* only for this machine: other names are refused, so that
                      * no foreign site can make itself ours by its name
                      * server */
};

/* Answer the request whose head (NUL-terminated) was read from fd; false: close
 * the connection. */
bool web_answer(const struct web_site *site, int fd, char *head);

#endif
