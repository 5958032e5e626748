/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The audit log: what was refused, granted, revoked, limited. Each line closes
 * with a SHA-256 over the line before's and its own text, so that none can be
 * changed or taken out later without the rest showing it:
 *
 *     7 1700000000.123 files 12 cat refused fs /etc/shadow 9f86d08...
 *     |  seconds       app   |  program      what          hash
 *     number               pid
 *
 *     printf '%s%s' HASH-OF-LINE-6 '7 1700... /etc/shadow' | sha256sum
 *
 * The kernel keeps the last lines (/proc/audit); who wants all takes them from
 * audit_sink or reads on. The same thing again within a second is only counted.
 * Lock held.
 */
#ifndef KERNEL_AUDIT_H
#define KERNEL_AUDIT_H

#include <stddef.h>
#include <stdint.h>

struct proc;
struct text;

/* what: one word: refused, asked, revoked, granted, identity, limit, app, and
 * what services say (PITH_APP_AUDIT). p may be NULL. */
void audit(struct proc *p, const char *what, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void audit_text(struct text *t); /* the lines there are */
extern void (*audit_sink)(const char *line, size_t n); /* with its newline */

#endif
