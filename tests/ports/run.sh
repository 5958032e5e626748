#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The suites of toybox, Lua and SQLite: run.sh OUT. The last line adds up.
# TIER=interp, jit or llvm runs all of it on that tier.
# `make test-more` runs those of jq and gawk, which pass as well.
set -u
here=$(cd "$(dirname "$0")" && pwd)
sums=$1/test/ports-sums
mkdir -p "$1/test"
"$here/toybox.sh" "$1" | tee "$sums"
"$here/programs.sh" "$1" lua sqlite3 | tee "$sums.2"
cat "$sums" "$sums.2" | awk '
    /^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$/ {
        p += $1; f += $3; s += $5; n++
    }
    END {
        printf "%d passed, %d failed, %d skipped\n", p, f, s
        exit f > 0 || n != 2
    }'
