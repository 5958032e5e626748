/* SPDX-License-Identifier: Apache-2.0 */
/* poll_oneoff: clocks relative and absolute, files, errors as events. */
#include "wasi_raw.h"

struct sub {
    u64 userdata;
    uint8_t tag;
    union {
        struct {
            u32 id;
            u64 timeout, precision;
            uint16_t flags;
        } clock;
        u32 fd;
    };
};
struct event {
    u64 userdata;
    uint16_t error;
    uint8_t type;
    u64 nbytes;
    uint16_t flags;
};

static struct event ev[8];
static u32 n;

static u64
now(u32 id)
{
    u64 t = 0;
    CHECK(raw_clock_time_get(id, 1, P(&t)), OK);
    return t;
}

static struct sub
clock_sub(u64 user, u32 id, u64 timeout, uint16_t flags)
{
    struct sub s = {.userdata = user, .tag = 0};
    s.clock.id = id;
    s.clock.timeout = timeout;
    s.clock.flags = flags;
    return s;
}

static struct sub
fd_sub(u64 user, uint8_t tag, u32 fd)
{
    struct sub s = {.userdata = user, .tag = tag};
    s.fd = fd;
    return s;
}

static void
clocks(void)
{
    const u64 ms = 1000000;
    u64 t = now(1);
    struct sub s[3] = {clock_sub(7, 1, 20 * ms, 0)};
    CHECK(raw_poll_oneoff(P(s), P(ev), 1, P(&n)), OK);
    CHECK(n, 1);
    CHECK(ev[0].userdata, 7);
    CHECK(ev[0].error, OK);
    CHECK(now(1) - t >= 20 * ms, 1);
    CHECK(now(1) - t < 60000 * ms, 1);
    /* the nearest of three, one of them long past */
    s[0] = clock_sub(1, 1, 3600000 * ms, 0);
    s[1] = clock_sub(2, 0, 1, 1);
    s[2] = clock_sub(3, 1, now(1) + 3600000 * ms, 1);
    CHECK(raw_poll_oneoff(P(s), P(ev), 3, P(&n)), OK);
    CHECK(n, 1);
    CHECK(ev[0].userdata, 2);
    /* absolute, realtime, soon */
    t = now(0);
    s[0] = clock_sub(4, 0, t + 10 * ms, 1);
    CHECK(raw_poll_oneoff(P(s), P(ev), 1, P(&n)), OK);
    CHECK(now(0) - t >= 10 * ms, 1);
    /* wrong ones are events */
    s[0] = clock_sub(5, 99, 1, 0);
    s[1] = clock_sub(6, 1, ~0ull, 0);
    CHECK(raw_poll_oneoff(P(s), P(ev), 2, P(&n)), OK);
    CHECK(n, 1);
    CHECK(ev[0].userdata, 5);
    CHECK(ev[0].error, INVAL);
    CHECK(raw_clock_time_get(4, 0, P(&t)), INVAL);
    CHECK(raw_clock_res_get(4, P(&t)), INVAL);
    CHECK(raw_clock_res_get(1, P(&t)), OK);
    CHECK(t > 0, 1);
    CHECK(now(2) <= now(2), 1);
}

static void
files(void)
{
    int fd = open_at(ROOT, "file", 1, ALL_RIGHTS, 0);
    CHECK(fd >= 0, 1);
    CHECK(write_all((u32)fd, "0123456789"), OK);
    u64 at;
    CHECK(raw_fd_seek((u32)fd, 4, 0, P(&at)), OK);
    struct sub s[4] = {fd_sub(1, 1, (u32)fd), fd_sub(2, 2, (u32)fd),
                       fd_sub(3, 1, 77), clock_sub(4, 1, 3600000000000, 0)};
    CHECK(raw_poll_oneoff(P(s), P(ev), 4, P(&n)), OK);
    CHECK(n, 3);
    CHECK(ev[0].userdata, 1);
    CHECK(ev[0].nbytes, 6);
    CHECK(ev[0].type, 1);
    CHECK(ev[1].userdata, 2);
    CHECK(ev[1].error, OK);
    CHECK(ev[2].userdata, 3);
    CHECK(ev[2].error, BADF);
    /* stdin is empty here: at its end it is ready, or hung up */
    s[0] = fd_sub(9, 1, 0);
    CHECK(raw_poll_oneoff(P(s), P(ev), 1, P(&n)), OK);
    CHECK(n, 1);
    CHECK(ev[0].userdata, 9);
    s[0].tag = 3;
    CHECK(raw_poll_oneoff(P(s), P(ev), 1, P(&n)), INVAL);
}

int
main(void)
{
    clocks();
    files();
    return done();
}
