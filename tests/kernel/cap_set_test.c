/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sets of grants with something taken out. Beside examples, thousands of random
 * pairs of sets over a small world, where "is no more than" can be looked up
 * place by place: a set called a subset, or made to fit, must not allow one
 * place more.
 */
#include <string.h>

#include "cap_internal.h"
#include "lib.h"
#include "pith_errno.h"
#include "proc.h"
#include "test.h"

#define ROUNDS 20000

static struct grants *
make(const char *text)
{
    struct grants *g = NULL;

    if (grants_parse(text, strlen(text), &g, NULL) < 0)
        CHECK(false); /* grants that cannot be read */
    return g;
}

static void
holes(void)
{
    static struct proc p;
    char out[256];

    p.grants = make("fs / rw\nnot fs /data\nfs /data/pub ro\n"
                    "net\nnot net connect 10.0.0.1:80\nipc *\nnot ipc spy\n");
    CHECK(cap_check_path(&p, "/etc", true) == 0);
    CHECK(cap_check_path(&p, "/data", false) == -E_NOTCAPABLE);
    CHECK(cap_check_path(&p, "/data/x", false) == -E_NOTCAPABLE);
    CHECK(cap_check_path(&p, "/database", true) == 0);
    CHECK(cap_check_path(&p, "/data/pub/x", false) == 0);
    CHECK(cap_check_path(&p, "/data/pub/x", true) == -E_NOTCAPABLE);
    CHECK(cap_check_net(&p, CAP_NET_CONNECT, "10.0.0.1", 80) == -E_NOTCAPABLE);
    CHECK(cap_check_net(&p, CAP_NET_CONNECT, "10.0.0.1", 81) == 0);
    CHECK(cap_check_net(&p, CAP_NET_LISTEN, "10.0.0.1", 80) == 0);
    CHECK(cap_check_ipc(&p, "log") == 0);
    CHECK(cap_check_ipc(&p, "spy") == -E_NOTCAPABLE);
    CHECK(cap_check_ipc(&p, "*") == -E_NOTCAPABLE);
    CHECK(cap_check_move(&p, "/data") == -E_NOTCAPABLE);
    CHECK(cap_check_move(&p, "/etc") == 0);
    grants_format(p.grants, out, sizeof out);
    CHECK(!strcmp(out, "fs / rw\nnot fs /data rw\nfs /data/pub ro\nnet\n"
                       "not net connect 10.0.0.1:80\nipc *\nnot ipc spy\n"));
    grants_unref(p.grants);
}

static void
fits(const char *small, const char *big, const char *want)
{
    struct grants *s = make(small), *b = make(big), *g = NULL;
    char out[256] = "";
    int r = grants_fit(s, b, &g);

    CHECK(r == (want ? 0 : -E_NOTCAPABLE));
    if (r == 0)
        grants_format(g, out, sizeof out);
    CHECK(!want || !strcmp(out, want));
    grants_unref(g);
    grants_unref(s);
    grants_unref(b);
}

static void
fitting(void)
{
    static const char big[] = "fs / rw\nnot fs /data\nfs /data/pub ro\n";

    fits("fs /etc ro\n", big, "fs /etc ro\n");
    fits("fs / ro\n", big, "fs / ro\nnot fs /data rw\n");
    fits("fs /data/pub ro\n", big, "fs /data/pub ro\n");
    fits("fs /data/pub rw\n", big, "fs /data/pub rw\nnot fs /data rw\n");
    fits("not fs /x\n", "", "not fs /x rw\n");
    fits("time\n", big, NULL);
    fits("ipc a\n", "fs / rw\n", NULL);
}

/* ---- at random ------------------------------------------------------- */

static uint32_t seed;
static uint32_t
roll(uint32_t n)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 16) % n;
}

static const char *const dirs[] = {"/", "/a", "/a/b", "/a/b/c", "/a/bb", "/d"};
static const char *const hosts[] = {"*", "*.x.y", "h.x.y", "x.y", "z"};
static const char *const names[] = {"*", "p", "q"};
#define PICK(list) list[roll(sizeof list / sizeof *list)]

static void
random_set(char *out, size_t room)
{
    struct text t = {out, room, 0};
    uint32_t n = roll(5);

    out[0] = 0;
    while (n--) {
        const char *no = roll(3) ? "" : "not ";

        switch (roll(3)) {
        case 0:
            text_add(&t, "%sfs %s %s\n", no, PICK(dirs),
                     roll(2) ? "rw" : "ro");
            break;
        case 1:
            text_add(&t, "%snet %s %s:%s\n", no, roll(2) ? "connect" : "listen",
                     PICK(hosts), roll(2) ? "80" : "*");
            break;
        default:
            text_add(&t, "%sipc %s\n", no, PICK(names));
        }
    }
}

/* Everything of the world, a bit each. */
static uint64_t
allowed(const struct grants *g)
{
    uint64_t bits = 0;
    int n = 0;

    for (size_t i = 0; i < sizeof dirs / sizeof *dirs; i++)
        for (int write = 0; write < 2; write++)
            bits |= (uint64_t)grants_allow_path(g, dirs[i], write) << n++;
    for (size_t i = 1; i < sizeof hosts / sizeof *hosts; i++)
        for (int k = 0; k < 4; k++)
            bits |= (uint64_t)grants_allow_net(
                        g, k & 1 ? CAP_NET_CONNECT : CAP_NET_LISTEN,
                        i == 1 ? "k.x.y" : hosts[i], k & 2 ? 80 : 81)
                    << n++;
    for (size_t i = 1; i < sizeof names / sizeof *names; i++)
        bits |= (uint64_t)grants_allow_ipc(g, names[i]) << n++;
    return bits;
}

static void
at_random(void)
{
    uint32_t subsets = 0, fitted = 0, wrong = 0;
    char a[512], b[512];

    for (seed = 1; seed < 1 + ROUNDS; seed++) {
        uint32_t round = seed;
        struct grants *s, *l, *g = NULL;

        random_set(a, sizeof a);
        random_set(b, sizeof b);
        s = make(a);
        l = make(b);
        if (grants_subset(s, l)) {
            subsets++;
            wrong += (allowed(s) & ~allowed(l)) != 0;
        }
        if (grants_fit(s, l, &g) == 0) {
            fitted++;
            wrong += (allowed(g) & ~(allowed(s) & allowed(l))) != 0;
            wrong += !grants_subset(g, l);
        }
        grants_unref(g);
        grants_unref(s);
        grants_unref(l);
        seed = round;
    }
    CHECK(wrong == 0);
    CHECK(subsets > ROUNDS / 50 && fitted >= subsets);
}

void
test_cap_set(void)
{
    holes();
    fitting();
    at_random();
}
