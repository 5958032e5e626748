/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Identities: who a process may become, as a descriptor. There are no set-user-ID
 * programs; a service that has checked a password (user/accounts) makes an
 * identity and passes it over a socket to who asked, who takes it:
 *
 *     su --"user password"--> authd        identity_make(uid, gid, groups)
 *     su <----descriptor----- authd
 *     su: identity_take(descriptor), exec the shell
 *
 * To make one needs user 0 and `shell`, so that no app can give away root. It
 * changes users and groups only: grants stay what they are.
 */
#ifndef KERNEL_IDENTITY_H
#define KERNEL_IDENTITY_H

struct cred;
struct file;
struct proc;

int identity_make(struct proc *p, const struct cred *c, struct file **out);
/* p is who f says from now on. -E_INVAL: f is no identity. */
int identity_take(struct proc *p, struct file *f);

#endif
