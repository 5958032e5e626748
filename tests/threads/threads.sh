#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Threads from outside: threads.sh BIN PROGRAMS
#
# BIN holds pith and pith-wasi, PROGRAMS the compiled test programs. Prints each
# failure, then `N passed, N failed`. Other people's wasi-threads programs are
# run, too, where $PITH_CONFORMANCE has them.
set -u
bin=$1
w=$2/threads.wasm
conf=${PITH_CONFORMANCE:-../shared/conformance}
tmp=$(mktemp -d "${TMPDIR:-/tmp}/pith-threads.XXXXXX") || exit 1
trap 'rm -rf "$tmp"' EXIT
passed=0
failed=0
skipped=0

# t NAME CODE PATTERN COMMAND...: its exit code, and a case pattern for what it
# says on both outputs.
t() {
    name=$1 code=$2 pattern=$3
    shift 3
    timeout 300 "$@" >"$tmp/out" 2>&1 </dev/null
    got=$?
    why=
    [ "$got" = "$code" ] || why="exit code $got, not $code"
    # shellcheck disable=SC2254
    case $(cat "$tmp/out") in
    $pattern) ;;
    *) why="$why; it says: $(head -c 500 "$tmp/out")" ;;
    esac
    if [ -z "$why" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL $name: $why"
    fi
}
run="$bin/pith run --cap time"

# shellcheck disable=SC2086 # $run is words
{
    t "a mutex holds" 0 "mutex 24000" $run "$w" mutex
    t "threads grow the memory" 0 "grow 400" $run "$w" grow
    t "two take turns" 0 "turns 20000*" $run "$w" turns
    t "many, one after the other" 0 "churn 1600" $run "$w" churn
    t "as many as may be" 0 "limit 1023*6" $run "$w" limit
    t "a storm" 0 storm $run "$w" storm
    t "an exit in a storm" 9 "" $run "$w" storm-exit
    t "waits end in time" 0 timeouts $run "$w" timeouts
    t "descriptors are shared" 0 "" $run "$w" close
    t "threads load code" 0 "code 4000" $bin/pith run --cap jit "$2/code.wasm"
    t "no shared memory, no thread" 5 "" $run "$2/alone.wasm"
    t "a trap ends all" 134 "trap: unreachable*#0*trap*wasi_thread_start*" $run "$w" trap
    t "a trap ends a busy main" 134 "trap: unreachable*" $run "$w" trap-busy
    t "a fault ends all" 134 "trap: out of bounds memory access*fault*" \
        $run "$w" fault
    t "an exit ends all" 7 "" $run "$w" exit
    t "an exit ends a busy main" 7 "" $run "$w" exit-busy
    t "an exit ends a yielding main" 7 "" $run "$w" exit-yield
    t "a thread raises a signal" 134 "" $run "$w" raise
    t "main's return ends all" 0 "" $run "$w" return
    t "a time limit" 124 "*out of time*" $run --timeout 0.3 "$w" hang
    t "one that is over while it is linked" 124 "*out of time*" \
        $run --timeout 0.001 "$w" hang
    t "a fuel limit" 124 "*out of fuel*" $run --fuel 3000000 "$w" hang
    t "a memory limit" 1 "memory.grow*" $run --max-memory 32M "$w" grow-much
    t "a signal from outside" 143 "" sh -c \
        "$run '$w' hang & sleep 0.3; kill -TERM \$!; wait \$!"
    t "a trace" 0 "*thread-spawn(0x*) = 1*" $run --trace "$w" return
}

if [ -d "$conf/wasi-threads" ]; then
    "$bin/pith-wasi" --hold-stdin "$conf/wasi-threads" >"$tmp/wasi"
    grep '^FAIL' "$tmp/wasi"
    # shellcheck disable=SC2046
    set -- $(tail -n 1 "$tmp/wasi")
    passed=$((passed + ${1:-0}))
    failed=$((failed + ${3:-1}))
else
    skipped=15
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
