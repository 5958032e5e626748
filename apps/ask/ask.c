/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks a person: `broker = "ask"` in boot.toml, and `pith attach ask`. One
 * question at a time; what is typed there has no sender in front, which no app
 * can imitate.
 */
#include "../app.h"

#define QUEUE 16

static struct question {
    char id[24];
    char text[400];
} queue[QUEUE];
static int first, count;

static void
show(void)
{
    struct out o = {.used = 0};

    add(&o, queue[first].text);
    add(&o, " -- o: once, a: always, d: deny");
    say(&o);
}

static void
answer(const char *how)
{
    struct out o = {.used = 0};

    add(&o, "@supervisor: ");
    add(&o, how);
    add(&o, " ");
    add(&o, queue[first].id);
    say(&o);
    first = (first + 1) % QUEUE;
    if (--count)
        show();
}

/* The value of "key":"..." or "key":7, without its escapes, behind o. */
static void
add_value(struct out *o, const char *json, const char *key)
{
    size_t n = length(key);
    char one[2] = {0, 0};
    bool quoted;

    for (; *json; json++) {
        size_t k = 0;

        while (k < n && json[k] == key[k])
            k++;
        if (k == n)
            break;
    }
    if (!*json)
        return;
    json += n;
    quoted = *json == '"';
    for (json += quoted; *json; json++) {
        if (quoted ? *json == '"' : *json == ',' || *json == '}')
            break;
        if (*json == '\\' && json[1])
            json++;
        one[0] = *json;
        add(o, one);
    }
}

static void
ask(const char *text)
{
    struct question *q = &queue[(first + count) % QUEUE];
    struct out o = {.used = 0};
    size_t n = 0;

    if (count == QUEUE)
        return; /* no answer is no */
    for (; *text && *text != ' ' && n < sizeof q->id - 1; text++)
        q->id[n++] = *text;
    q->id[n] = 0;
    add_value(&o, text, "\"app\":");
    add(&o, " (");
    add_value(&o, text, "\"program\":");
    add(&o, ", process ");
    add_value(&o, text, "\"pid\":");
    add(&o, ") asks for ");
    add_value(&o, text, "\"capability\":");
    add(&o, " ");
    add_value(&o, text, "\"detail\":");
    for (n = 0; o.text[n] && n < sizeof q->text - 1; n++)
        q->text[n] = o.text[n];
    q->text[n] = 0;
    if (count++ == 0)
        show();
}

void
on_start(void)
{
    put(1, "@supervisor: ready\n");
}

void
on_line(const char *from, const char *text)
{
    if (same(from, "supervisor")) {
        if (text[0] == 'a' && text[1] == 's' && text[2] == 'k' &&
            text[3] == ' ')
            ask(text + 4);
        return;
    }
    if (*from || !count)
        return;
    if (same(text, "o") || same(text, "once"))
        answer("once");
    else if (same(text, "a") || same(text, "always"))
        answer("always");
    else if (same(text, "d") || same(text, "deny"))
        answer("deny");
    else
        show();
}
