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
    bool deny;         /* taken out of what rules before allow */
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
    bool ask;                   /* what is refused is asked for: broker.h */
};

bool grants_allow_path(const struct grants *g, const char *path, bool write);
bool grants_allow_net(const struct grants *g, enum cap_net how,
                      const char *host, uint16_t port);
bool grants_allow_ipc(const struct grants *g, const char *name);
/* Was something at or below dir taken out? */
bool grants_hole_below(const struct grants *g, const char *dir);
/* Count it, write it to the audit log, -E_NOTCAPABLE. line: the grant that would
 * do, for the broker to ask about; or NULL. */
int cap_refuse(struct proc *p, enum cap c, const char *object,
               const char *line);
bool cap_rule_covers(const struct rule *big, const struct rule *small);
/* Is there anything that both are about? */
bool cap_rules_meet(const struct rule *a, const struct rule *b);
/* Does g allow all, does it allow anything, that the rule allows? */
bool grants_cover_rule(const struct grants *g, const struct rule *r);
bool grants_touch_rule(const struct grants *g, const struct rule *r);
/* What is no grant: the name, the limits, stub and ask. */
void grants_copy_rest(struct grants *to, const struct grants *from);

/* A copy of object joins r. -E_2BIG, -E_NOMEM. */
int grants_add_rule(struct grants *g, struct rule r, const char *object,
                    size_t len);
/* No "." or ".." components: a rule or a request that has them is refused
 * rather than understood. */
bool cap_plain_path(const char *path, size_t len);

#endif
