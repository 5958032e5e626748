#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Runs inside Pith: guest.sh NAME runs the tests of the command NAME with
# toybox's own harness, as its scripts/test.sh does: first toybox's, then the
# section of toybox.tests. /suite is toybox's source tree, /ours this folder.
# Prints PASS:, FAIL: and SKIP: lines, and LOST when a test ended its shell.

CMDNAME=$1
TOPDIR=/suite
export FILES=$TOPDIR/tests/files LC_COLLATE=C VERBOSE=all USER=root
cd "$TOPDIR" || exit 1
. scripts/runtest.sh
OPTIONFLAGS=:$(sed -nr 's/^#define CFG_(.*) 1$/\1/p' generated/config.h |
    tr '\n' :)
export OPTIONFLAGS
C=$(type -P -- "$CMDNAME")

# Toybox's tests give another program a part of a second to begin, or to see what
# has changed. A busy machine may need more.
nap() { command sleep "$1"; command sleep 0.5; }
# soon COMMAND...: what there is only once another program has begun
soon() {
    local n
    for n in $(seq 300); do
        "$@" >/dev/null 2>&1 && return
        command sleep 0.1
    done
}
run() { # FILE
    rm -rf /tmp/toybox
    mkdir -p /tmp/toybox/testdir
    cd /tmp/toybox/testdir || exit 1
    case $CMDNAME in
    netcat | pgrep | tail) sed 's/sleep \(\.[0-9]\)/nap \1/g' "$1" ;;
    *) cat "$1" ;;
    esac >/tmp/toybox/tests
    (. /tmp/toybox/tests; : >/tmp/toybox/finished)
    [ -e /tmp/toybox/finished ] || echo "FAIL: $CMDNAME ends its shell"
    cd /
}

# A script that toybox does not mark as executable is not ready to be run.
own=$TOPDIR/tests/$CMDNAME.test
[ ! -x "$own" ] || run "$own"
awk -v want="== $CMDNAME" '/^== /{on = ($0 == want); next} on' \
    /ours/toybox.tests >/tmp/section
[ ! -s /tmp/section ] || run /tmp/section
echo DONE
