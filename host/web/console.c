/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The console is the page's terminal. Output goes to the page as news, of which
 * only so many bytes may be on their way; input comes through a ring that
 * the page fills and a kernel task empties.
 */
#include <stdatomic.h>
#include <string.h>

#include "pith_errno.h"
#include "tty.h"
#include "web.h"

#define RING 65536u
#define ON_THE_WAY (256u << 10)
#define TYPED 64u /* more at once is pasted */

/* JavaScript knows this layout (machine.js). */
static struct {
    _Atomic uint32_t wake;
    _Atomic uint32_t head, tail; /* bytes put in, bytes taken out */
    _Atomic uint32_t size;       /* rows << 16 | columns */
    _Atomic uint32_t on_the_way; /* output that the terminal has not shown */
    _Atomic uint32_t shown;      /* counts up whenever that falls */
    uint8_t ring[RING];
} console = {.size = 24u << 16 | 80};

EXPORT(void *, console_area, void)
{
    return &console;
}

int
host_console_write(const void *data, size_t n)
{
    while (atomic_load(&console.on_the_way) > ON_THE_WAY) {
        uint32_t shown = atomic_load(&console.shown);

        if (atomic_load(&console.on_the_way) > ON_THE_WAY)
            web_wait(&console.shown, shown, HOST_FOREVER);
    }
    atomic_fetch_add(&console.on_the_way, (uint32_t)n);
    web_tell_room();
    web_tell(NEWS_OUTPUT, 0, 0, 0, data, n);
    return 0;
}

bool
host_console_present(void)
{
    return true;
}

void
host_console_size(uint16_t *rows, uint16_t *cols)
{
    uint32_t size = atomic_load(&console.size);

    *rows = (uint16_t)(size >> 16);
    *cols = (uint16_t)size;
}

/* What is in the ring, without its wrap, to the tty. Lock held. */
static void
feed(void)
{
    uint32_t tail = atomic_load(&console.tail);
    uint32_t n = atomic_load(&console.head) - tail, at = tail % RING;

    if (n > RING - at)
        n = RING - at;
    if (n <= TYPED) {
        console_type(console.ring + at, n);
    } else {
        n = (uint32_t)console_input(console.ring + at, n);
        if (!n)
            console_wait_room();
    }
    atomic_store(&console.tail, tail + n);
}

static void
input_task(void *arg)
{
    uint16_t rows, cols;

    (void)arg;
    for (;;) {
        uint32_t wake_count = atomic_load(&console.wake);

        host_console_size(&rows, &cols);
        console_resize(rows, cols);
        while (atomic_load(&console.head) != atomic_load(&console.tail))
            feed();
        kernel_unlock();
        web_wait(&console.wake, wake_count, HOST_FOREVER);
        kernel_lock();
    }
}

int
web_console_start(void)
{
    struct host_task *t;

    return host_task_create(&t, input_task, NULL, 0);
}
