#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# cache.sh PITH: what is kept of a compiled program is used, and only when it is
# whole, of this program, this version and this processor. `PITH_LLVM=/none`
# takes the compiler away, so that what then works came from the cache.
set -u
pith=$(realpath "$1")
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cache=$tmp/cache/pith
# shellcheck source=tests/ok.sh
. "$(dirname "$0")/../ok.sh"

[ -e "$(dirname "$pith")/../lib/pith-llvm.so" ] || {
    echo "there is no pith-llvm.so: nothing to test"
    echo "0 passed, 0 failed, 1 skipped"
    exit 0
}

fails() { ! "$@"; }
says() { # words, command...
    words=$1
    shift
    "$@" 2>&1 | grep -q "$words"
}
compile() { "$pith" compile -o "$cache" "$tmp/$1.wasm"; }
kept() { PITH_LLVM=/none "$pith" compile -o "$cache" "$tmp/$1.wasm"; }
run() { "$pith" run --tier=llvm --cache="$cache" "$tmp/$1.wasm"; }
entry() { find "$cache" -name '*.pith' | head -n 1; }
poke() { # offset
    printf '\125\252' | dd of="$(entry)" bs=1 seek="$1" conv=notrunc 2>/dev/null
}
anew() {
    rm -rf "$cache"
    compile a >/dev/null
}
refused() { # what is kept is not used and is gone, and can be made again
    fails kept a && [ -z "$(entry)" ] && says ': compiled' compile a && kept a
}

for n in 7 8; do
    cat >"$tmp/$n.c" <<END
int main(void) {
    volatile unsigned n = 0;
    for (int i = 0; i < 1000; i++) n += $n;
    return n == $n * 1000u ? 0 : 1;
}
END
    clang-19 --target=wasm32-wasi -O2 -o "$tmp/$n.wasm" "$tmp/$n.c" || exit 1
done
mv "$tmp/7.wasm" "$tmp/a.wasm"
mv "$tmp/8.wasm" "$tmp/b.wasm"

ok "without a compiler nothing is kept" fails kept a
ok "a miss compiles" says ': compiled' compile a
ok "one file" test "$(find "$cache" -name '*.pith' | wc -l)" = 1
ok "the file is private" test "$(stat -c %a "$(entry)")" = 600
ok "the directory is private" test "$(stat -c %a "$cache")" = 700
ok "nothing is left aside" test -z "$(find "$cache" -name '*.tmp')"
ok "a hit needs no compiler" says 'was compiled already' kept a
ok "it runs" run a
ok "another program is a miss" fails kept b
ok "the program runs without a compiler" env PITH_LLVM=/none \
    "$pith" run --tier=llvm --cache="$cache" "$tmp/a.wasm"

size=$(stat -c %s "$(entry)")
for at in 0 9 45 77 105 113 129 $((size / 2)) $((size - 9)); do
    anew
    poke "$at"
    ok "damage at byte $at of $size" refused
    anew
    poke "$at"
    ok "... and the program runs" run a
done
for bytes in 0 1 50 135 137 $((size / 2)) $((size - 1)); do
    anew
    truncate -s "$bytes" "$(entry)"
    ok "cut to $bytes bytes" refused
done
anew
truncate -s +1 "$(entry)"
ok "a byte too long" refused
anew
mine=$(entry)
mv "$mine" "$tmp/kept"
compile b >/dev/null
cp "$(entry)" "$mine"
rm -f "$tmp/kept"
ok "another program's file under our name" fails kept a
anew
mine=$(entry)
mv "$mine" "$tmp/kept"
ln -s "$tmp/kept" "$mine"
ok "a link is not followed" fails kept a

ok "a directory that cannot be made is said" says 'could not be kept' \
    "$pith" compile -o /proc/none "$tmp/a.wasm"
ok "... and running goes on" "$pith" run --tier=llvm --eager \
    --cache=/proc/none "$tmp/a.wasm"
ok "--no-cache keeps nothing" sh -c "rm -rf '$cache';
    '$pith' run --tier=llvm --eager --no-cache '$tmp/a.wasm' &&
    [ ! -e '$cache' ]"

rm -rf "$cache"
pids=
for _ in 1 2 3 4; do
    compile a >/dev/null 2>&1 &
    pids="$pids $!"
done
ok=true
for p in $pids; do
    wait "$p" || ok=false
done
ok "four at once" $ok
ok "... leave one whole file" kept a
ok "... and nothing else" test "$(find "$cache" -type f | wc -l)" = 1

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
