#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Runs usertests inside a booted Pith: run.sh PITH MKDISK OUT. The root is a
# small one in memory: the shell, our own programs, the tests. First all tests
# with the plain program, then again with the one that can fork. The host's
# /proc is mounted for them, so that they see what memory `pith` itself holds,
# unless SANITIZED is set: then that says nothing, but a report in the log is a
# failure.
# Prints the tests' lines and closes with "N passed, M failed".
set -eu
pith=$1 mkdisk=$2 out=$3
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
work=$out/user/test-root

rm -rf "$work"
mkdir -p "$work"
copy() { cp -R -P "$1/." "$work/"; }
copy "$top/image/root"
copy "$out/ports/dash/root"
copy "$out/user/root"
mkdir -p "$work/tests" "$work/bin" "$work/dev" "$work/proc" "$work/tmp" \
    "$work/mnt"
cp -p "$out/user/tests/usertests" "$out/user/tests/usertests-fork" \
    "$out/user/tests/hog" "$here/hungry.sh" "$work/tests/"
cat >"$work.tree" <<TREE
/tmp/ 1777 0 0
/root/ 700 0 0
TREE
"$mkdisk" "$work.pith" "$work" "$work.tree" >/dev/null

host=USERTESTS_HOST=/mnt/self/status
[ -z "${SANITIZED:-}" ] || host=
passed=0 failed=0
for program in usertests usertests-fork; do
    log=$out/user/$program.log
    # LLVM, once it has worked, holds some 70 MiB: not what is looked for here
    "$pith" --tier=jit --ephemeral --image "$work.pith" --mount /proc::/mnt:ro -c \
        "USERTESTS=/tests/$program $host exec /tests/$program" \
        </dev/null >"$log" 2>&1 || :
    sed "s|^ok |ok $program: |; s|^FAIL |FAIL $program: |; /^[0-9]* passed/d" \
        "$log"
    sum=$(grep -a '^[0-9]* passed, [0-9]* failed$' "$log" || :)
    if [ -z "$sum" ]; then
        echo "FAIL $program: pith ended before the tests did"
        failed=$((failed + 1))
        continue
    fi
    if grep -aqE '(Thread|Address)Sanitizer|runtime error:' "$log"; then
        echo "FAIL $program: sanitizer report in $log"
        failed=$((failed + 1))
    fi
    passed=$((passed + ${sum%% *}))
    sum=${sum#*, }
    failed=$((failed + ${sum%% *}))
done

# The same children on a host that has no time for this process again and again,
# in the middle of anything.
often() {
    "$pith" --tier=jit --ephemeral --image "$work.pith" -c \
        "exec /tests/usertests-fork $(yes killed_at_once | head -n 20 | tr '\n' ' ')" \
        </dev/null >"$work.log" 2>&1 &
    id=$!
    while kill -STOP $id 2>/dev/null; do
        sleep 0.02
        kill -CONT $id 2>/dev/null || :
        sleep 0.003
    done
    wait $id
}
if [ -z "${SANITIZED:-}" ]; then
    if often; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL children go first, on a host that stops now and then"
        tail -n 3 "$work.log"
    fi
fi

# Programs that want all memory there is: of 64 MB, which they may have together.
# Where a machine is so busy that 3 seconds are not enough to get it, longer.
hungry() { # WAY SECONDS
    "$pith" --memory 64M --ephemeral --image "$work.pith" -c \
        "exec /bin/sh /tests/hungry.sh /tests/hog $1 40 $2" \
        </dev/null >"$log" 2>&1 &&
        grep -qx "the shell goes on" "$log" && ! grep -q "starts" "$log"
}
for way in grow map files pipes bomb; do
    log=$out/user/hungry-$way.log refused=false
    for seconds in 3 20 60; do
        hungry $way $seconds || break
        if grep -q "^refused: " "$log"; then
            refused=true
            break
        fi
    done
    if $refused; then
        passed=$((passed + 1))
        echo "ok six programs that want all memory: $way"
    else
        failed=$((failed + 1))
        echo "FAIL six programs that want all memory: $way, $seconds s:"
        cat "$log"
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
