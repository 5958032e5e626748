#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Tests of toybox's commands, run inside Pith: toybox.sh OUT [COMMAND...]
#
# One boot a command, so that a test which hangs or ends the system costs only
# that command. The tests are toybox's own (tests/*.test in its source, which
# the port unpacked), and ours for commands that have none (toybox.tests). A
# command passes when all its tests do but those that toybox.expect excuses,
# each with its reason; an excused test that passes is an error too, so that
# the list can only shrink. Logs: OUT/test/toybox/COMMAND.log.
set -u
export LC_ALL=C

out=$(cd "$1" && pwd)
shift
here=$(cd "$(dirname "$0")" && pwd)
suite=$out/ports/toybox/src
results=$out/test/toybox
limit=${PITH_TEST_SECONDS:-120}
jobs=${PITH_TEST_JOBS:-2}

[ -d "$suite/tests" ] || {
    echo "toybox.sh: $suite/tests is missing; make port-toybox" >&2
    exit 1
}

# toybox.sh OUT --one COMMAND: what the loop at the end runs for each.
if [ "${1:-}" = --one ]; then
    c=$2
    log=$results/$c.log
    [ -x "$suite/tests/$c.test" ] || grep -qFx "== $c" "$here/toybox.tests" ||
        { echo "$c: 0 0 0 0" >"$results/$c.result"; exit 0; }
    timeout -k 5 "$limit" "$out/bin/pith" ${TIER:+--tier="$TIER"} --ephemeral \
        --mount "$suite::/suite:ro" --mount "$here::/ours:ro" \
        -c "bash /ours/guest.sh '$c'" </dev/null >"$log" 2>&1
    code=$?
    [ $code != 124 ] || echo "FAIL: $c takes over $limit seconds" >>"$log"
    grep -a -qx DONE "$log" || echo "FAIL: $c does not end (code $code)" >>"$log"
    awk -v cmd="$c" '
    FNR == NR {
        i = index($0, " # ")
        if ($0 ~ /^\? /) may[substr($0, 3, i - 3)] = 1
        else if ($0 !~ /^#/ && i) excused[substr($0, 1, i - 1)] = 1
        next
    }
    /^PASS: / { name = substr($0, 7); passed++
        if (name in excused) { print cmd ": now passes: " name; wrong++ } }
    /^FAIL: / { name = substr($0, 7)
        if (name in excused || name in may) known++
        else { print cmd ": fails: " name; wrong++ } }
    /^SKIP: / { skipped++ }
    END {
        printf "%s: %d %d %d %d\n", cmd, passed, wrong, known, skipped \
            >"/dev/stderr"
    }' "$here/toybox.expect" "$log" 2>"$results/$c.result"
    exit 0
fi

rm -rf "$results"
mkdir -p "$results"
if [ $# -eq 0 ]; then
    set -- toybox $(cd "$out/ports/toybox/root" && find . -type l |
        sed 's|.*/||' | sort -u)
fi
printf '%s\n' "$@" | xargs -P "$jobs" -n 1 "$0" "$out" --one
# A command none of whose tests applied here counts as skipped.
cat "$results"/*.result "$results"/.*.result 2>/dev/null | awk '
    { cases += $2; excused += $4 }
    $3 > 0 { failed++; next }
    $2 > 0 { passed++; next }
    { skipped++; none = none " " substr($1, 1, length($1) - 1) }
    END {
        if (none != "") print "no tests ran for:" none
        printf "toybox: %d cases passed, %d excused; commands:\n", cases, excused
        printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
        exit failed > 0
    }'
