/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Manifests: what is accepted and what it grants, what is refused and where.
 * Every text is tried cut off at each byte, too: it must be read or refused
 * with a sentence, nothing else (best under V=asan).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "manifest.h"

static int passed, failed;

static void
check(int ok, const char *what, const char *text, const char *got)
{
    if (ok) {
        passed++;
        return;
    }
    failed++;
    printf("FAIL %s: %s\n--- %s\n", what, got, text);
}

#define APP "[app]\nname = \"a\"\n"
#define CAPS APP "[capabilities]\n"

/* ---- vyoma.toml: text --> grants ------------------------------------- */

static const struct {
    const char *text, *grants;
} good[] = {
    {APP, "app a\n"},
    {"app.name = \"a\"", "app a\n"},
    {"app = { name = 'a' } # c", "app a\n"},
    {"\r\n[ app ]\r\nname=\"a\"\r\n", "app a\n"},
    {CAPS "stdio = true\ntime = false\n", "app a\nstdio\n"},
    {CAPS "filesystem = true\n", "app a\nfs /data/a rw\n"},
    {CAPS "filesystem = { \"/data\" = \"rw\", '/u r' = \"ro\" }\n",
     "app a\nfs /data rw\nfs /u r ro\n"},
    {CAPS "[capabilities.filesystem]\n\"/x/\" = \"ro\"\n",
     "app a\nfs /x ro\n"},
    {CAPS "network = true\nipc = true\nspawn = true", "app a\nnet\nipc\nspawn\n"},
    {CAPS "network = { connect = [\"example.org:443\"], listen = [8080] }",
     "app a\nnet connect example.org:443\nnet listen :8080\n"},
    {CAPS "network.connect = [\n  \"[::1]:80\", # c\n  \"*:*\",\n]",
     "app a\nnet connect [::1]:80\nnet connect *:*\n"},
    {CAPS "ipc = [\"log\", \"*\"]", "app a\nipc log\nipc *\n"},
    {APP "[limits]\nmemory = \"64MB\"\nfuel = 1_000\nfiles = 0x10",
     "app a\nlimit memory 67108864\nlimit fuel 1000\nlimit files 16\n"},
    {APP "[limits]\ncall_depth = 300\n", "app a\nlimit call_depth 300\n"},
    {APP "[limits]\nmemory = 65536\ncpu = 50\nprocesses = 4\ndisk = \"1 KiB\"\n"
         "messages = 9\n",
     "app a\nlimit memory 65536\nlimit cpu 50\nlimit processes 4\n"
     "limit disk 1024\nlimit messages 9\n"},
    {APP "[window]\nx = -3\ny = 28\nw = 800\nh = 600\n", "app a\n"},
    {APP "version = \"0.1 \\\"\\u00e9\\t\"\n"
         "restart = \"on-failure\"\nwatchdog_secs = 3\n",
     NULL /* a tab is no line of text */},
    {APP "version = \"0.1 \\\"\\u00e9\"\nrestart = \"always\"\n", "app a\n"},
};

/* ---- and what is refused --------------------------------------------- */

