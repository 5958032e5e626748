/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Embedding, whole: load the module named on the command line, give it one
 * function of ours, call one of its own.
 *
 *   make && ./hello hello.wasm
 *
 * hello_guest.c is what runs inside.
 */
#include <stdio.h>
#include <stdlib.h>

#include <wasm.h>

static wasm_memory_t *memory; /* the guest's */

/* env.print(pointer, length): the guest's text, checked and printed. */
static wasm_trap_t *
print(void *env, const wasm_val_vec_t *args, wasm_val_vec_t *results)
{
    size_t at = (uint32_t)args->data[0].of.i32;
    size_t n = (uint32_t)args->data[1].of.i32;
    size_t size = wasm_memory_data_size(memory);

    (void)results;
    if (at > size || n > size - at) {
        wasm_message_t text;
        wasm_trap_t *trap;

        wasm_name_new_from_string_nt(&text, "print: not in memory");
        trap = wasm_trap_new(env, &text);
        wasm_name_delete(&text);
        return trap;
    }
    fwrite(wasm_memory_data(memory) + at, 1, n, stdout);
    return NULL;
}

static wasm_module_t *
load(wasm_store_t *store, const char *path)
{
    FILE *f = fopen(path, "rb");
    wasm_byte_vec_t bytes;
    wasm_module_t *module;
    long size;

    if (!f || fseek(f, 0, SEEK_END) || (size = ftell(f)) < 0) {
        perror(path);
        exit(1);
    }
    rewind(f);
    wasm_byte_vec_new_uninitialized(&bytes, (size_t)size);
    if (fread(bytes.data, 1, bytes.size, f) != bytes.size) {
        perror(path);
        exit(1);
    }
    fclose(f);
    module = wasm_module_new(store, &bytes);
    wasm_byte_vec_delete(&bytes);
    return module;
}

static void
complain(const char *what, wasm_trap_t *trap)
{
    wasm_message_t text;

    wasm_trap_message(trap, &text);
    fprintf(stderr, "%s: %s\n", what, text.data);
    wasm_name_delete(&text);
    wasm_trap_delete(trap);
}

/* Exports come in the module's order; this guest has two. */
static int
greet(const wasm_extern_vec_t *exports)
{
    wasm_val_t times = WASM_I32_VAL(3), sum = WASM_INIT_VAL;
    wasm_val_vec_t args = {1, &times}, results = {1, &sum};
    wasm_func_t *func = NULL;
    wasm_trap_t *trap;

    for (size_t i = 0; i < exports->size; i++) {
        if (wasm_extern_as_memory(exports->data[i]))
            memory = wasm_extern_as_memory(exports->data[i]);
        if (wasm_extern_as_func(exports->data[i]))
            func = wasm_extern_as_func(exports->data[i]);
    }
    if (!memory || !func) {
        fprintf(stderr, "hello: the module exports no memory or function\n");
        return 1;
    }
    trap = wasm_func_call(func, &args, &results);
    if (trap) {
        complain("greet", trap);
        return 1;
    }
    printf("it printed %d bytes\n", (int)sum.of.i32);
    return 0;
}

int
main(int argc, char **argv)
{
    wasm_engine_t *engine = wasm_engine_new();
    wasm_store_t *store = wasm_store_new(engine);
    wasm_module_t *module = load(store, argc > 1 ? argv[1] : "hello.wasm");
    wasm_functype_t *type =
        wasm_functype_new_2_0(wasm_valtype_new_i32(), wasm_valtype_new_i32());
    wasm_func_t *func = wasm_func_new_with_env(store, type, print, store, NULL);
    wasm_extern_t *list[] = {wasm_func_as_extern(func)};
    wasm_extern_vec_t imports = WASM_ARRAY_VEC(list), exports;
    wasm_instance_t *instance = NULL;
    wasm_trap_t *trap = NULL;
    int code = 1;

    if (!module)
        fprintf(stderr, "hello: not a WebAssembly module\n");
    else
        instance = wasm_instance_new(store, module, &imports, &trap);
    if (trap)
        complain("linking", trap);
    if (instance) {
        wasm_instance_exports(instance, &exports);
        code = greet(&exports);
        wasm_extern_vec_delete(&exports);
    }
    wasm_functype_delete(type);
    wasm_func_delete(func);
    wasm_instance_delete(instance);
    wasm_module_delete(module);
    wasm_store_delete(store);
    wasm_engine_delete(engine);
    return code;
}
