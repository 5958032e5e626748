/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `thread` and `wait`: nested commands on a thread of their own, with a store,
 * names and a tally of their own. Of the script around it a thread sees one
 * instance, the shared module, and of that only its shared memories.
 */
#include "spec.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct thread {
    struct thread *next;
    const char *name; /* the document's */
    pthread_t id;
    struct script script;
    struct tally *tally;
    json_t *commands;
};

static void *
thread_main(void *arg)
{
    struct thread *t = arg;
    json_t *cmd;
    size_t i;

    if (script_open(&t->script))
        json_array_foreach(t->commands, i, cmd)
            script_command(&t->script, cmd);
    thread_wait_all(&t->script);
    return NULL;
}

void
thread_start(struct script *s, json_t *cmd, int line)
{
    const char *name = json_string_value(json_object_get(cmd, "name"));
    const char *shared =
        json_string_value(json_object_get(cmd, "shared_module"));
    struct engine_instance *i = 
        shared ? script_any_instance(s, shared) : NULL;
    struct thread *t = calloc(1, sizeof *t);

    if (!t || !(t->tally = calloc(1, sizeof *t->tally)))
        abort();
    t->name = name ? name : "";
    t->commands = json_object_get(cmd, "commands");
    t->script = (struct script){.dir = s->dir,
                                .options = s->options,
                                .tally = t->tally,
                                .compile_only = s->compile_only,
                                .names_import = s->names_import};
    if (i)
        script_bind_foreign(&t->script, shared, i);
    if ((shared && !i) ||
        pthread_create(&t->id, NULL, thread_main, t) != 0) {
        tally_fail(s->tally, line, "thread %s cannot be started", t->name);
        script_close(&t->script);
        free(t->tally);
        free(t);
        return;
    }
    t->next = s->threads;
    s->threads = t;
    s->tally->passed++;
}

/* Its failures become ours. */
static void
merge(struct tally *to, const struct tally *from)
{
    to->passed += from->passed;
    to->failed += from->failed;
    to->skipped += from->skipped;
    if (from->used < sizeof to->text - to->used) {
        memcpy(to->text + to->used, from->text, from->used + 1);
        to->used += from->used;
    }
}

static void
join(struct script *s, struct thread **at)
{
    struct thread *t = *at;

    pthread_join(t->id, NULL);
    *at = t->next;
    merge(s->tally, t->tally);
    script_close(&t->script);
    free(t->tally);
    free(t);
}

void
thread_wait(struct script *s, const char *name, int line)
{
    struct thread **at = &s->threads;

    while (*at && strcmp((*at)->name, name ? name : "") != 0)
        at = &(*at)->next;
    if (!*at) {
        tally_fail(s->tally, line, "no thread %s to wait for",
                   name ? name : "");
        return;
    }
    join(s, at);
    s->tally->passed++;
}

void
thread_wait_all(struct script *s)
{
    while (s->threads)
        join(s, &s->threads);
}