static const struct {
    const char *text, *says;
} bad[] = {
    {"", "line 1, column 1: [app] with a name is missing"},
    {"[app]\nversion = \"1\"", "line 1, column 1: [app] with a name"},
    {"[app]\nname = 3", "line 2, column 1: name is an integer; it should be a "
                        "string"},
    {"[app]\nname = \"A b\"", "line 2, column 1: \"A b\" is no name"},
    {"[app]\nname = \"\"", "line 2, column 1: \"\" is no name"},
    {APP "nome = 1", "line 3, column 1: [app] has no field nome"},
    {APP "name = \"b\"", "line 3, column 1: name is there twice"},
    {APP "[app]", "line 3, column 5: app is there twice"},
    {APP "[apps]", "line 3, column 1: there is no section [apps]"},
    {APP "restart = \"often\"", "line 3, column 1: restart is \"often\""},
    {APP "watchdog_secs = -1", "line 3, column 1: watchdog_secs is -1"},
    {APP "watchdog_secs = 1.5", "line 3, column 17: this is no whole number"},
    {APP "watchdog_secs = 09", "line 3, column 17: this is no whole number"},
    {APP "watchdog_secs = 99999999999999999999",
     "line 3, column 35: the number is too large"},
    {APP "watchdog_secs = 2020-01-01", "line 3, column 17: this is no whole"},
    {APP "version = 1 name = 2", "line 3, column 13: the line should end here"},
    {APP "version = \"x", "line 3, column 11: the string that begins here"},
    {APP "version = \"\\q\"", "line 3, column 12: this is no escape"},
    {APP "version = \"\\ud800\"", "line 3, column 12: this is no escape"},
    {APP "version = \"\"\"x\"\"\"", "line 3, column 11: strings over several"},
    {APP "version = yes", "line 3, column 11: yes is no value"},
    {APP "version =", "line 3, column 10: a value is missing here"},
    {APP "version", "line 3, column 8: = is missing behind version"},
    {APP "= 1", "line 3, column 1: a key is missing here"},
    {APP "[x", "line 3, column 3: ] is missing"},
    {APP "[[app]]", "line 3, column 6: app is already something else"},
    {CAPS "fly = true", "line 4, column 1: there is no capability fly"},
    {CAPS "stdio = \"yes\"", "line 4, column 1: stdio is a string"},
    {CAPS "filesystem = [\"/x\"]", "line 4, column 1: filesystem is an array"},
    {CAPS "filesystem = { \"/x\" = \"wr\" }", "line 4, column 16: /x should be"},
    {CAPS "filesystem = { \"x\" = \"ro\" }", "line 4, column 16: \"x\" is no abs"},
    {CAPS "filesystem = { \"/a/../b\" = \"ro\" }", "line 4, column 16: \"/a/.."},
    {CAPS "filesystem = { \"/a\\nnet\" = \"ro\" }", "line 4, column 16: "},
    {CAPS "filesystem = { \"/x\" = \"ro\", }", "line 4, column 29: no comma"},
    {CAPS "filesystem = { \"/x\" = \"ro\"", "line 4, column 27: a comma or }"},
    {CAPS "network = { accept = [] }", "line 4, column 13: network has connect"},
    {CAPS "network = { connect = [\"x\"] }", "line 4, column 24: \"x\" is no add"},
    {CAPS "network = { connect = [\"x:0\"] }", "line 4, column 24: \"x:0\""},
    {CAPS "network = { connect = [\"a b:1\"] }", "line 4, column 24: \"a b:1\""},
    {CAPS "network = { listen = [70000] }", "line 4, column 23: \":70000\""},
    {CAPS "ipc = [\n\"log\",\n\"no name\"]", "line 6, column 1: \"no name\""},
    {CAPS "ipc = [[[[[[[[[[[[[[[[[[", "line 4, column 23: it is nested too"},
    {APP "[limits]\nmemory = \"64MX\"", "line 4, column 1: memory should be a"},
    {APP "[limits]\nmemory = 0", "line 4, column 1: memory is 0"},
    {APP "[limits]\ncpu = 0", "line 4, column 1: cpu is 0"},
    {APP "version = \"\xff\"", "it is not UTF-8 text"},
};

static void
try_cuts(const char *text, int (*read)(struct manifest *, const char *, size_t,
                                       struct report *))
{
    size_t len = strlen(text);

    for (size_t n = 0; n < len; n++) {
        struct report r = {0};
        struct manifest m;
        char *copy = malloc(n + 1); /* so that ASan sees reads beyond */
        int e;

        memcpy(copy, text, n);
        e = read(&m, copy, n, &r);
        check(e < 0 ? r.text[0] != 0 : m.name[0] != 0, "cut", text, r.text);
        manifest_finish(&m);
        free(copy);
    }
}

static void
test_good(void)
{
    char grants[4096], toml[8192], again[4096];

    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct report r = {0};
        struct manifest m, back;
        int e = manifest_read_vyoma(&m, good[i].text, strlen(good[i].text), &r);

        if (!good[i].grants) {
            check(e < 0, "refused", good[i].text, "accepted");
            manifest_finish(&m);
            continue;
        }
        manifest_grants(&m, true, grants, sizeof grants);
        check(e == 0, "accepted", good[i].text, r.text);
        check(!strcmp(grants, good[i].grants), "grants", good[i].text, grants);
        manifest_write(&m, toml, sizeof toml);
        e = manifest_read_vyoma(&back, toml, strlen(toml), &r);
        check(e == 0, "written", toml, r.text);
        manifest_grants(&back, true, again, sizeof again);
        check(!strcmp(grants, again) && !strcmp(m.version, back.version) &&
                  m.restart == back.restart && m.window.x == back.window.x,
              "written and read", toml, again);
        manifest_finish(&m);
        manifest_finish(&back);
        try_cuts(good[i].text, manifest_read_vyoma);
    }
}

