/* SPDX-License-Identifier: Apache-2.0 */
/* What the programs of these tests share: the typed messages, and a shout. */
#ifndef MSG_H
#define MSG_H

#include <pith/abi.h>
#include <pith/pith_import.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline pith_gp
gp(const void *p)
{
    return (pith_gp)(uintptr_t)p;
}

/* -E, or >= 0. */
static inline int
send_text(const char *to, const char *text, uint64_t reply_to, uint32_t flags,
          uint64_t *id)
{
    struct pith_message m = {
        .reply_to = reply_to,
        .name = gp(to),
        .name_len = to ? (uint32_t)strlen(to) : 0,
        .data = gp(text),
        .data_len = (uint32_t)strlen(text),
        .flags = flags,
    };
    int r = pith_msg_send(&m);

    if (id)
        *id = m.id;
    return r;
}

static inline int
recv_text(int fd, struct pith_message *m, char *from, char *text, size_t room)
{
    int n;

    *m = (struct pith_message){.name = gp(from),
                               .name_len = 63,
                               .data = gp(text),
                               .data_len = (uint32_t)room - 1};
    n = pith_msg_recv(fd, m);
    if (n >= 0) {
        text[n] = 0;
        from[m->name_len < 63 ? m->name_len : 63] = 0;
    }
    return n;
}

#define CHECK(e)                                                               \
    do {                                                                       \
        if (e) {                                                               \
            passed++;                                                          \
        } else {                                                               \
            failed++;                                                          \
            printf("FAIL %s:%d: %s\n", __FILE__, __LINE__, #e);                \
        }                                                                      \
    } while (0)

#endif
