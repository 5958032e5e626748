/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names: the first use of one gives it an address; see net.c. There are NAMES
 * of them, and then the oldest goes: a program that looks at thousands of names
 * must ask again. What is kept is of the whole system, as with any name server.
 */
#include <string.h>

#include "hostnet.h"
#include "lib.h"
#include "net.h"
#include "pith_errno.h"
#include "web.h"

#define NAMES 1024u
#define FIRST 0xc6120000u /* 198.18.0.0 */
#define ADDRESSES 0x20000u

static struct {
    uint32_t address; /* 0: none */
    char text[DNS_NAME_MAX];
} names[NAMES];
static uint32_t given;

static uint32_t
v4(const struct inet_addr *a)
{
    return inet_is_v4(a)
               ? (uint32_t)a->ip[12] << 24 | (uint32_t)a->ip[13] << 16 |
                     (uint32_t)a->ip[14] << 8 | a->ip[15]
               : 0;
}

/*
 * What a browser takes for an address (a last label that begins with a digit),
 * or for itself: grants of such a name are for loopback in here, and must not
 * lead to the machine that the browser runs on.
 */
static bool
no_name(const char *name)
{
    const char *dot = strrchr(name, '.'), *last = dot ? dot + 1 : name;

    return (last[0] >= '0' && last[0] <= '9') || !strcmp(last, "localhost");
}

static uint32_t
address_of(const char *name)
{
    uint32_t i, at;

    if (no_name(name))
        return 0;
    for (i = 0; i < NAMES; i++) {
        if (names[i].address && !strcmp(names[i].text, name))
            return names[i].address;
    }
    at = given % NAMES;
    names[at].address = FIRST + 1 + given++ % (ADDRESSES - 2);
    memcpy(names[at].text, name, strlen(name) + 1);
    return names[at].address;
}

static const char *
name_of(const struct inet_addr *a)
{
    uint32_t address = v4(a), i;

    for (i = 0; address && i < NAMES; i++) {
        if (names[i].address == address)
            return names[i].text;
    }
    return NULL;
}

bool
host_net_named(const struct inet_addr *a, char *name, size_t room)
{
    const char *text = name_of(a);

    if (text)
        text_format(name, room, "%s", text);
    return text != NULL;
}

int
host_net_resolve(const void *question, size_t n, void *answer, size_t room)
{
    if (!web_network())
        return -E_CONNREFUSED;
    return room < DNS_MAX ? -E_INVAL
                          : dns_answer(question, n, answer, address_of);
}

bool
host_net_resolves(void)
{
    return web_network();
}

void
net_host(const struct inet_addr *a, char *out, size_t room)
{
    struct text t = {out, room, 0};
    const char *name = name_of(a);

    if (name) {
        text_add(&t, "%s", name);
    } else if (inet_is_v4(a)) {
        text_add(&t, "%u.%u.%u.%u", a->ip[12], a->ip[13], a->ip[14], a->ip[15]);
    } else {
        for (int i = 0; i < 16; i += 2)
            text_add(&t, i ? ":%x" : "[%x",
                     (unsigned)(a->ip[i] << 8 | a->ip[i + 1]));
        text_add(&t, "]");
    }
}
