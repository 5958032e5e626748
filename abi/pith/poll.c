/* SPDX-License-Identifier: Apache-2.0 */
/* The `pith` module: poll, pipe2 and ioctl. */
#include "sys.h"

#define POLL_MAX 65536u /* whatever the limit of open files says */

int64_t
sys_poll(struct proc *p, const uint64_t *a)
{
    uint32_t n = (uint32_t)a[1];
    size_t bytes = (size_t)n * sizeof(struct pith_pollfd);
    uint64_t deadline = HOST_FOREVER, mask;
    struct pith_pollfd few[16], *fds = few;
    int64_t timeout = (int64_t)a[2];
    int r = 0;

    if (n > POLL_MAX)
        return -E_INVAL;
    if (n > sizeof few / sizeof few[0]) {
        fds = host_alloc(bytes);
        if (!fds)
            return -E_NOMEM;
    }
    if (n)
        r = copy_in(p, fds, gptr(a[0]), bytes);
    if (r >= 0 && a[3])
        r = copy_in(p, &mask, gptr(a[3]), sizeof mask);
    if (timeout >= 0)
        deadline = timeout ? proc_deadline(p, (uint64_t)timeout) : 0;
    if (r >= 0)
        r = call_poll(p, fds, n, deadline, a[3] ? &mask : NULL);
    if (r >= 0 && n) {
        int err = copy_out(p, gptr(a[0]), fds, bytes);

        if (err < 0)
            r = err;
    }
    if (fds != few)
        host_free(fds);
    return r;
}

int64_t
sys_pipe2(struct proc *p, const uint64_t *a)
{
    int fds[2], r = call_pipe2(p, fds, (uint32_t)a[1]);
    int32_t out[2];

    if (r < 0)
        return r;
    out[0] = fds[0];
    out[1] = fds[1];
    r = copy_out(p, gptr(a[0]), out, sizeof out);
    if (r < 0) {
        call_close(p, fds[0]);
        call_close(p, fds[1]);
    }
    return r;
}

int64_t
sys_ioctl(struct proc *p, const uint64_t *a)
{
    return call_ioctl(p, (int)a[0], (uint32_t)a[1], gptr(a[2]));
}
