#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# All that stands in this folder but the shell's test: run.sh OUT. The last
# line adds up.
set -u
here=$(cd "$(dirname "$0")" && pwd)
log=$1/test/ports.log
mkdir -p "$1/test"
"$here/toybox.sh" "$1" | tee "$log"
"$here/programs.sh" "$1" | tee "$log.2"
cat "$log" "$log.2" | awk '
    /^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$/ {
        p += $1; f += $3; s += $5; n++
    }
    END {
        printf "%d passed, %d failed, %d skipped\n", p, f, s
        exit f > 0 || n != 2
    }'
