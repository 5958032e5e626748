/* SPDX-License-Identifier: Apache-2.0 */
/* Grants: text in and out, subsets, checks. */
#include <string.h>

#include "pith_errno.h"
#include "proc.h"
#include "test.h"

static struct grants *
make(const char *text)
{
    struct report r = {0};
    struct grants *g = NULL;

    CHECK(grants_parse(text, strlen(text), &g, &r) == 0);
    return g;
}

static bool
refused(const char *text)
{
    struct report r = {0};
    struct grants *g = NULL;

    return grants_parse(text, strlen(text), &g, &r) == -E_INVAL && r.text[0];
}

static bool
subset(const char *small, const char *big)
{
    struct grants *s = make(small), *b = make(big);
    bool is = grants_subset(s, b);

    grants_unref(s);
    grants_unref(b);
    return is;
}

static void
texts(void)
{
    static const char text[] = "stdio\ntime\nfs /data rw\nfs / ro\n"
                               "net connect example.org:443\n"
                               "net listen *:8080\nnet\nipc log\n";
    char out[512];
    struct grants *g = make(text);
    size_t n = grants_format(g, out, sizeof out);

    CHECK(n == strlen(text) && !strcmp(out, text));
    CHECK(grants_format(g, out, 6) == n && !strcmp(out, "stdio"));
    grants_unref(g);
    g = make("\n# a comment\n  spawn \r\nfs /my dir/x/ rw\n"
             "net connect [::1]:80\n");
    grants_format(g, out, sizeof out);
    CHECK(!strcmp(out, "spawn\nfs /my dir/x rw\nnet connect [::1]:80\n"));
    grants_unref(g);
    g = make("limit cpu 50\nstub trap\napp files\nipc a\n");
    grants_format(g, out, sizeof out);
    CHECK(!strcmp(out, "ipc a\napp files\nlimit cpu 50\nstub trap\n"));
    grants_unref(g);
    CHECK(refused("app"));
    CHECK(refused("app Files"));
    CHECK(refused("app a b"));
    CHECK(refused("limit cpu"));
    CHECK(refused("limit cpu 0"));
    CHECK(refused("limit cpu 5 5"));
    CHECK(refused("limit wings 5"));
    CHECK(refused("flying"));
    CHECK(refused("fs relative rw"));
    CHECK(refused("fs /a/../b"));
    CHECK(refused("net connect host:99999"));
    CHECK(refused("net accept host"));
    CHECK(refused("time now"));
}

static void
subsets(void)
{
    CHECK(subset("", "stdio"));
    CHECK(!subset("stdio", ""));
    CHECK(subset("fs /data/x ro", "fs /data rw"));
    CHECK(!subset("fs /data/x rw", "fs /data ro"));
    CHECK(!subset("fs /database ro", "fs /data rw"));
    CHECK(!subset("fs / ro", "fs /data rw"));
    CHECK(subset("fs", "fs"));
    CHECK(!subset("fs", "fs /data rw"));
    CHECK(subset("net connect a.example.org:80", "net connect *.example.org:*"));
    CHECK(!subset("net connect evilexample.org:80",
                  "net connect *.example.org:*"));
    CHECK(!subset("net", "net connect *:*"));
    CHECK(subset("net listen :80", "net"));
    CHECK(!subset("net listen :*", "net listen :80"));
    CHECK(subset("ipc a\nipc b", "ipc *"));
    CHECK(!subset("ipc *", "ipc a\nipc b"));
}

static void
checks(void)
{
    static struct proc p;

    p.grants = make("stdio\nfs /data rw\nfs /etc ro\nnet connect Host:80\n");
    CHECK(cap_check(&p, CAP_STDIO) == 0);
    CHECK(cap_check(&p, CAP_SPAWN) == -E_NOTCAPABLE);
    CHECK(cap_check_path(&p, "/data", true) == 0);
    CHECK(cap_check_path(&p, "/data/a/b", true) == 0);
    CHECK(cap_check_path(&p, "/data/../etc", true) == -E_NOTCAPABLE);
    CHECK(cap_check_path(&p, "/etc/passwd", false) == 0);
    CHECK(cap_check_path(&p, "/etc/passwd", true) == -E_NOTCAPABLE);
    CHECK(cap_check_path(&p, "/", false) == -E_NOTCAPABLE);
    CHECK(cap_check_net(&p, CAP_NET_CONNECT, "hOST", 80) == 0);
    CHECK(cap_check_net(&p, CAP_NET_CONNECT, "host", 81) == -E_NOTCAPABLE);
    CHECK(cap_check_net(&p, CAP_NET_LISTEN, "host", 80) == -E_NOTCAPABLE);
    CHECK(p.denials == 6);
    CHECK(cap_check_ipc(&p, "log") == -E_NOTCAPABLE);
    grants_unref(p.grants);
    p.grants = make("ipc log\n");
    CHECK(cap_check_ipc(&p, "log") == 0);
    CHECK(cap_check_ipc(&p, "lo") == -E_NOTCAPABLE);
    CHECK(cap_check_ipc(&p, "*") == -E_NOTCAPABLE);
    CHECK(cap_check_path(NULL, "/", true) == 0);
    grants_unref(p.grants);
}

void
test_cap(void)
{
    struct grants *all = grants_create(), *none = grants_create();

    texts();
    subsets();
    checks();
    CHECK(grants_add_all(all) == 0);
    CHECK(grants_subset(none, all) && !grants_subset(all, none));
    CHECK(cap_has(none, CAP_BASE) && !cap_has(none, CAP_TIME));
    grants_unref(all);
    grants_unref(none);
}