static void
test_bad(void)
{
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct report r = {0};
        struct manifest m;
        int e = manifest_read_vyoma(&m, bad[i].text, strlen(bad[i].text), &r);

        check(e < 0 && !strncmp(r.text, bad[i].says, strlen(bad[i].says)),
              bad[i].says, bad[i].text, r.text);
        manifest_finish(&m);
    }
}

/* ---- JSON, packages -------------------------------------------------- */

static const struct {
    const char *text, *grants, *says;
} wpm[] = {
    {"{ \"name\": \"coreutils\", \"version\": \"1.0.0\", \"arch\": "
     "\"wasmux-wasi\",\n  \"entry\": \"/bin/ls\", \"permissions\": [\"fs\", "
     "\"time\"] }",
     "app coreutils\nstdio\nfs /data/coreutils rw\ntime\n", NULL},
    {"{\"name\":\"x\",\"permissions\":[\"net\",\"display\",\"input\",\"ipc\","
     "\"spawn\",\"audio\"],\"more\":{\"a\":[1,-2.5e3,null]}}",
     "app x\nstdio\nnet\ndisplay\nkeyboard\nipc\nspawn\nsound\n", NULL},
    {"{\"name\":\"A B_c\"}", "app a-b-c\nstdio\n", NULL},
    {"{\"name\":\"\\ud83d\\ude00\"}", NULL, "line 1, column 9: "},
    {"{}", NULL, "line 1, column 1: \"name\" is missing"},
    {"{\"name\": 1}", NULL, "line 1, column 10: name is an integer"},
    {"{\"name\": \"x\"\n \"y\": 1}", NULL, "line 2, column 2: a comma or }"},
    {"{\"name\": \"x\", \"name\": \"y\"}", NULL, "line 1, column 15: \"name\" is"},
    {"{\"name\": \"x\",\n\"permissions\": [\"root\"]}", NULL,
     "line 2, column 17: there is no permission \"root\""},
    {"{\"name\": \"x\",}", NULL, "line 1, column 14: a member's name"},
    {"{\"name\": 01}", NULL, "line 1, column 10: this is no number"},
    {"{\"name\" \"x\"}", NULL, "line 1, column 9: a colon"},
    {"[1]", NULL, "line 1, column 1: an object was expected"},
    {"{\"name\":\"x\"} x", NULL, "line 1, column 14: there is more"},
    {"", NULL, "line 1, column 1: a value is missing"},
};

static void
test_wpm(void)
{
    char grants[4096];

    for (size_t i = 0; i < sizeof wpm / sizeof *wpm; i++) {
        struct report r = {0};
        struct manifest m;
        int e = manifest_read_wpm(&m, wpm[i].text, strlen(wpm[i].text), &r);

        if (wpm[i].grants) {
            manifest_grants(&m, true, grants, sizeof grants);
            check(e == 0 && !strcmp(grants, wpm[i].grants), "wpm", wpm[i].text,
                  e < 0 ? r.text : grants);
        } else {
            check(e < 0 && !strncmp(r.text, wpm[i].says, strlen(wpm[i].says)),
                  wpm[i].says, wpm[i].text, r.text);
        }
        manifest_finish(&m);
        try_cuts(wpm[i].text, manifest_read_wpm);
    }
}

static size_t
put32(char *out, size_t v)
{
    for (int i = 0; i < 4; i++)
        out[i] = (char)(v >> 8 * i);
    return 4;
}

static size_t
package(char *out, int version, size_t gap, const char *json)
{
    size_t at = 5;

    memcpy(out, "TRYM", 4);
    out[4] = (char)version;
    memset(out + 5, 0, 2);
    if (gap)
        out[5] = 8; /* network */
    at += gap;
    at += put32(out + at, strlen(json));
    memcpy(out + at, json, strlen(json));
    at += strlen(json);
    at += put32(out + at, 3);
    memcpy(out + at, "abc", 3);
    return at + 3;
}

