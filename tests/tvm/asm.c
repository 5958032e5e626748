/* SPDX-License-Identifier: Apache-2.0 */
#include "asm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PLACES 32

struct places {
    struct {
        char name[16];
        uint32_t at;
    } row[PLACES];
    int n;
};

static _Noreturn void
wrong(const char *word)
{
    fprintf(stderr, "asm: \"%s\"?\n", word);
    abort();
}

static int
opcode(const char *word)
{
    for (int i = 0; i < 256; i++) {
        if (tvm_ops[i].name && !strcmp(tvm_ops[i].name, word))
            return i;
    }
    wrong(word);
}

static int64_t
value(const struct places *p, const char *word)
{
    static const char *const names[] = {"sp", "bp", "pc", "flags", "sys"};
    char *end;
    int64_t v;

    if (word[0] == '.') {
        for (int i = 0; i < p->n; i++) {
            if (!strcmp(p->row[i].name, word + 1))
                return p->row[i].at;
        }
        return 0; /* the first pass */
    }
    for (int i = 0; i < 5; i++) {
        if (!strcmp(names[i], word))
            return TVM_SP + i;
    }
    if (!strcmp(word, "tos"))
        return 255;
    v = strtoll(word + (word[0] == 'r'), &end, 0);
    if (*end || end == word)
        wrong(word);
    return v;
}

/* How many bytes each operand of an instruction has. */
static const char *
shape(int op, unsigned length)
{
    bool bytes = !strcmp(tvm_ops[op].name, "LOAD") ||
                 !strcmp(tvm_ops[op].name, "STORE") ||
                 !strcmp(tvm_ops[op].name, "MOV");

    switch (length) {
    case 2:
        return "\1";
    case 3:
        return bytes ? "\1\1" : "\2";
    case 5:
        return "\4";
    case 6:
        return "\1\4";
    }
    return "";
}

/* With the places of the pass before. */
static uint32_t
pass(const struct places *before, struct places *p, const char *text,
     uint8_t *out, uint32_t room)
{
    char word[32];
    uint32_t at = 0, size;
    const char *s = "";
    int n;

    p->n = 0;
    for (; sscanf(text, " %31s%n", word, &n) == 1; text += n) {
        if (at + 16 > room || p->n == PLACES)
            wrong("too long");
        if (word[strlen(word) - 1] == ':') {
            snprintf(p->row[p->n].name, sizeof p->row->name, "%.*s",
                     (int)strlen(word) - 1, word);
            p->row[p->n++].at = at;
        } else if (*s) {
            size = (uint8_t)*s++;
            tvm_put(out + at, (uint64_t)value(before, word), size);
            at += size;
        } else {
            out[at] = (uint8_t)opcode(word);
            s = shape(out[at], tvm_ops[out[at]].length);
            at++;
        }
    }
    return at;
}

uint32_t
tvm_assemble(const char *text, uint8_t *out, uint32_t room)
{
    struct places first = {.n = 0}, second;

    pass(&first, &second, text, out, room);
    return pass(&second, &first, text, out, room);
}

uint32_t
tvm_file(const char *text, const void *constants, uint32_t n, uint8_t *out,
         uint32_t room)
{
    uint32_t code = tvm_assemble(text, out + 32 + n, room - 32 - n);

    memset(out, 0, 32);
    memcpy(out, "TVM1\1", 5);
    tvm_put(out + 16, 32, 4);
    tvm_put(out + 20, n, 4);
    tvm_put(out + 24, 32 + n, 4);
    tvm_put(out + 28, code, 4);
    if (n)
        memcpy(out + 32, constants, n);
    return 32 + n + code;
}
