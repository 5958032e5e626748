#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The command line as a user meets it: cli.sh PITH PROGRAMS
#
# PITH is the program under test, PROGRAMS the directory of compiled test
# programs. Prints each failure, then `N passed, N failed`.
set -u
pith=$1
w=$2
tmp=$(mktemp -d "${TMPDIR:-/tmp}/pith-cli.XXXXXX") || exit 1
trap 'rm -rf "$tmp"' EXIT
passed=0
failed=0

# t NAME CODE OUT ERR COMMAND...: exit code, and patterns (case's) that all of
# standard output and error must match; - is "anything".
t() {
    name=$1 code=$2 out=$3 err=$4
    shift 4
    "$@" >"$tmp/out" 2>"$tmp/err" </dev/null
    got=$?
    verdict "$name" "$got" "$code" "$out" "$err"
}

matches() { # TEXT PATTERN
    [ "$2" = - ] && return 0
    # shellcheck disable=SC2254
    case $1 in
    $2) return 0 ;;
    *) return 1 ;;
    esac
}

verdict() {
    why=
    [ "$2" = "$3" ] || why="exit code $2, not $3"
    matches "$(cat "$tmp/out")" "$4" || why="$why; stdout: $(head -c 300 "$tmp/out")"
    matches "$(cat "$tmp/err")" "$5" || why="$why; stderr: $(head -c 600 "$tmp/err")"
    if [ -z "$why" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL $1: $why"
    fi
}

ok() { # NAME CONDITION...
    name=$1
    shift
    if "$@"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL $name"
    fi
}

# --- talking to people
t help 0 '*pith run*' '' "$pith" --help
t 'help run' 0 '*--dir*--cap*--timeout*' '' "$pith" help run
t 'run --help' 0 '*--dir*' '' "$pith" run --help
t 'help exit' 0 '*124*126*127*134*' '' "$pith" help exit
t 'help on nothing' 2 '*pith run*' '*no help on frob*' "$pith" help frob
t version 0 'pith [0-9]*' '' "$pith" --version
t 'no command' 2 '' '*no command*--help*' "$pith" frobnicate
t 'a file as command' 2 '' '*pith run x.wasm*' "$pith" x.wasm
t 'bad option' 2 '' '*no option*' "$pith" run --frob x.wasm
t 'run what' 2 '' '*run what*' "$pith" run
t 'bad memory' 2 '' '*64M*' "$pith" run --max-memory lots x
t 'bad fuel' 2 '' '*--fuel*' "$pith" run --fuel 12x x
t 'bad time' 2 '' '*seconds*' "$pith" run --timeout -1 x
t 'bad cap' 2 '' '*no such capability*' "$pith" run --cap fly x
t 'cap fs' 2 '' '*--dir*' "$pith" run --cap fs x
t 'bad env' 2 '' '*NAME=VALUE*' "$pith" run --env =x x
t 'missing value' 2 '' '*needs a value*' "$pith" run --dir

# --- running
t hello 0 hello '' "$pith" run "$w/hello.wasm"
t 'a directory that is none' 126 '' '*no such directory*' \
    "$pith" run --dir /none "$w/hello.wasm"
t arguments 0 '<a b]
>
<--dir>
<>
{K=V w}' '' "$pith" run --env 'K=V w' "$w/args.wasm" 'a b]
' --dir ''
t 'arguments are the program'"'"'s' 0 '<a>
<--trace>' '' "$pith" run "$w/args.wasm" a --trace
t 'env passed on' 0 '{PITH_TEST=yes}' '' env PITH_TEST=yes \
    "$pith" run --env PITH_TEST --env PITH_UNSET "$w/args.wasm"
t 'no env by itself' 0 '' '' env PITH_TEST=yes "$pith" run "$w/args.wasm"
for n in 0 1 42 125 255; do
    t "exit code $n" $n '' '' "$pith" run "$w/exit.wasm" $n