static void
test_trymon(void)
{
    static const char json[] =
        "{\"name\":\"Clock\",\"version\":\"2\",\"entry\":\"main.tvm\","
        "\"author\":\"me\",\"icon\":\"iVBORw0=\",\"dependencies\":[],"
        "\"permissions\":[\"display\"]}";
    static const struct {
        int version;
        size_t gap;
        const char *grants;
    } kinds[] = {
        {1, 0, "app clock\nstdio\ndisplay\n"},
        {2, 2, "app clock\nstdio\nnet\ndisplay\n"},
        {2, 0, "app clock\nstdio\ndisplay\n"}, /* the older writer */
    };
    char file[512], grants[512];

    for (size_t i = 0; i < 3; i++) {
        size_t n = package(file, kinds[i].version, kinds[i].gap, json);
        struct report r = {0};
        struct manifest m;
        int e = manifest_read(&m, file, n, &r);

        manifest_grants(&m, true, grants, sizeof grants);
        check(e == 0 && !strcmp(grants, kinds[i].grants), "trymon", json,
              e < 0 ? r.text : grants);
        manifest_finish(&m);
        for (size_t cut = 0; cut < n; cut++) {
            char *copy = malloc(cut + 1);

            r.text[0] = 0;
            memcpy(copy, file, cut);
            e = manifest_read_trymon(&m, copy, cut, &r);
            check(e < 0 && r.text[0], "cut package", json, "accepted");
            manifest_finish(&m);
            free(copy);
        }
    }
}

/* ---- boot.toml ------------------------------------------------------- */

static void
test_boot(void)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"", NULL},
        {"[[app]]\nname = \"log\"\n[[app]]\nname = \"web\"\nafter = [\"log\"]\n"
         "args = [\"-p\", \"80\"]\nrestart = \"always\"\n",
         NULL},
        {"[[app]]\n", "line 1, column 1: [[app]] without a name"},
        {"[[app]]\nname = \"a\"\n[[app]]\nname = \"a\"",
         "line 3, column 1: a is there twice"},
        {"[[app]]\nname = \"a\"\nafter = [\"b\"]",
         "line 1, column 1: a is to be after b, which is not here"},
        {"[[app]]\nname = \"a\"\nafter = [\"b\"]\n[[app]]\nname = \"b\"\n"
         "after = [\"a\"]",
         "line 1, column 1: a would be started after itself"},
        {"[[app]]\nname = \"a\"\nwhen = 1", "line 3, column 1: [[app]] has"},
        {"[app]\nname = \"a\"", "line 1, column 1: app is a table"},
        {"signatures = \"required\"\nbroker = \"ask\"\nbroker_secs = 5\n",
         NULL},
        {"signatures = true", "line 1, column 1: signatures is"},
        {"signatures = \"maybe\"", "line 1, column 1: signatures should be"},
        {"broker = \"a b\"", "line 1, column 1: \"a b\" is no name"},
        {"broker_secs = 0", "line 1, column 1: broker_secs is 0"},
        {"fly = 1", "line 1, column 1: boot.toml has [[app]], signatures"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct report r = {0};
        struct boot_config c;
        int e = boot_config_read(&c, cases[i].text, strlen(cases[i].text), &r);

        if (cases[i].says)
            check(e < 0 && !strncmp(r.text, cases[i].says,
                                    strlen(cases[i].says)),
                  cases[i].says, cases[i].text, r.text);
        else
            check(e == 0, "boot", cases[i].text, r.text);
        if (i == 1)
            check(c.napps == 2 && !strcmp(c.apps[1].after[0], "log") &&
                      !strcmp(c.apps[1].args[1], "80") &&
                      c.apps[1].restart == RESTART_ALWAYS,
                  "boot fields", cases[i].text, "");
        if (i == 8)
            check(c.signatures == SIGNATURES_REQUIRED && c.broker_secs == 5 &&
                      !strcmp(c.broker, "ask"),
                  "boot settings", cases[i].text, "");
        boot_config_finish(&c);
    }
}

/* The bounds: many nodes, and keys that are all compared with each other. */
static void
test_bounds(void)
{
    size_t room = (size_t)1 << 20, at = 0;
    char *text = malloc(room);
    struct report r = {0};
    struct manifest m;
    int e;

    at += (size_t)snprintf(text, room, CAPS "ipc = [");
    while (at < room - 16)
        at += (size_t)snprintf(text + at, room - at, "\"a\",");
    e = manifest_read_vyoma(&m, text, at, &r);
    check(e < 0 && strstr(r.text, "more than 131072 values"), "bounds", "[...]",
          r.text);
    manifest_finish(&m);
    free(text);
}

int
main(void)
{
    test_good();
    test_bad();
    test_wpm();
    test_trymon();
    test_boot();
    test_bounds();
    printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
