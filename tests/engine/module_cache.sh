#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# module_cache.sh PITH: what is known of a large module is used when it is about
# this very file, and only then. A hit leaves the entry's file as it is but for
# its times; a miss writes another one.
set -u
pith=$1
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
cache=$tmp/cache/pith
# shellcheck source=tests/ok.sh
. "$(dirname "$0")/../ok.sh"

fails() { ! "$@"; }
run() { "$pith" run --cache="$cache" "$tmp/$1.wasm"; }
entry() { find "$cache" -name "module-*.pith" 2>/dev/null | head -n 1; }
ino() { stat -c %i "$(entry)"; }
poke() { # file offset
    printf '\125\252' | dd of="$1" bs=1 seek="$2" conv=notrunc 2>/dev/null
}
hit() { # the program runs, and the entry stays the file it is
    before=$(ino) && run a && [ "$(ino)" = "$before" ]
}
missed() { # it runs, and what was kept is replaced by what is right
    before=$(ino) && ln "$(entry)" "$tmp/held" && run a &&
        [ "$(ino)" != "$before" ]
    r=$?
    rm -f "$tmp/held"
    return $r
}

awk 'BEGIN {
    print "static volatile int n;"
    for (i = 0; i < 6000; i++) {
        printf "__attribute__((noinline)) int f%d(int x) {", i
        printf " for (n = 0; n < 2; n++) x = x * %d + n; return x; }\n", i * 7 + 3
    }
    print "typedef int fn(int); fn *const volatile all[] = {"
    for (i = 0; i < 6000; i++) printf "f%d,", i
    print "};"
    print "int main(void) { int x = 1;"
    print "for (int i = 0; i < 6000; i += 50) x = all[i](x);"
    print "return x == 0; }"
}' >"$tmp/a.c"
clang-19 --target=wasm32-wasi -O1 -g0 -o "$tmp/a.wasm" "$tmp/a.c" || exit 1
size=$(stat -c %s "$tmp/a.wasm")
ok "the module is a large one ($size)" test "$size" -gt 540000

# Just now: less than two seconds ago, also when it has run.
ok=false
for _ in 1 2 3 4 5 6 7 8 9 10; do
    rm -rf "$cache"
    from=$(now_ms)
    touch "$tmp/a.wasm"
    if run a; then ok=true; else ok=false; break; fi
    [ $(($(now_ms) - from)) -ge 2000 ] || break
done
ok "a file changed just now runs" $ok
ok "... and nothing is kept of it" test -z "$(entry)"
sleep 3
ok "one that settled runs" run a
ok "... and is kept" test -n "$(entry)"
ok "the file is private" test "$(stat -c %a "$(entry)")" = 600
ok "a hit runs" hit
ok "so it does interpreted" "$pith" run --tier=interp --cache="$cache" \
    "$tmp/a.wasm"
ok "and compiled at once" "$pith" run --tier=jit --eager --cache="$cache" \
    "$tmp/a.wasm"

kept=$(stat -c %s "$(entry)")
for at in 0 9 45 77 105 113 129 177 185 $((kept / 2)) $((kept - 9)); do
    poke "$(entry)" "$at"
    ok "damage at byte $at of $kept" missed
    ok "... made good" hit
done
for bytes in 0 1 50 127 129 190 $((kept / 2)) $((kept - 1)); do
    truncate -s "$bytes" "$(entry)"
    ok "cut to $bytes bytes" missed
done
truncate -s +1 "$(entry)"
ok "a byte too long" missed

# Another content of the same length, with the same time of modification: a
# body that is not valid is found, whatever is known of the file it was.
cp -p "$tmp/a.wasm" "$tmp/good.wasm"
for at in $((size / 4)) $((size / 3)) $((size / 2)); do
    printf '\377\377\377\377\377\377' |
        dd of="$tmp/a.wasm" bs=1 seek="$at" conv=notrunc 2>/dev/null
done
touch -r "$tmp/good.wasm" "$tmp/a.wasm"
ok "an invalid file in its place is refused" fails run a
mv "$tmp/good.wasm" "$tmp/a.wasm"
ok "the good one again runs" run a

rm -rf "$cache"
ok "--no-cache keeps nothing" sh -c "'$pith' run --no-cache '$tmp/a.wasm' &&
    [ ! -e '$cache' ]"
ok "a directory that cannot be made is no error" "$pith" run \
    --cache=/proc/none "$tmp/a.wasm"
sleep 3
pids=
for _ in 1 2 3 4; do
    run a >/dev/null 2>&1 &
    pids="$pids $!"
done
ok=true
for p in $pids; do
    wait "$p" || ok=false
done
ok "four at once" $ok
ok "... leave one whole file" hit
ok "... and nothing else" test "$(find "$cache" -type f | wc -l)" = 1

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