done
# a device that seeks
t 'seek in /dev/null' 0 '' '' sh -c "'$pith' run '$w/seek.wasm' >/dev/null"
t 'isatty: no' 0 'tty 0 0 0' '' "$pith" run "$w/isatty.wasm"
printf 'over the pipe' | "$pith" run "$w/cat.wasm" >"$tmp/out" 2>"$tmp/err"
verdict 'standard input' $? 0 'over the pipe' ''

# --- ends
t trap 134 '' '*trap: unreachable*#0*inner*#1*middle*' \
    "$pith" run "$w/trap.wasm"
t 'trap: division' 134 '' '*trap: integer divide by zero*inner*' \
    "$pith" run "$w/trap.wasm" div
t 'trap: memory' 134 '' '*trap: out of bounds memory access*inner*' \
    "$pith" run "$w/trap.wasm" memory
t 'trap: stack' 134 '' '*trap: *stack*inner*' "$pith" run "$w/trap.wasm" stack
# (on a busy machine a second may be over before the program says a word)
for prog in loop sleep; do
    for limit in 1 10 100; do
        "$pith" run --timeout $limit "$w/$prog.wasm" >"$tmp/out" 2>"$tmp/err"
        got=$?
        [ ! -s "$tmp/out" ] || break
    done
    verdict "out of time: $prog" $got 124 running '*time*'
done
t 'out of fuel' 124 '*' '*fuel*' "$pith" run --fuel 100K "$w/loop.wasm"
t 'enough fuel' 0 hello '' "$pith" run --fuel 100M "$w/hello.wasm"
t 'memory limit' 0 limited '' "$pith" run --max-memory 10M "$w/grow.wasm"
t 'too little memory' 126 '' '*2 pages*larger --max-memory*' \
    "$pith" run --max-memory 64K "$w/hello.wasm"
t 'no memory limit' 0 unlimited '' "$pith" run "$w/grow.wasm"
t stats 0 hello '*time:*memory:*system calls:*' \
    "$pith" run --stats "$w/hello.wasm"
t deterministic 0 '910a2dec89025cc1 7ff8000000000000' '' \
    "$pith" run --deterministic --cap random "$w/chance.wasm"
t trace 0 hello '*fd_write(1, *) = 0*' "$pith" run --trace "$w/hello.wasm"

for s in INT:130 TERM:143 HUP:129; do
    for prog in loop sleep; do
        : >"$tmp/out" # or the last one's `running` is seen before it runs
        "$pith" run "$w/$prog.wasm" >"$tmp/out" 2>"$tmp/err" &
        pid=$!
        i=0
        while [ $i -lt 1200 ] && ! grep -q running "$tmp/out"; do
            sleep 0.05
            i=$((i + 1))
        done
        kill -s "${s%:*}" $pid
        wait $pid
        verdict "SIG${s%:*} to $prog" $? "${s#*:}" running ''
    done
done
("$pith" run "$w/yes.wasm" 2>"$tmp/err"; echo $? >"$tmp/code") | head -n 1 >"$tmp/out"
verdict 'broken pipe' "$(cat "$tmp/code")" 141 y ''

# --- grants
t 'not granted' 126 '' '*time*random*--cap time,random*' \
    "$pith" run "$w/clock.wasm"
t 'one granted' 126 '' '*random*--cap random*' \
    "$pith" run --cap time "$w/clock.wasm"
t granted 0 'time and random' '' "$pith" run --cap time,random "$w/clock.wasm"
t 'all granted' 0 'time and random' '' "$pith" run --cap all "$w/clock.wasm"
mkdir "$tmp/d" "$tmp/other"
echo inside >"$tmp/d/file"
echo outside >"$tmp/secret"
ln -s ../secret "$tmp/d/link"
ln -s "$tmp/secret" "$tmp/d/absolute"
t 'no directory' 1 '' '*' "$pith" run "$w/cat.wasm" "$tmp/d/file"
t dir 0 inside '' "$pith" run --dir "$tmp/d" "$w/cat.wasm" "$tmp/d/file"
t 'dir, named' 0 inside '' "$pith" run --dir "$tmp/d::/data" "$w/cat.wasm" \
    /data/file
