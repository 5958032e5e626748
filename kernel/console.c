/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The console: the tty that the host is behind, and the names of terminals in
 * /dev.
 *
 * Output goes through one kernel task, so that a slow or stuck host holds up
 * only that task: the processes that write wait on the tty's queue, where
 * signals reach them. Input comes from the host by console_input() or
 * console_type().
 */
#include "tty.h"

#include <string.h>

#include "call.h"
#include "main.h"
#include "pith_errno.h"
#include "pty.h"
#include "vfs.h"

void (*console_at_rest)(void);

static struct tty *console;
static struct wait_queue output_wait;
static uint8_t chunk[4096]; /* what is on its way to the host */

static void
console_output(struct tty *t)
{
    (void)t;
    if (output_wait.first)
        wake(&output_wait);
}

static const struct tty_driver console_driver = {
    .name = "tty1",
    .output = console_output,
};

static void
output_task(void *arg)
{
    struct tty *t = arg;
    size_t n;
    int r;

    for (;;) {
        while ((n = ldisc_take(&t->disc, chunk, sizeof chunk)) == 0) {
            if (console_at_rest && t->read_wait.first)
                console_at_rest();
            wait_on(&output_wait, HOST_FOREVER);
        }
        if (t->gone)
            continue;
        t->sending = true;
        kernel_unlock();
        r = host_console_write(chunk, n);
        kernel_lock();
        t->sending = false;
        tty_output_taken(t);
        if (r < 0)
            console_hangup();
    }
}

void
console_drain(void)
{
    while (
        console && !console->gone &&
        (console->sending || (ldisc_out_used(&console->disc) &&
                              !console->disc.stopped && !console->disc.held)))
        wait_on(&console->write_wait, HOST_FOREVER);
}

struct tty *
tty_console(void)
{
    return console;
}

size_t
console_input(const void *data, size_t n)
{
    return tty_receive(console, data, n, true);
}

void
console_type(const void *data, size_t n)
{
    tty_receive(console, data, n, false);
}

void
console_wait_room(void)
{
    while (!console->gone && !ldisc_has_room(&console->disc))
        wait_on(&console->room_wait, HOST_FOREVER);
}

void
console_resize(uint16_t rows, uint16_t cols)
{
    struct pith_winsize size = {.row = rows, .col = cols};

    if (console)
        tty_resize(console, &size);
}

void
console_end(void)
{
    tty_end_input(console);
}

void
console_hangup(void)
{
    if (console && !console->gone)
        tty_hangup(console);
}

/* ---- names in /dev -------------------------------------------------- */

static int
open_console(struct inode *inode, uint32_t flags, struct file **out)
{
    return tty_open(console, inode, flags, out);
}

int
tty_boot(void)
{
    struct host_task *task;
    int r;

    wait_queue_init(&output_wait);
    console = tty_create(&console_driver, NULL, 1, DEV(4, 1));
    if (!console)
        return -E_NOMEM;
    host_console_size(&console->size.row, &console->size.col);
    r = host_task_create(&task, output_task, console, 0);
    if (r >= 0)
        r = devfs_register("tty", 0666, DEV(5, 0), tty_open_current, false);
    if (r >= 0)
        r = devfs_register("console", 0600, DEV(5, 1), open_console, false);
    if (r >= 0)
        r = devfs_register_owned("tty1", 0620, 0, 5, DEV(4, 1), open_console,
                                 false);
    if (r >= 0)
        r = pty_boot();
    if (r >= 0)
        kernel_at_shutdown(console_drain);
    return r;
}
