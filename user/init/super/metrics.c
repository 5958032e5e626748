/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What runs and what it has used, for Prometheus (text format 0.0.4). Counters
 * go on over an app's restarts and never go back while the system runs.
 */
#include "super.h"

#include <stdio.h>
#include <string.h>
#include <sys/sysinfo.h>

#define SECONDS(ns) ((double)(ns) * 1e-9)

static double
value_of(const char *name, int i)
{
    const struct app *a = apps[i];
    const struct unit *u = &units[i];
    const struct {
        const char *name;
        double value;
    } all[] = {
        {"up", u->state == UNIT_RUNNING},
        {"failed", u->state == UNIT_FAILED},
        {"starts_total", u->starts},
        {"restarts_total", u->starts > 1 ? u->starts - 1 : 0},
        {"watchdog_kills_total", u->barks},
        {"processes", a->now.procs},
        {"cpu_seconds_total", SECONDS(a->before.cpu_ns + a->now.cpu_ns)},
        {"memory_bytes", (double)a->now.bytes},
        {"disk_growth_bytes", (double)a->now.disk},
        {"messages_sent_total", (double)(a->before.sent + a->now.sent)},
        {"messages_received_total",
         (double)(a->before.received + a->now.received)},
        {"messages_waiting", a->now.pending},
        {"refusals_total", (double)(a->before.denied + a->now.denied)},
        {"log_bytes_total", (double)a->log.bytes},
        {"log_dropped_bytes_total", (double)a->log.lost},
    };

    for (size_t k = 0; k < sizeof all / sizeof *all; k++)
        if (strcmp(all[k].name, name) == 0)
            return all[k].value;
    return 0;
}

static void
head(struct buffer *out, const char *name, const char *type, const char *help)
{
    buffer_print(out, "# HELP pith_%s %s\n# TYPE pith_%s %s\n", name, help,
                 name, type);
}

/* Names of apps need no escapes: a to z, 0 to 9 and -. */
static void
per_app(struct buffer *out, const char *name, const char *type,
        const char *help)
{
    char whole[64];

    snprintf(whole, sizeof whole, "app_%s", name);
    head(out, whole, type, help);
    for (int i = 0; i < policy.count; i++)
        buffer_print(out, "pith_%s{app=\"%s\"} %.17g\n", whole, apps[i]->name,
                     value_of(name, i));
}

static void
whole(struct buffer *out, const char *name, const char *type, const char *help,
      double value)
{
    head(out, name, type, help);
    buffer_print(out, "pith_%s %.17g\n", name, value);
}

/* /proc/objects */
static void
kernel_objects(struct buffer *out)
{
    FILE *f = fopen("/proc/objects", "re");
    unsigned long long n;
    char kind[32];

    head(out, "kernel_objects", "gauge", "how much of everything there is");
    while (f && fscanf(f, "%31s %llu", kind, &n) == 2)
        buffer_print(out, "pith_kernel_objects{kind=\"%s\"} %llu\n", kind, n);
    if (f)
        fclose(f);
}

void
metrics(struct buffer *out)
{
    int running = 0, failed = 0;
    struct sysinfo s = {0};

    usage_refresh();
    sysinfo(&s);
    for (int i = 0; i < policy.count; i++) {
        running += units[i].state == UNIT_RUNNING;
        failed += units[i].state == UNIT_FAILED;
    }
    whole(out, "uptime_seconds", "gauge", "since the system began",
          (double)now_ms() * 1e-3);
    whole(out, "apps", "gauge", "apps that the supervisor knows",
          policy.count);
    whole(out, "apps_running", "gauge", "apps that run and are ready", running);
    whole(out, "apps_failed", "gauge", "apps that were given up", failed);
    whole(out, "processes", "gauge", "processes of the whole system", s.procs);
    kernel_objects(out);
    per_app(out, "up", "gauge", "1 while it runs and is ready");
    per_app(out, "failed", "gauge", "1 when it failed too often: given up");
    per_app(out, "starts_total", "counter", "how often it was started");
    per_app(out, "restarts_total", "counter", "how often it was started again");
    per_app(out, "watchdog_kills_total", "counter",
            "how often it was killed for silence");
    per_app(out, "processes", "gauge", "processes it has now");
    per_app(out, "cpu_seconds_total", "counter", "CPU time used");
    per_app(out, "memory_bytes", "gauge", "linear memory of its processes");
    per_app(out, "disk_growth_bytes", "gauge",
            "bytes by which its files grew, in this run");
    per_app(out, "messages_sent_total", "counter", "messages it sent");
    per_app(out, "messages_received_total", "counter", "messages it got");
    per_app(out, "messages_waiting", "gauge", "messages in its queue");
    per_app(out, "refusals_total", "counter",
            "uses of capabilities that were refused");
    per_app(out, "log_bytes_total", "counter", "bytes it printed");
    per_app(out, "log_dropped_bytes_total", "counter",
            "bytes of these that were too much in a second");
}
