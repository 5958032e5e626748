#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# What PID 1 knows of the programs of every boot (engine/ready.h):
# ready.sh PITH-READY IMAGE. The file is made, used, damaged and used for what it
# is not about; a function must be what it is without, whatever the file holds.
set -u
export LC_ALL=C
ready=$1 image=$2
tmp=$(mktemp -d "${TMPDIR:-/tmp}/pith-ready.XXXXXX") || exit 1
trap 'rm -rf "$tmp"' EXIT
passed=0 failed=0
file=$tmp/ready
programs='/sbin/init /bin/dash'

verdict() { # NAME RESULT
    if [ "$2" = 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL $1: $(cat "$tmp/out")"
    fi
}
# check NAME FILE OTHER-IMAGE PATTERN: same functions, and what was used of it
check() {
    # shellcheck disable=SC2086
    "$ready" --check "$2" "$image" "$3" $programs >"$tmp/out" 2>&1 &&
        grep -Eqx "$4" "$tmp/out"
    verdict "$1" $?
}
flip() { # FROM TO OFFSET: one byte is another
    cp "$1" "$2"
    byte=$(od -An -tu1 -j "$3" -N 1 "$2")
    # shellcheck disable=SC2059
    printf "\\$(printf %o $((byte ^ 0x5a)))" |
        dd of="$2" bs=1 seek="$3" conv=notrunc 2>/dev/null
}
number() { od -An -tu4 -j "$2" -N 4 "$1" | tr -d ' '; }

# shellcheck disable=SC2086
"$ready" "$image" $programs >"$file" 2>"$tmp/out"
verdict 'it is made' $?
# shellcheck disable=SC2086
"$ready" "$image" $programs | cmp - "$file" >"$tmp/out" 2>&1
verdict 'twice the same' $?
"$ready" --check "$file" "$image" "$image" $programs >"$tmp/out" 2>&1
all=$(sed -n 's/.* \([0-9]*\) functions.*/\1/p' "$tmp/out")
[ "${all:-0}" -gt 500 ]
verdict 'functions are counted' $?
check 'all of them are used' "$file" "$image" \
    "2 modules, $all functions, $all found"

# header: magic 8, engine 64, form 4, size 4, index 4, check 4
index=$(number "$file" 80) size=$(number "$file" 76)
flip "$file" "$tmp/other" 10
check 'another engine made it: refused' "$tmp/other" "$image" refused
flip "$file" "$tmp/other" 72
check 'another form of the engine: refused' "$tmp/other" "$image" refused
head -c $((size - 1)) "$file" >"$tmp/other"
check 'cut short: refused' "$tmp/other" "$image" refused
head -c 40 "$file" >"$tmp/other"
check 'nothing but a beginning: refused' "$tmp/other" "$image" refused
: >"$tmp/other"
check 'empty: refused' "$tmp/other" "$image" refused
for at in 100 $((index / 2)) $((index - 5)); do
    flip "$file" "$tmp/other" "$at"
    check "damaged at $at: refused" "$tmp/other" "$image" refused
done
for at in "$index" $(((index + size) / 2)) $((size - 9)); do
    flip "$file" "$tmp/other" "$at"
    check "code damaged at $at: one function is translated" "$tmp/other" \
        "$image" "2 modules, $all functions, $((all - 1)) found"
done

# a program that differs by a byte is not the known one (its version number)
"$ready" "$image" /sbin/init >"$tmp/one"
check 'a program that it does not speak of' "$tmp/one" "$image" \
    '1 modules, [0-9]+ functions, [0-9]+ found'
extent=$(number "$tmp/one" $((96 + 4))) # its first
flip "$image" "$tmp/image" $(($(number "$tmp/one" "$extent") +
    $(number "$tmp/one" $((extent + 4))) / 2))
"$ready" --check "$tmp/one" "$tmp/image" "$image" /sbin/init >"$tmp/out" 2>&1 &&
    grep -Eqx '0 modules, [0-9]+ functions, 0 found' "$tmp/out"
verdict 'a program that differs by a byte from the image is not known' $?

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
