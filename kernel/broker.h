/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking a person. An app whose grants say `ask` and that is refused something
 * waits, in front of the refused call, for an answer:
 *
 *     program --call--> refused --> question --> broker's descriptor
 *        ^                                            | "7 41 files cat fs /x ro"
 *        `---- the call runs again, or fails <-- answer "7 once"
 *
 * once: that call alone; always: the app has the grant from now on; deny, no
 * answer in time, or no broker any more: it fails, as without. Whoever holds
 * `shell` may be the broker, one at a time (the supervisor is, and asks a
 * program of the configuration). The same is asked once only of an app to which
 * it was denied, and an app may ask so many times in its life, so that nobody is
 * worn down. Lock held throughout.
 */
#ifndef KERNEL_BROKER_H
#define KERNEL_BROKER_H

#include <stdbool.h>
#include <stdint.h>

struct file;
struct grants;
struct proc;

#define BROKER_ASKS 64u     /* of one app */
#define BROKER_WAITING 64u  /* questions at once, of all */

/* A broker's descriptor; a question waits so long. -E_BUSY: there is one. */
int broker_open(struct proc *p, uint64_t timeout_ns, struct file **out);

/* Is p of an app that asks? Then it is loaded though it imports more than it is
 * granted: the calls ask. */
bool broker_asks(const struct proc *p);
/* The running call of p was refused this grant. */
void broker_note(struct proc *p, const char *line);
/* That call has failed: ask. true: it is to run once more. Blocks. */
bool broker_ask(struct proc *p);
/* What the running call of p was allowed this once; NULL: nothing. */
const struct grants *broker_once(struct proc *p);
/* That call is over. */
void broker_done(struct proc *p);

#endif
