/* SPDX-License-Identifier: Apache-2.0 */
/* Identities as descriptors; see identity.h. */
#include "identity.h"

#include "audit.h"
#include "file.h"
#include "pith_errno.h"
#include "proc.h"

static void
identity_release(struct file *f)
{
    host_free(f->data);
}

static const struct file_ops identity_ops = {
    .name = "identity",
    .release = identity_release,
};

int
identity_make(struct proc *p, const struct cred *c, struct file **out)
{
    int r = cap_check_root(p, CAP_SHELL);
    struct cred *kept;

    if (r < 0)
        return r;
    kept = host_alloc(sizeof *kept);
    if (!kept)
        return -E_NOMEM;
    *kept = *c;
    *out = file_create(&identity_ops, NULL, PITH_O_RDONLY, kept);
    if (!*out)
        host_free(kept);
    return *out ? 0 : -E_NOMEM;
}

int
identity_take(struct proc *p, struct file *f)
{
    if (f->ops != &identity_ops)
        return -E_INVAL;
    if (p->cred.euid != ((const struct cred *)f->data)->euid)
        audit(p, "identity", "user %u becomes %u", p->cred.euid,
              ((const struct cred *)f->data)->euid);
    p->cred = *(const struct cred *)f->data;
    return 0;
}
