/* SPDX-License-Identifier: Apache-2.0 */
/* Actions (call an export, read a global) and the assertions about them. */
#include "spec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VALUES = 1024 }; /* most parameters or results of an action */

struct outcome {
    enum engine_status status;
    uint32_t nresults;
    const struct engine_valtype *types;
    struct engine_valtype global;
    union engine_value results[VALUES];
};

/* too large for a stack; one at a time */
static _Thread_local struct outcome outcome;

/* False, with the reason in why, when the action cannot even be started. */
static bool
invoke(struct script *s, const struct engine_extern *e, json_t *args, char *why,
       size_t size)
{
    static _Thread_local union engine_value values[VALUES];
    const struct engine_functype *type;
    size_t n = json_array_size(args);

    if (e->kind != ENGINE_FUNC) {
        snprintf(why, size, "the export is not a function");
        return false;
    }
    type = engine_func_type(e->func);
    if (n != type->nparams || n > VALUES || type->nresults > VALUES) {
        snprintf(why, size, "%zu arguments for a function of %u", n,
                 type->nparams);
        return false;
    }
    for (size_t i = 0; i < n; i++)
        if (!value_parse(json_array_get(args, i), &type->params[i],
                         &values[i])) {
            snprintf(why, size, "argument %zu has the wrong type", i);
            return false;
        }
    outcome.nresults = type->nresults;
    outcome.types = type->results;
    outcome.status = engine_call(s->store, e->func, values, outcome.results);
    return true;
}

static bool
act(struct script *s, json_t *action, char *why, size_t size)
{
    const char *type = json_string_value(json_object_get(action, "type"));
    const char *module = json_string_value(json_object_get(action, "module"));
    json_t *field = json_object_get(action, "field");
    struct engine_instance *i = script_instance(s, module);
    struct engine_extern e;
    bool mutable_;

    if (!i) {
        snprintf(why, size, "no instance %s", module ? module : "");
        return false;
    }
    if (!type || !json_is_string(field) ||
        !engine_instance_export(i, json_string_value(field),
                                json_string_length(field), &e)) {
        snprintf(why, size, "no export %s", json_string_value(field));
        return false;
    }
    if (!strcmp(type, "invoke"))
        return invoke(s, &e, json_object_get(action, "args"), why, size);
    if (strcmp(type, "get") != 0 || e.kind != ENGINE_GLOBAL) {
        snprintf(why, size, "the export is not a global");
        return false;
    }
    outcome.status = ENGINE_OK;
    outcome.nresults = 1;
    outcome.global = engine_global_type(e.global, &mutable_);
    outcome.types = &outcome.global;
    outcome.results[0] = engine_global_get(e.global);
    return true;
}

/* "came" for messages: the results or the trap. */
static void
describe(char *text, size_t size)
{
    text[0] = 0;
    if (outcome.status != ENGINE_OK) {
        snprintf(text, size, " %s", engine_status_text(outcome.status));
        return;
    }
    for (uint32_t i = 0; i < outcome.nresults; i++)
        value_print(text, size, &outcome.types[i], &outcome.results[i]);
    if (!outcome.nresults)
        snprintf(text, size, " nothing");
}

static bool
results_match(json_t *expected)
{
    if (outcome.status != ENGINE_OK ||
        json_array_size(expected) != outcome.nresults)
        return false;
    for (uint32_t i = 0; i < outcome.nresults; i++)
        if (!value_match(json_array_get(expected, i), &outcome.types[i],
                         &outcome.results[i]))
            return false;
    return true;
}

/* The testsuite's texts and ours share a beginning, but for two. */
static bool
text_agrees(const struct script *s, const char *text)
{
    const char *ours = engine_status_text(outcome.status);

    if (!s->options->strict || !text)
        return true;
    if (outcome.status == ENGINE_TABLE_BOUNDS &&
        !strncmp(text, "undefined element", 17))
        return true; /* call_indirect's word for it */
    if (outcome.status == ENGINE_NULL_REFERENCE && !strncmp(text, "null ", 5))
        return true; /* null structure reference and so on */
    return !strncmp(text, ours, strlen(ours)) ||
           !strncmp(text, ours, strlen(text));
}

/* Exhaustion and refused allocations are traps where the test says so. */
static bool
trapped(const char *text)
{
    if (outcome.status == ENGINE_STACK_EXHAUSTED)
        return text && strstr(text, "call stack exhausted");
    if (outcome.status == ENGINE_NO_MEMORY)
        return text && strstr(text, "allocation size too large");
    return status_is_trap(outcome.status);
}

static bool
holds(const struct script *s, const char *type, json_t *cmd)
{
    const char *text = json_string_value(json_object_get(cmd, "text"));

    if (!strcmp(type, "action"))
        return outcome.status == ENGINE_OK;
    if (!strcmp(type, "assert_return"))
        return results_match(json_object_get(cmd, "expected"));
    if (!strcmp(type, "assert_trap"))
        return trapped(text) && text_agrees(s, text);
    if (!strcmp(type, "assert_exhaustion"))
        return outcome.status == ENGINE_STACK_EXHAUSTED;
    if (!strcmp(type, "assert_suspension"))
        return outcome.status == ENGINE_UNHANDLED_TAG;
    return !strcmp(type, "assert_exception") &&
           outcome.status == ENGINE_EXCEPTION;
}

/* The command's expectation as one line of JSON, cut to fit. */
static void
expectation(json_t *cmd, char *text, size_t size)
{
    json_t *e = json_object_get(cmd, "expected");
    const char *hint = json_string_value(json_object_get(cmd, "text"));
    char *dump;

    if (!e) {
        snprintf(text, size, "%s", hint ? hint : "");
        return;
    }
    dump = json_dumps(e, JSON_COMPACT);
    snprintf(text, size, "%s", dump ? dump : "?");
    free(dump);
}

bool
assert_run(struct script *s, const char *type, json_t *cmd, int line)
{
    json_t *action = json_object_get(cmd, "action");
    const char *field = json_string_value(json_object_get(action, "field"));
    char why[200] = "", came[300], want[300];

    if (!action)
        return false;
    if (!act(s, action, why, sizeof why)) {
        tally_fail(s->tally, line, "%s %s: %s", type, field ? field : "?", why);
        return true;
    }
    if (holds(s, type, cmd)) {
        s->tally->passed++;
        return true;
    }
    describe(came, sizeof came);
    expectation(cmd, want, sizeof want);
    tally_fail(s->tally, line, "%s %s: expected %s, came%s", type,
               field ? field : "?", want, came);
    return true;
}
