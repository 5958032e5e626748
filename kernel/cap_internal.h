/* SPDX-License-Identifier: Apache-2.0 */
/* What a set of grants is made of: for cap.c and cap_text.c. */
#ifndef KERNEL_CAP_INTERNAL_H
#define KERNEL_CAP_INTERNAL_H

#include "app.h"
#include "cap.h"

enum { RULE_WRITE = 1, RULE_CONNECT = 2, RULE_LISTEN = 4 };

struct rule {
    enum cap cap;      /* FS, NET or IPC */
    uint32_t how;      /* RULE_* */
    uint16_t port;     /* NET; 0: any */
    size_t len;
    char *object;      /* path, host or partner; "*" is any host, partner */
};
struct grants {
    uint32_t refs;
    uint32_t caps;     /* bit per enum cap */
    uint32_t nrules;
    struct rule *rules;
    uint64_t limit[APP_LIMITS]; /* 0: none */
    char app[APP_NAME_MAX + 1]; /* "": none named */
    bool stub;                  /* what is not granted traps when called */
};

bool grants_allow_path(const struct grants *g, const char *path, bool write);
bool grants_allow_net(const struct grants *g, enum cap_net how,
                      const char *host, uint16_t port);
/* Count it, write it to the audit log, -E_NOTCAPABLE. */
int cap_refuse(struct proc *p, enum cap c, const char *object);
bool cap_rule_covers(const struct rule *big, const struct rule *small);
/* A set with the same in it, one reference. NULL: no memory. */
struct grants *grants_copy(const struct grants *g);

/* A copy of object joins r. -E_2BIG, -E_NOMEM. */
int grants_add_rule(struct grants *g, struct rule r, const char *object,
                    size_t len);
/* No "." or ".." components: a rule or a request that has them is refused
 * rather than understood. */
bool cap_plain_path(const char *path, size_t len);

#endif
