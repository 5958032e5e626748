/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an app is and what it may do: one struct, three readers.
 *
 *     vyoma.toml ----------.
 *     .wpm manifest.json --+--> struct manifest --> grants, a line each (for
 *     .trymon package -----'         |              kernel/cap.h)
 *                                    `------------> vyoma.toml again
 *
 * Absent is not granted. No kernel inside: the command line and init both read
 * manifests. All input is hostile.
 */
#ifndef MANIFEST_MANIFEST_H
#define MANIFEST_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cap.h"

#define MANIFEST_NAME_MAX 63u
#define MANIFEST_TEXT_MAX 255u
#define MANIFEST_RULES_MAX 128u
#define MANIFEST_APPS_MAX 16384u

enum manifest_format { MANIFEST_VYOMA, MANIFEST_WPM, MANIFEST_TRYMON };
enum manifest_restart { RESTART_NEVER, RESTART_ALWAYS, RESTART_ON_FAILURE };
extern const char *const manifest_restart_names[3];

/* An object of a capability: a path, an address, a partner. */
enum { MANIFEST_WRITE = 1, MANIFEST_CONNECT = 2, MANIFEST_LISTEN = 4 };
struct manifest_rule {
    enum cap cap;
    uint32_t how;
    char *object; /* "/data", "example.org:443", "log" */
};

struct manifest {
    enum manifest_format format;
    char name[MANIFEST_NAME_MAX + 1];
    char version[MANIFEST_TEXT_MAX + 1];
    char wasm[MANIFEST_TEXT_MAX + 1]; /* beside it; .wpm: in the root */
    char description[MANIFEST_TEXT_MAX + 1];
    char author[MANIFEST_TEXT_MAX + 1];
    uint32_t restart; /* enum manifest_restart */
    uint64_t watchdog_secs;
    bool ask;
    char user[MANIFEST_NAME_MAX + 1]; /* "": root */
    bool stub_trap;
    uint32_t caps; /* bit per enum cap */
    bool own_data; /* filesystem = true: /data/<name> */
    struct manifest_rule *rules;
    uint32_t nrules;
    struct {
        uint64_t memory, cpu, call_depth, fuel, files, processes, disk,
            messages;
    } limit; /* 0: none said */
    bool has_window;
    struct {
        int64_t x, y;
        uint64_t w, h;
    } window;
    uint32_t unknown; /* .wpm, .trymon: members that mean nothing here ... */
    char unknown_name[64]; /* ... the first of them */
};

/*
 * 0, or -E_INVAL with "line 3, column 9: ..." in *report, -E_NOMEM. In each case
 * manifest_finish() is due.
 */
int manifest_read_vyoma(struct manifest *m, const char *text, size_t len,
                        struct report *report);
int manifest_read_wpm(struct manifest *m, const char *text, size_t len,
                      struct report *report);
/* A whole .trymon package; its metadata's lines are counted from 1. */
int manifest_read_trymon(struct manifest *m, const void *bytes, size_t len,
                         struct report *report);
/* Whichever it is: by its first bytes. */
int manifest_read(struct manifest *m, const void *bytes, size_t len,
                  struct report *report);
void manifest_finish(struct manifest *m);

/* The parts of a .trymon package; they point into its bytes. */
struct trymon {
    int version;
    uint16_t flags;
    const char *metadata;
    size_t metadata_len;
    const uint8_t *code; /* v1: an x86 ELF; v2: TVM bytecode */
    size_t code_len;
};
int trymon_open(const void *bytes, size_t len, struct trymon *out,
                struct report *report);

/*
 * The grants as lines for the kernel: `app` and `limit` lines too when with_app.
 * NUL-terminated into out[room]; the length it needs.
 */
size_t manifest_grants(const struct manifest *m, bool with_app, char *out,
                       size_t room);
/* As a vyoma.toml. */
size_t manifest_write(const struct manifest *m, char *out, size_t room);
/* The other way: grants as lines become capabilities of m. -E_INVAL. */
int manifest_add_grant(struct manifest *m, const char *line, size_t len,
                       struct report *report);
/* The JSON schema of vyoma.toml (as data), as printf pieces. */
void manifest_schema(void (*put)(void *ctx, const char *text), void *ctx);
bool manifest_name_ok(const char *s, size_t len); /* a-z 0-9 -, at most 63 */
/* The manifest's name for a capability: "filesystem". */
const char *manifest_cap_key(enum cap c);

/* ---- boot.toml -------------------------------------------------------- */

struct boot_app {
    char name[MANIFEST_NAME_MAX + 1];
    char **args, **after; /* NULL-terminated, or NULL */
    int restart;          /* enum manifest_restart; -1: as its manifest says */
};
enum boot_signatures {
    SIGNATURES_BY_TRUST, /* checked once a key is trusted */
    SIGNATURES_REQUIRED,
    SIGNATURES_OFF,      /* development */
};
/* What `pith serve FILE` takes from [serve]; NULL: not said. */
struct serve_config {
    char *root, *image, *control, *metrics, *log, *apps;
    char **mounts;
    bool ephemeral;
};
struct boot_config {
    struct boot_app *apps;
    uint32_t napps;
    enum boot_signatures signatures;
    char broker[MANIFEST_NAME_MAX + 1]; /* the app that asks a person; "" */
    uint32_t broker_secs;               /* how long it may take */
    uint32_t *by_name; /* indices */
    struct serve_config serve;
};
/* Names are unique and `after` names one that stands in the file; no circles. */
int boot_config_read(struct boot_config *c, const char *text, size_t len,
                     struct report *report);
void boot_config_finish(struct boot_config *c);

#endif
