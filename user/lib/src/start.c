/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the kernel to main. Arguments and environment come from args_get and
 * env_get as NUL-terminated strings back to back; the calls return the size
 * they need, so a short buffer is asked for again with room.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pith.h"
#include "pthread_impl.h"
#include "libc.h"

int __main_void(void);
void __wasm_call_ctors(void);
void __pith_enter(void (*fn)(void));
extern char *__progname, *__progname_full;

_Alignas(16) char __pith_thread[sizeof(struct pthread)];

static int main_argc;
static char **main_argv;

static char *
fetch(int32_t (*get)(const volatile void *, int32_t), size_t *size)
{
    size_t room = 1024;
    for (;;) {
        char *text = malloc(room);
        int32_t need;
        if (!text)
            return 0;
        need = get(text, (int32_t)room);
        if (need < 0)
            need = 0;
        if ((size_t)need <= room) {
            *size = (size_t)need;
            return text;
        }
        free(text);
        room = (size_t)need;
    }
}

/* Strings in text[size] to a NULL-terminated vector. */
static char **
vector(char *text, size_t size, int *count)
{
    size_t n = 0;
    char **v;
    for (size_t i = 0; i < size; i++)
        n += text[i] == '\0';
    v = malloc((n + 1) * sizeof *v);
    if (!v)
        abort();
    *count = 0;
    for (size_t i = 0; i < size; i += strlen(text + i) + 1)
        v[(*count)++] = text + i;
    v[*count] = 0;
    return v;
}

/* The call that int main(void) and int main(int, char **) both offer: clang
 * emits this name for the former; the latter is reached through it. */
int __main_argc_argv(int, char **);
__attribute__((__weak__)) int
__main_void(void)
{
    return __main_argc_argv(main_argc, main_argv);
}

static void
run(void)
{
    exit(__main_void());
}

static size_t no_auxv[2];

void
__pith_start(void)
{
    struct pthread *self = (struct pthread *)__pith_thread;
    size_t size = 0;
    int n;
    char *text;
    self->self = self->next = self->prev = self;
    self->detach_state = DT_JOINABLE;
    self->locale = &libc.global_locale;
    self->robust_list.head = &self->robust_list.head;
    libc.auxv = no_auxv;
    libc.page_size = PAGE_SIZE;
    text = fetch(pith_env_get, &size);
    __environ = vector(text, size, &n);
    text = fetch(pith_args_get, &size);
    main_argv = vector(text, size, &main_argc);
    __progname = __progname_full = main_argc ? main_argv[0] : (char *)"";
    for (char *p = __progname_full; *p; p++)
        if (*p == '/')
            __progname = p + 1;
    __wasm_call_ctors();
    __pith_enter(run);
}
