/* SPDX-License-Identifier: Apache-2.0 */
/* "word more", into the audit log, by init and the accounts; what is too long is
 * cut. */
#ifndef USER_AUDIT_SAY_H
#define USER_AUDIT_SAY_H

void audit_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
