#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# A developer's tools as one meets them: tools.sh PITH PROGRAMS IMAGE
#
# Backtraces with source positions, profiles, coredumps, disassembly. PITH is
# the program under test, PROGRAMS the directory of what tools.mk builds, IMAGE
# the root image (without it, booting is skipped). Prints each failure, then
# `N passed, N failed, N skipped`.
set -u
pith=$1
w=$2
image=$3
here=$(cd "$(dirname "$0")" && pwd)
tmp=$(mktemp -d "${TMPDIR:-/tmp}/pith-tools.XXXXXX") || exit 1
trap 'rm -rf "$tmp"' EXIT
passed=0 failed=0 skipped=0

# shellcheck source=tests/ok.sh
. "$(dirname "$0")/../ok.sh"

# t NAME CODE OUT ERR COMMAND...: exit code, and patterns (case's) that all of
# standard output and error must match; - is "anything".
t() {
    name=$1 code=$2 out=$3 err=$4
    shift 4
    "$@" >"$tmp/out" 2>"$tmp/err" </dev/null
    got=$?
    ok "$name: code $got" [ "$got" = "$code" ]
    ok "$name: out: $(head -c 400 "$tmp/out")" like "$out" "$tmp/out"
    ok "$name: err: $(head -c 800 "$tmp/err")" like "$err" "$tmp/err"
}

like() { # PATTERN FILE
    [ "$1" = - ] && return 0
    # shellcheck disable=SC2254
    case $(cat "$2") in
    $1) return 0 ;;
    *) return 1 ;;
    esac
}

# --- where a trap was
for v in 4 5; do
    t "DWARF $v" 134 - '*#0  element at *where.h:5, inlined in
        sum at *where.c:11 (0x*)
    #1  main at *where.c:19 (0x*)
    #2  *' "$pith" run "$w/where$v.wasm"
    ok "DWARF $v: once each" [ "$(grep -c where "$tmp/err")" = 3 ]
done
t 'no DWARF' 134 - '*#0  deeper at 0x60
    #1  outer at 0x9d' "$pith" run "$here/core.wasm"

# --- coredumps (values are known where they were interpreted)
t 'core: run' 134 '' '*trap:*coredump written*pith inspect*' \
    "$pith" run --tier=interp --coredump "$tmp/core" "$here/core.wasm"
t 'core: stack' 0 '*a coredump*process *core.wasm*thread main
    #0  deeper (function 0 + 0x1c)
        locals: i32:-3 f32:0.5 i32:42
        stack: i32:82 i32:38 i32:-4 i32:0
    #1  outer (function 1 + 0x37)
        locals: ? ? i64:-123456789012345 f64:0.25
        stack: i32:11 i64:-123456789012345 f64:2.5
memory 0: 40 pages
memory 1: 3 pages
data: 3 segments, 12288 bytes' '' "$pith" inspect "$tmp/core"
ok 'core: little of little' [ "$(wc -c <"$tmp/core")" -lt 13000 ]
for text in low high far; do
    ok "core: memory has $text" grep -q "$text" "$tmp/core"
done
t 'core: source position' 134 - - \
    "$pith" run --tier=interp --coredump="$tmp/core2" "$w/where5.wasm"
t 'core: source position' 0 '*#0  sum at *where.h:5 (*locals: i32:*' '' \
    "$pith" inspect "$tmp/core2"
ok 'core: valid to others' node -e "process.exit(WebAssembly.validate(
    require('fs').readFileSync('$tmp/core2')) ? 0 : 1)"
head -c 100 "$tmp/core2" >"$tmp/cut"
t 'core: cut off' 126 '' '*truncated*' "$pith" inspect "$tmp/cut"
t 'core: no trap, no file' 0 done '' \
    "$pith" run --coredump "$tmp/none" "$w/busy.wasm"
ok 'core: no trap, no file' [ ! -e "$tmp/none" ]
ok 'core: for nobody else' [ "$(stat -c %a "$tmp/core")" = 600 ]
echo old >"$tmp/old"
t 'core: no trap, an old file' 0 done '' \
    "$pith" run --coredump "$tmp/old" "$w/busy.wasm"
ok 'core: no trap, an old file' [ "$(cat "$tmp/old")" = old ]
head -c 100000 /dev/zero >"$tmp/old"
t 'core: over an old file' 134 - - \
    "$pith" run --tier=interp --coredump "$tmp/old" "$here/core.wasm"
ok 'core: over an old file' cmp "$tmp/core" "$tmp/old"
t 'core: no room' 134 '' '*/dev/full: it could not be written*' \
    "$pith" run --coredump /dev/full "$here/core.wasm"
t 'core: nowhere' 126 '' '*--coredump=/none/core: cannot write*' \
    "$pith" run --coredump=/none/core "$w/busy.wasm"
t 'core: no value' 2 '' '*--coredump needs a value*' "$pith" run --coredump

