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
 *     not fs /data/private       (taken out of the lines before)
 * and what is no grant but comes with them (app.h):
 *     app files                  limit cpu 50            stub trap
 *     ask          (a person, for what is refused: broker.h)
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
/* small, less what was taken out of big: *out has a reference. -E_NOTCAPABLE when
 * it is more than big, -E_NOMEM, -E_2BIG. */
int grants_fit(const struct grants *small, const struct grants *big,
               struct grants **out);
/* Text form into out[room]; the length it needs. */
size_t grants_format(const struct grants *g, char *out, size_t room);

/* p's grants are g from now on; takes the reference over. */
void cap_set_grants(struct proc *p, struct grants *g);
/* `stub trap`: load what imports more than is granted; such calls trap. */
bool cap_stubbed(const struct proc *p);
/* NULL, or called with a grant line for each use that was allowed. */
extern void (*cap_used)(struct proc *p, const char *line);

/* The checks: 0, or -E_NOTCAPABLE (recorded in the process's audit). */
int cap_check(struct proc *p, enum cap c);
bool cap_has(const struct grants *g, enum cap c);
/* The same, and p's user must be 0 (-E_PERM): for what is the system's, since all
 * users of a console share its grants. */
int cap_check_root(struct proc *p, enum cap c);
int cap_check_path(struct proc *p, const char *abs_path, bool write);
enum cap_net { CAP_NET_CONNECT, CAP_NET_LISTEN };
/* host: textual address or name; loopback inside Pith needs net too. */
int cap_check_net(struct proc *p, enum cap_net how, const char *host,
                  uint16_t port);
int cap_check_ipc(struct proc *p, const char *name); /* "*": everybody */
/* A directory is to get another name: not when something in it was taken out of
 * a grant by its present one. */
int cap_check_move(struct proc *p, const char *abs_dir);

/*
 * While programs run (cap_change.c); by is who does it. What is revoked is gone
 * from all the app's processes: they do not find it at their next check, and
 * what they opened by it is dead. A call that waits begins anew. A part of a larger
 * grant (one path, one host, one partner) is taken out of it. -E_NOENT: there was
 * nothing to revoke; -E_INVAL: no grants.
 */
struct app;
int cap_revoke_app(struct proc *by, struct app *a, const char *text,
                   size_t len);
/* Was what f was opened by revoked? */
struct file;
bool cap_is_dead(const struct file *f);
/* For the app's first process; never more than by itself has. */
int cap_grant_app(struct proc *by, struct app *a, const char *text,
                  size_t len);
/* Has p what that line grants? As the checks, for who acts on p's behalf. */
int cap_check_line(struct proc *p, const char *text, size_t len);

#endif
