/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The supervisor: runs apps as their manifests say, in init's process.
 *
 *     /etc/vyoma/boot.toml, /apps/<name>/vyoma.toml
 *           |
 *        apps.c  processes: start, signal, reap    policy.c  when
 *        text.c  their lines: messages or output   logs.c    output kept
 *        control.c  commands, from apps (`@supervisor:`) and from outside
 *        usage.c what each has used    metrics.c, http.c  for Prometheus
 *        events.c what happens, as JSON lines    host.c  the service manager
 *        super.c the loop
 *
 * It never acts on an app's behalf without asking the kernel whether that app
 * has the grant (may()), so that nobody gets by asking what it may not do.
 */
#ifndef SUPER_H
#define SUPER_H

#include <pith/abi.h>
#include <pith/pith_import.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "manifest.h"
#include "policy.h"

#define APPS_MAX 16384
#define LINE_ROOM 4096u     /* a longer line is several */
#define QUEUE_MAX 65536u    /* bytes that wait for an app's standard input */
#define RING_BYTES 16384u
#define LOG_BYTES 262144u   /* of a file, before it is rotated */
#define LOG_FILES 3
#define LOG_RATE 262144u    /* bytes a second and app; more is dropped */
#define ANSWER_MAX (1u << 25) /* bytes of an answer to a command */

struct buffer {
    char *bytes;
    size_t used, room;
};
/* false: no memory, or it would be over max. */
bool buffer_add(struct buffer *b, const char *s, size_t n, size_t max);
void buffer_drop(struct buffer *b, size_t n); /* from the front */
void buffer_print(struct buffer *b, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Since its last start, or (before) in all its runs before that, and what the
 * kernel does not see: messages as lines. */
struct usage {
    unsigned procs, pending;
    unsigned long long cpu_ns, bytes, sent, received, denied;
    long long disk;
};

struct log {
    struct buffer ring;
    int fd;
    size_t size;          /* of the file */
    uint64_t second;      /* of the rate */
    size_t this_second, dropped;
    uint64_t bytes, lost; /* in all */
};

struct app {
    char name[MANIFEST_NAME_MAX + 1];
    struct manifest manifest;
    bool loaded;          /* the manifest could be read */
    bool autostart;
    char **args;
    int pid;
    int in, out, err, inbox; /* -1: none */
    struct buffer out_line, err_line, in_queue;
    bool blocked;         /* its line is for somebody whose queue is full */
    char last_from[MANIFEST_NAME_MAX + 1];
    uint64_t last_id;     /* of a typed message; 0: it was text */
    struct usage now, before;
    int next;             /* in the table of names; -1 */
    int status;           /* of its last end */
    struct log log;
};

struct client {
    int fd;
    struct buffer in, out;
    int follow;           /* the app whose log it follows; -1 */
    bool attached;        /* what it sends goes to that app's input */
    bool done;            /* close once out is written */
};
#define CLIENTS_MAX 32

extern struct app *apps[APPS_MAX];
extern struct unit units[APPS_MAX];
extern struct policy policy;
extern struct client clients[CLIENTS_MAX];
extern bool end_asked;
uint64_t now_ms(void);
int app_index(const char *name); /* -1 */

/* apps.c */
/* The configuration and the manifests it names; again: reload. false: why. */
bool apps_load(char *why, size_t room);
int app_add(const char *name); /* by its manifest below /apps; index or -1 */
extern char app_trouble[400];  /* why app_add gave -1 */
bool app_reload(int i, char *why, size_t room);
int app_spawn(void *ctx, int i);
void app_signal(void *ctx, int i, bool hard);
bool app_reap(int pid, int status); /* false: none of ours */
void app_close(struct app *a);

/* text.c */
void text_read(int i, bool errors);   /* there is something to read */
void text_lines(int i);               /* look at what was read again */
void text_write(int i);               /* there is room in its input */
void text_inbox(int i);               /* a typed message for a text app */
/* Queue "from: text" for its input; false: full. */
bool text_deliver(struct app *to, const char *from, const char *text);
bool may(const struct app *a, const char *grant);
int app_control(int op, const char *name, const char *text, int arg);

/* usage.c */
void usage_refresh(void);  /* every app's `now`; at most 4 times a second */
void usage_ended(int i);   /* its run is over, but its inbox still open */

/* logs.c */
void log_line(int i, bool errors, const char *line, size_t n);
void log_note(void *ctx, int i, const char *what); /* the supervisor's own */

/* auth.c */
#define AUTH_SOCKET "/run/auth"
int auth_listen(void); /* -1: passwords are not checked here */
bool auth_busy(void);
void auth_accept(int fd);
bool auth_reap(int pid); /* false: it was something else */

/* sign.c */
void sign_mode(enum boot_signatures wanted);
/* Somebody trusted vouches for the app, or that is not asked; manifest is the
 * text of its vyoma.toml, which m is. */
bool sign_ok(const char *app, const struct manifest *m, const char *manifest,
             size_t len, char *why, size_t room);

/* broker.c */
void broker_config(const struct boot_config *c);
int broker_poll_fd(void); /* -1: none */
void broker_read(void);
/* Was this command an answer of the broker's? */
bool broker_answer(const struct app *from, const char *line);
/* grants (malloc'ed), and what was allowed the app for always. */
char *broker_always(const char *app, char *grants);

/* control.c */
/* One command; caller: the app that asks, NULL for the outside. The answer goes
 * to out. client: for commands that go on (logs -f, attach), or NULL. */
void command(struct app *caller, const char *line, struct buffer *out,
             struct client *client);
void control_accept(int fd);
void client_read(struct client *c);
void client_write(struct client *c);

/* metrics.c: all of them, as Prometheus' text format 0.0.4. */
void metrics(struct buffer *out);

/* http.c: GET /metrics and /healthz, for whoever can connect. */
#define HTTP_MAX 16
void http_accept(int fd);
int http_fd(int k, bool *writing); /* of connection k; -1 */
void http_serve(int k);
void http_tick(uint64_t now);      /* those that take too long are dropped */

/* events.c: JSON objects, a line each, on standard output. source: "out",
 * "err", "supervisor", "audit". i: an app, or -1. Never waits: when nobody
 * reads, events are dropped, and counted. */
void events_begin(void);
void event(int i, const char *source, const char *level, const char *text,
           size_t n);
void event_say(const char *level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
bool events_waiting(void);
void events_write(void);
void events_end(void); /* what is left, for a moment */

/* host.c: descriptors that the host gave us, and its service manager. */
enum { HOST_CONTROL = 3, HOST_CONFIG, HOST_METRICS };
void host_begin(void);  /* before anything else is opened */
int host_fd(int which); /* -1: not given */
int host_accept(int fd); /* a connection's descriptor, not blocking; -1 */
bool host_config_again(void); /* HOST_CONFIG is from its start on, and new */
void host_notify(const char *state);
uint64_t host_watchdog_ms(void); /* how often to say so; 0: never */

#define BOOT_TOML "/etc/vyoma/boot.toml" /* if the host gives none */
/* super.c: runs until `until` has ended or *asked is set; its status, or -1.
 * When *reload_asked is set, the configuration is read again. */
int supervise(int control_fd, int until, volatile int *asked,
              volatile int *reload_asked);
void supervise_wake(void); /* by a signal handler: look at those */
/* The same by a command; new apps are started. */
void reload_all(struct buffer *out);
/* Stop all apps, in order. */
void supervise_end(void);
extern bool end_asked; /* by a command */

#endif
