#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# tierup.sh PITH: hot code is compiled while the program runs, with nothing said:
# functions that are called often, and a loop that is entered once; it is kept
# for the next start, and a program may end in the middle of it. PITH_HOT=N takes
# N microseconds for hot. PITH_LLVM=/none takes the compiler away.
set -u
pith=$(realpath "$1")
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cache=$tmp/cache
# shellcheck source=tests/ok.sh
. "$(dirname "$0")/../ok.sh"

[ -e "$(dirname "$pith")/../lib/pith-llvm.so" ] || {
    echo "there is no pith-llvm.so: nothing to test"
    echo "0 passed, 0 failed, 1 skipped"
    exit 0
}

run() { # HOT OPTIONS... FILE
    hot=$1
    shift
    PITH_HOT=$hot "$pith" run --cache="$cache" "$@"
}
same() { # WANT COMMAND...
    want=$1
    shift
    [ "$("$@")" = "$want" ]
}
kept() { # WORD: a symbol of what is kept
    grep -aqrw "$1" "$cache"
}
fuel() { # OPTIONS... FILE: units used
    "$pith" run --cache="$cache" --stats "$@" 2>&1 | grep '^fuel:'
}

# Locals of every type that live across a loop that is entered once.
cat >"$tmp/loop.c" <<'END'
#include <stdint.h>
#include <stdio.h>
static uint32_t table[1024];
int main(int argc, char **argv) {
    uint64_t sum = 1;
    uint32_t x = 12345u + (uint32_t)argc;
    double d = 0, e = 1;
    float f = 1;
    for (uint32_t i = 0; i < 1024; i++) table[i] = i * 2654435761u;
    for (int n = 0; n < ROUNDS; n++) {
        for (uint32_t i = 0; i < 1024; i++) {
            x ^= x << 13; x ^= x >> 17; x ^= x << 5;
            sum += table[(x + i) & 1023] * (uint64_t)i;
            f = f * 0.5f + (float)(x & 3);
            if (x % 97 == 0) e = e * 0.75 + (double)(int32_t)x;
        }
        d += (double)f;
        table[n & 1023] ^= (uint32_t)sum;
    }
    printf("%llu %a %a %x\n", (unsigned long long)sum, d, e, x);
    return 0;
}
END
# A function that is called often, from a loop that never ends by itself soon.
cat >"$tmp/calls.c" <<'END'
#include <stdio.h>
__attribute__((noinline)) static double step(double x, long n, float f) {
    for (int i = 0; i < 8; i++) x = x * 0.999 + (double)((n ^ i) & 7) * f;
    return x;
}
__attribute__((noinline)) static unsigned fib(unsigned n) {
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}
int main(void) {
    double x = 1;
    unsigned t = 0;
    for (long n = 0; n < ROUNDS * 300L; n++) x = step(x, n, 0.5f);
    for (unsigned n = 0; n < 29; n++) t += fib(n);
    printf("%a %u\n", x, t);
    return 0;
}
END
cc="clang-19 --target=wasm32-wasi -O2"
# (long enough for the compiler to come from a slow disk meanwhile)
for p in loop calls; do
    $cc -DROUNDS=160000 -o "$tmp/$p.wasm" "$tmp/$p.c" || exit 1
    $cc -DROUNDS=300 -o "$tmp/$p-short.wasm" "$tmp/$p.c" || exit 1
done

for p in loop calls; do
    want=$("$pith" run --tier=interp --no-cache "$tmp/$p.wasm")
    for hot in 0 500 5000; do
        rm -rf "$cache"
        ok "$p, hot after $hot us" same "$want" run $hot "$tmp/$p.wasm"
        ok "... something was compiled and kept" kept funcs
        [ $p = loop ] && ok "... a way into the loop" kept osr
        ok "... the next start" same "$want" run $hot "$tmp/$p.wasm"
        ok "... and without a compiler" env PITH_LLVM=/none \
            "$pith" run --cache="$cache" "$tmp/$p.wasm"
    done
done

rm -rf "$cache"
ok "a short program compiles nothing" same \
    "$("$pith" run --tier=interp --no-cache "$tmp/calls-short.wasm")" \
    "$pith" run --cache="$cache" "$tmp/calls-short.wasm"
ok "... and keeps nothing" test ! -e "$cache"
ok "... nor loads LLVM" sh -c "! LD_DEBUG=files '$pith' run \
    '$tmp/loop-short.wasm' 2>&1 | grep -q LLVM"

# Ends at all kinds of moments of a compilation.
want=$("$pith" run --tier=interp --no-cache "$tmp/loop-short.wasm")
ok=true
for _ in 1 2 3 4 5 6 7 8 9 10 11 12; do
    same "$want" timeout 120 env PITH_HOT=0 "$pith" run --no-cache \
        "$tmp/loop-short.wasm" || ok=false
done
ok "a program ends while something is compiled" $ok
ok "... it does not leave files" test -z "$(find "$cache" -name '*.tmp' \
    2>/dev/null)"
$cc -DROUNDS=2000000000 -o "$tmp/endless.wasm" "$tmp/loop.c" || exit 1
ok "a program that never ends is stopped" sh -c "
    PITH_HOT=0 '$pith' run --no-cache --timeout 0.3 '$tmp/endless.wasm'
    [ \$? = 124 ]"

# A program with a limit of fuel is metered by jit/, unit by unit.
rm -rf "$cache"
PITH_HOT=0 "$pith" run --cache="$cache" "$tmp/calls.wasm" >/dev/null
want=$("$pith" run --tier=jit --no-cache --fuel 4G --stats \
    "$tmp/calls-short.wasm" 2>&1 | grep '^fuel:')
rm -rf "$cache"
PITH_HOT=0 "$pith" run --cache="$cache" "$tmp/calls-short.wasm" >/dev/null
ok "fuel is counted exactly" same "$want" fuel --fuel 4G \
    "$tmp/calls-short.wasm"
ok "... with everything compiled" sh -c "'$pith' compile -o '$cache' \
    '$tmp/calls-short.wasm' >/dev/null"
ok "... too" same "$want" fuel --fuel 4G "$tmp/calls-short.wasm"
ok "... asked for or not" same "$want" fuel --tier=llvm --fuel 4G \
    "$tmp/calls-short.wasm"
ok "a deterministic run is the same each time" same "$want" \
    fuel --deterministic "$tmp/calls-short.wasm"

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
