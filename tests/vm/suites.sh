#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The system calls' own tests and WASI programs inside the machine, with the
# results that they have natively: suites.sh PITH-WASI OWN, where OWN is a directory
# of our own WASI programs; other people's are wasi-p1 of $PITH_CONFORMANCE.
# One boot runs them all: they come in, and what came of them goes out, by /data;
# pith-wasi judges it. Differences, with reasons: suites-differences.txt.
set -u
export LC_ALL=C PITH_ACCEL=tcg TERM=dumb
wasi=$1 own=$2
here=$(dirname "$0")
run=$here/../../vm/run.sh
known=$here/suites-differences.txt
theirs=${PITH_CONFORMANCE:-../shared/conformance}/wasi-p1
passed=0 failed=0 skipped=0

qemu=qemu-system-${PITH_VM_ARCH:-$(uname -m)}
command -v "$qemu" >/dev/null 2>&1 || {
    echo "skipped: there is no $qemu; try: tools/install.sh vm"
    echo "0 passed, 0 failed, 1 skipped"
    exit 0
}
tmp=$(mktemp -d "${TMPDIR:-/tmp}/pith-vm.XXXXXX") || exit 1
trap 'rm -rf "$tmp"' EXIT
data=$tmp/data
mkdir -p "$data/own" "$data/theirs"

add() { # LOG: "N passed, M failed[, K skipped]" of its last line
    counts=$(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed\(, \([0-9]*\) .*\)*$/\1 \2 0\4/p' \
        "$1" | tail -n 1)
    # shellcheck disable=SC2086
    set -- ${counts:-0 1 0}
    passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + ${3#0}0 / 10))
}

# ---- what goes in
cp "$PITH_OUT/user/tests/usertests" "$PITH_OUT/user/tests/usertests-fork" \
    "$PITH_OUT/user/tests/suite" "$data/"
"$wasi" --plan "$data/own" "$own" >"$tmp/out" || exit 1
if [ -d "$theirs" ]; then
    "$wasi" --plan "$data/theirs" "$theirs" >"$tmp/out" || exit 1
else
    echo "skipped: there is no $theirs; set PITH_CONFORMANCE"
    skipped=1 failed=${PITH_REQUIRE_CONFORMANCE:-0}
fi
cat >"$data/all.sh" <<END
cd /tmp
for t in usertests usertests-fork; do
    /data/\$t -l >/data/\$t.list
    USERTESTS=/data/\$t /data/\$t >/data/\$t.log 2>&1
done
/data/suite /data/own 120
[ ! -d /data/theirs/1 ] || /data/suite /data/theirs 300
END

# ---- one boot. (One of the programs has arrays of 240 MB.)
from=$(date +%s)
timeout "${SUITES_SECONDS:-1200}" "$run" --disk "$tmp/disk" --data "$data" \
    --memory 768M -c 'sh /data/all.sh' >"$tmp/out" 2>&1 </dev/null
code=$?
if [ $code != 0 ]; then
    failed=$((failed + 1))
    echo "FAIL the machine: exit code $code"
    tail -n 12 "$tmp/out" | sed 's/^/    | /'
fi

# ---- what came out
for t in usertests usertests-fork; do
    grep -a '^FAIL' "$data/$t.log" | sed "s/^FAIL/FAIL $t:/"
    # each by name, and the check of the coverage: none may be missing
    for name in $(cat "$data/$t.list") coverage; do
        tested=$((${tested:-0} + 1))
        ok=no
        ! grep -aq "^ok $name\( \|:\|\$\)" "$data/$t.log" || ok=yes
        case $ok$(grep -c "^$t:$name[[:space:]]" "$known") in
        yes0) passed=$((passed + 1)) ;;
        no1) skipped=$((skipped + 1)) ;;
        no0) failed=$((failed + 1)) ;;
        *) failed=$((failed + 1))
            echo "FAIL $t: $name passes, and must go from $known" ;;
        esac
    done
done
[ "${tested:-0}" -gt 200 ] || {
    failed=$((failed + 1))
    echo "FAIL usertests: there are no more than ${tested:-0}"
}
"$wasi" --expect "$known" --judge "$data/own" "$own" >"$tmp/judged"
grep '^FAIL' "$tmp/judged"
add "$tmp/judged"
if [ -d "$theirs" ]; then
    "$wasi" --expect "$known" --judge "$data/theirs" "$theirs" >"$tmp/judged"
    grep '^FAIL' "$tmp/judged"
    add "$tmp/judged"
fi
echo "in the machine: $(($(date +%s) - from)) s"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