# --- profiles
share() { # PATTERN: its part of all samples in percent
    awk -v p="$1" '{ all += $NF } $0 ~ p { n += $NF }
        END { printf "%d\n", all ? 100 * n / all : 0 }' "$tmp/p.svg.folded"
}
t 'profile' 0 done '*samples in *p.svg and *p.svg.folded' \
    "$pith" run --profile="$tmp/p.svg" "$w/busy.wasm"
ok "profile: heavy $(share ';heavy;work ')%, light $(share ';light;work ')%" \
    [ "$(share ';heavy;work ')" -gt "$(share ';light;work ')" ]
ok 'profile: most is work' [ "$(share ';work ')" -gt 40 ]
ok "profile: $(share 'fd_write] ')% in the host" \
    [ "$(share ';calls;.*[[]fd_write] ')" -gt 0 ]
ok 'profile: whose it is' \
    [ "$(share '^busy.wasm;_start')" = 100 ]
t 'profile: nowhere' 126 '' '*--profile=/none/p.svg: cannot write*' \
    "$pith" run --profile=/none/p.svg "$w/busy.wasm"
t 'profile: no name' 2 '' '*--profile=app.svg*' \
    "$pith" run --profile= "$w/busy.wasm"
if [ -f "$image" ]; then
    t 'profile: a system' 0 '5000*' '*samples in*' \
        "$pith" --ephemeral --image "$image" --profile="$tmp/p.svg" -c \
        'i=0; while [ $i -lt 5000 ]; do i=$((i+1)); done; echo $i; ls /bin |
        sort >/dev/null'
    ok 'profile: a system has processes' [ "$(share '^sh;_start;')" -gt 10 ]
else
    skipped=$((skipped + 1))
fi

# --- flame graphs: the same samples, the same bytes, whatever their order
"$w/flame" "$tmp/1.svg" "$tmp/1.folded" <"$here/stacks.txt"
sort -r "$here/stacks.txt" | "$w/flame" "$tmp/2.svg" "$tmp/2.folded"
ok 'flame: folded' cmp "$here/stacks.folded" "$tmp/1.folded"
ok 'flame: order does not matter' cmp "$tmp/1.svg" "$tmp/2.svg"
ok 'flame: order does not matter, folded' cmp "$tmp/1.folded" "$tmp/2.folded"
ok 'flame: names are escaped' \
    grep -q '<title>operator&lt;&lt;&quot;&amp;&gt; (20 samples, 47.62%)' \
    "$tmp/1.svg"
ok 'flame: what is no text is not' grep -q '<title>bad?byte (2' "$tmp/1.svg"
ok 'flame: one b, though b(x) comes between' \
    [ "$(grep -c '<title>b (10 samples' "$tmp/1.svg")" = 1 ]
ok 'flame: zoom' node "$here/zoom.mjs" "$tmp/1.svg"

# --- perf's map: 1000 lines from two threads, none torn
"$w/flame" --perf-map "$here/disasm/gc.wasm" >"$tmp/map"
ok 'perf map: lines' \
    [ "$(grep -cE '^[0-9a-f]+ 10 app.wasm:two\?lines$' "$tmp/map")" = 1000 ]
ok 'perf map: compiled code' grep -qE '^[0-9a-f]+ 40 wasm:id$' "$tmp/map"
ok 'perf map: nothing else' [ "$(wc -l <"$tmp/map")" = 1001 ]
# shellcheck disable=SC2016
t 'perf map: option' 0 done '' sh -c 'echo $$ >"$1/pid"; exec "$0" run \
    --perf-map "$2"' "$pith" "$tmp" "$w/busy.wasm"
ok 'perf map: there' rm "/tmp/perf-$(cat "$tmp/pid").map"

# --- disassembly
for f in basic more gc; do
    t "disasm $f" 0 - '' "$pith" inspect --disasm "$here/disasm/$f.wasm"
    ok "disasm $f" diff "$here/disasm/$f.txt" "$tmp/out"
done
t 'disasm: one' 0 'func 1 $add (param i32 i32) (result i32)
*i32.add
* end' '' "$pith" inspect --disasm --func add "$here/disasm/basic.wasm"
t 'disasm: by number' 0 'func 3 $odd&name
*unreachable*' '' "$pith" inspect --disasm --func 3 "$here/disasm/basic.wasm"
t 'disasm: no such' 127 '' '*no function frob*' \
    "$pith" inspect --disasm --func frob "$here/disasm/basic.wasm"
t 'ir' 0 'func 1 add:*enter*i32_add*ret*' '' \
    "$pith" inspect --ir --func add "$here/disasm/basic.wasm"
t 'ir: imported' 126 '' '*imported*' \
    "$pith" inspect --ir --func log "$here/disasm/basic.wasm"
t 'both' 2 '' '*one at a time*' "$pith" inspect --ir --disasm x
t 'func alone' 2 '' '*--func*' "$pith" inspect --func f x
t 'two files' 2 '' '*one file*' "$pith" inspect a b
t 'bad option' 2 '' '*no option of inspect*' "$pith" inspect --frob x

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
