/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the kernel's unit tests inside posix_run and prints the totals. */
#include <stdatomic.h>
#include <stdio.h>

#include "broker.h"
#include "posix.h"
#include "proc.h"
#include "test.h"

static atomic_int passed, failed;

void
test_check(bool ok, const char *file, int line, const char *what)
{
    if (ok) {
        passed++;
        return;
    }
    failed++;
    fprintf(stderr, "%s:%d: failed: %s\n", file, line, what);
}

/* These tests run kernel tasks only: there are no processes and no signals. */
struct proc *
proc_current(void)
{
    return NULL;
}

void
proc_grown(struct proc *p)
{
    (void)p;
}

bool
signal_pending(struct proc *p)
{
    (void)p;
    return false;
}

bool
thread_is_main(struct proc *p)
{
    (void)p;
    return true;
}

/* Nor is there anybody to ask. */
void
broker_note(struct proc *p, const char *line)
{
    (void)p, (void)line;
}

const struct grants *
broker_once(struct proc *p)
{
    (void)p;
    return NULL;
}

static void
boot(void *arg)
{
    (void)arg;
    test_wait();
    test_timer();
    test_event();
    test_sched();
    host_halt(7);
}

int
main(void)
{
    test_text();
    test_heap();
    test_cap();
    test_cap_set();
    CHECK(posix_run(boot, NULL) == 7);
    printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
