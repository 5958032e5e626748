/* SPDX-License-Identifier: Apache-2.0 */
/* What the engine's tests run: freestanding C, compiled to wasm by engine.mk. */
#define EXPORT(name) __attribute__((export_name(#name)))
#define IMPORT(name) __attribute__((import_module("host"), import_name(#name)))

IMPORT(callback) int callback(int);
IMPORT(leave) void leave(int);

static int memory_cell = 7;
static int counter;

EXPORT(add) int
add(int a, int b)
{
    return a + b;
}

EXPORT(spin) void
spin(void)
{
    for (volatile int i = 0;; i++)
        ;
}

EXPORT(count_to) int
count_to(int n)
{
    volatile int *k = &counter;

    *k = 0;
#pragma clang loop unroll(disable)
    for (int i = 0; i < n; i++)
        ++*k;
    return *k;
}

__attribute__((noinline)) static int
inner(int address)
{
    return *(volatile int *)address;
}

__attribute__((noinline)) static int
middle(int address)
{
    return inner(address) + 1;
}

EXPORT(peek) int
peek(int address)
{
    return middle(address) + 1;
}

EXPORT(deep) int
deep(int n)
{
    return n ? deep(n - 1) * 3 ^ n : 0; /* not a loop in disguise */
}

/* To the host and back, n times nested. */
EXPORT(nest) int
nest(int n)
{
    return n ? callback(n - 1) + 1 : 0;
}

EXPORT(bump) int
bump(void)
{
    memory_cell++;
    return ++counter;
}

EXPORT(cell) int
cell(void)
{
    return memory_cell;
}

static int
twice(int x)
{
    return 2 * x;
}

static int
thrice(int x)
{
    return 3 * x;
}

static int (*volatile table[])(int) = {twice, thrice, callback};

EXPORT(indirect) int
indirect(int i, int x)
{
    return table[i](x);
}

EXPORT(set_indirect) void
set_indirect(int i, int j)
{
    table[i] = table[j];
}

EXPORT(grow) int
grow(int pages)
{
    return (int)__builtin_wasm_memory_grow(0, (unsigned)pages);
}

EXPORT(exit_through) void
exit_through(int n)
{
    leave(n);
    __builtin_trap();
}

EXPORT(unreachable) void
unreachable(void)
{
    __builtin_trap();
}

static int
seven(void)
{
    return 7;
}

/* Begins with an indirect call: what is polled at its entry must come back to
 * the call. */
__attribute__((noinline)) static int
apply(int (*f)(void))
{
    return f();
}

EXPORT(apply_many) int
apply_many(int n)
{
    int (*volatile f)(void) = seven;
    int wrong = 0;

    for (int i = 0; i < n; i++)
        wrong += apply(f) != 7;
    return wrong;
}
