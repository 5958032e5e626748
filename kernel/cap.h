/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Capabilities: what a process may do at all. Every process carries a set of
 * grants; a child's is a subset of its parent's. Each check stands at one
 * place: cap_* here, called by the kernel call that does the thing.
 *
 * Text form, one grant a line (spawn, `pith run --cap`, /proc/<pid>/grants):
 *     stdio                      time  random  spawn  shell  display  ...
 *     fs /data rw                fs / ro
 *     net connect example.org:443     net listen :8080      net
 *     ipc name                   ipc *
 */
#ifndef KERNEL_CAP_H
#define KERNEL_CAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../lib/report.h"

struct proc;
struct grants;

enum cap {
#define CAP(NAME, name, text) CAP_##NAME,
#include "cap.def"
#undef CAP
    CAP_COUNT
};

const char *cap_name(enum cap c);               /* "spawn" */
const char *cap_text(enum cap c);               /* for people */
int cap_by_name(const char *name, size_t len);  /* enum cap or -E_INVAL */

/* Shared and immutable once built; refcounted. */
struct grants *grants_create(void); /* holds nothing; NULL: no memory */
struct grants *grants_ref(struct grants *g);
void grants_unref(struct grants *g);
int grants_add(struct grants *g, const char *line, size_t len,
               struct report *r);
int grants_add_all(struct grants *g); /* everything: what init gets */
/* Parse text; -E_INVAL with a sentence. */
int grants_parse(const char *text, size_t len, struct grants **out,
                 struct report *r);
bool grants_subset(const struct grants *small, const struct grants *big);
/* Text form into out[room]; the length it needs. */
size_t grants_format(const struct grants *g, char *out, size_t room);

/* The checks: 0, or -E_NOTCAPABLE (recorded in the process's audit). */
int cap_check(struct proc *p, enum cap c);
bool cap_has(const struct grants *g, enum cap c);
int cap_check_path(struct proc *p, const char *abs_path, bool write);
enum cap_net { CAP_NET_CONNECT, CAP_NET_LISTEN };
/* host: textual address or name; loopback inside Pith needs net too. */
int cap_check_net(struct proc *p, enum cap_net how, const char *host,
                  uint16_t port);

#endif