(cd "$tmp" && "$pith" run --dir d "$w/cat.wasm" d/file) >"$tmp/out" 2>"$tmp/err"
verdict "dir, relative" $? 0 inside ""
t 'dir as root' 0 inside '' "$pith" run --dir "$tmp/d::/" "$w/cat.wasm" /file
(cd "$tmp/d" && "$pith" run --dir . "$w/cat.wasm" file) >"$tmp/out" 2>"$tmp/err"
verdict 'dir .' $? 0 inside ''
(cd "$tmp/d" && "$pith" run --dir . --dir "$tmp/other::/o" --dir ../other:ro \
    "$w/cat.wasm" file) >"$tmp/out" 2>"$tmp/err"
verdict 'dir . and others' $? 0 inside ''
t 'two dirs' 0 inside '' "$pith" run --dir "$tmp/other::/a" \
    --dir "$tmp/d::/a/b" "$w/cat.wasm" /a/b/file
t 'dir ..' 1 '' '*' "$pith" run --dir "$tmp/d::/d" "$w/cat.wasm" /d/../secret
t 'link out' 1 '' '*' "$pith" run --dir "$tmp/d::/d" "$w/cat.wasm" /d/link
t 'absolute link out' 1 '' '*' "$pith" run --dir "$tmp/d::/d" "$w/cat.wasm" \
    /d/absolute
t 'write' 0 '' '' "$pith" run --dir "$tmp/d::/d" "$w/write.wasm" /d/new text
ok 'written' [ "$(cat "$tmp/d/new")" = text ]
t 'write, read-only' 1 '' '*' "$pith" run --dir "$tmp/d::/d:ro" \
    "$w/write.wasm" /d/new2 text
ok 'not written' [ ! -e "$tmp/d/new2" ]
t 'read-only, reading' 0 inside '' "$pith" run --dir "$tmp/d::/d:ro" \
    "$w/cat.wasm" /d/file
t 'no such directory' 126 '' '*nowhere*' "$pith" run --dir "$tmp/nowhere" \
    "$w/hello.wasm"
t 'the same twice' 2 '' '*HOST::GUEST*' "$pith" run --dir "$tmp/d::/x" \
    --dir "$tmp/other::x" "$w/hello.wasm"

t 'no network' 76 '' '*s_open*76*refused net*--net*' "$pith" run "$w/sockets.wasm"
t network 0 'over the net' '' "$pith" run --net "$w/sockets.wasm"
t 'only connect' 76 '' '*s_bind*refused net listen 127.0.0.1:0*' "$pith" run \
    --net=connect:127.0.0.1:1 "$w/sockets.wasm"

# --- bad input
t 'no such file' 127 '' '*no such file*' "$pith" run "$tmp/none.wasm"
t directory 126 '' '*directory*' "$pith" run "$tmp/d"
: >"$tmp/empty.wasm"
t empty 126 '' '*empty*' "$pith" run "$tmp/empty.wasm"
for n in 4 7 8 9 100 1000 5000; do
    head -c $n "$w/hello.wasm" >"$tmp/cut.wasm"
    case $n in
    8) want='*_start*' ;; # an empty module is valid
    *) want='*truncated*' ;;
    esac
    t "truncated to $n" 126 '' "$want" "$pith" run "$tmp/cut.wasm"
done
printf '\000asm\002\000\000\000' >"$tmp/version.wasm"
t 'wrong version' 126 '' '*version*' "$pith" run "$tmp/version.wasm"
printf '\000asm\015\000\001\000' >"$tmp/component.wasm"
t component 126 '' '*component*' "$pith" run "$tmp/component.wasm"
printf '\000asm\001\000\000\000\001\004\001\140\001\002' >"$tmp/bad.wasm"
t 'wrong type' 126 '' '*bad.wasm*byte*' "$pith" run "$tmp/bad.wasm"
head -c 3000 /dev/zero >"$tmp/zero.wasm"
t zeros 126 '' '*not a WebAssembly module*' "$pith" run "$tmp/zero.wasm"
echo 'echo no magic' >"$tmp/script"
t 'script without #!' 126 '' '*without #!*' "$pith" run "$tmp/script"
printf '#!/bin/sh\n' >"$tmp/script2"
t 'script' 126 '' '*script*' "$pith" run "$tmp/script2"
t 'native program' 126 '' '*native*' "$pith" run /bin/sh
truncate -s 3G "$tmp/huge.wasm"
t huge 126 '' '*large*' "$pith" run "$tmp/huge.wasm"
rm "$tmp/huge.wasm"
(head -c 8 "$w/hello.wasm"; printf '\000\377\377\377\377\017') >"$tmp/long.wasm"
t 'section of 4 GiB' 126 '' '*truncated*' "$pith" run "$tmp/long.wasm"
t 'missing import' 126 '' '*frobnicate*env*' "$pith" run "$w/import.wasm"
t 'library' 126 '' '*_start*' "$pith" run "$w/library.wasm"
t 'a pipe as file' 126 '' '*not a regular file*' "$pith" run /dev/null
cp "$w/hello.wasm" "$tmp/unreadable.wasm"
chmod 0 "$tmp/unreadable.wasm"
[ -r "$tmp/unreadable.wasm" ] || # root reads everything
    t unreadable 126 '' '*ermission*' "$pith" run "$tmp/unreadable.wasm"
"$pith" run "$w/hello.wasm" >&- 2>"$tmp/err"
ok 'stdout closed: no crash' [ $? -lt 126 ]
if [ -e /dev/full ]; then
    "$pith" run "$w/hello.wasm" >/dev/full 2>"$tmp/err"
    ok 'disk full: the program learns' [ $? -lt 126 ]
fi

# --- inspect
t inspect 0 '*module*sections:*code*imports:*fd_write*exports:*_start*' '' \
    "$pith" inspect "$w/hello.wasm"
t 'inspect: needs' 0 '*time*random*--cap time,random*' '' \
    "$pith" inspect "$w/clock.wasm"
t 'inspect: missing import' 126 '*UNKNOWN*env.frobnicate*' '' \
    "$pith" inspect "$w/import.wasm"
t 'inspect: bad' 126 '' '*truncated*' "$pith" inspect "$tmp/cut.wasm"
t 'inspect: none' 127 '' '*no such file*' "$pith" inspect "$tmp/none.wasm"
t 'inspect what' 2 '' '*inspect what*' "$pith" inspect

# --- booting, as far as it goes without an image
t "no image" 126 "" "*image*make image*" env HOME="$tmp/home" XDG_DATA_HOME= \
    "$pith" --image "$tmp/none.pith"
t "no home" 126 "" "*HOME*--root*" env -u HOME -u XDG_DATA_HOME "$pith" -c true
t "mount without a place" 2 "" "*HOST::GUEST*" "$pith" --mount "$tmp"
ok "nothing left behind" [ ! -e "$tmp/home" ]

# --- on a terminal: it is as it was afterwards
if command -v script >/dev/null; then
    script -qec "stty -g >'$tmp/before'; '$pith' run '$w/isatty.wasm';
        '$pith' run --timeout 0.2 '$w/loop.wasm'; '$pith' run '$w/trap.wasm';
        stty -g >'$tmp/after'" /dev/null >"$tmp/out" 2>&1 </dev/null
    ok 'terminal restored' cmp -s "$tmp/before" "$tmp/after"
    ok 'isatty: yes' grep -q 'tty 1 1 1' "$tmp/out"
fi

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
