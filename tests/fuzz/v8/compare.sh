#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# compare.sh RUNNER DIR COUNT: COUNT random programs on the engine and on V8.
# Binaryen ($WASM_OPT: the command for its wasm-opt) makes them of random bytes (wasm-opt --translate-to-fuzz); --denan
# takes away what the specification leaves open. A module on which the two
# disagree stays in DIR as bad-N.wasm. Closes with `N passed, N failed, N
# skipped`; what hits a limit on one side is compared up to there, and what
# would pass a v128 to JavaScript is skipped.
set -u
runner=$1 dir=$2 count=$3
here=$(dirname "$0")
features="--enable-simd --enable-bulk-memory --enable-nontrapping-float-to-int
    --enable-sign-ext --enable-mutable-globals --enable-multivalue
    --enable-tail-call"
wasm_opt=${WASM_OPT:-wasm-opt}
mkdir -p "$dir"
passed=0 failed=0 skipped=0 i=0
while [ $i -lt "$count" ]; do
    i=$((i + 1))
    optimise=
    [ $((i % 2)) = 0 ] && optimise=-O2
    head -c $((500 + i * 37 % 14000)) /dev/urandom >"$dir/in"
    # shellcheck disable=SC2086
    if ! timeout 20 $wasm_opt "$dir/in" -ttf $features --denan $optimise \
        -o "$dir/t.wasm" >"$dir/log" 2>&1 ||
        ! timeout 20 node --stack-size=800 "$here/run.mjs" "$dir/t.wasm" \
            >"$dir/v8" 2>"$dir/log"; then
        skipped=$((skipped + 1))
        continue
    fi
    timeout 20 "$runner" "$dir/t.wasm" >"$dir/pith" 2>&1
    code=$?
    if grep -q '^log.* v128' "$dir/pith"; then
        skipped=$((skipped + 1))
        continue
    fi
    lines=$(grep -n '^limit' "$dir/v8" "$dir/pith" | cut -d: -f2 | sort -n |
        head -n 1)
    if [ $code = 0 ] && [ "$(head -n $((${lines:-1000000} - 1)) "$dir/v8")" = \
        "$(head -n $((${lines:-1000000} - 1)) "$dir/pith")" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        cp "$dir/t.wasm" "$dir/bad-$i.wasm"
        echo "$dir/bad-$i.wasm: V8 (<) and Pith (>, exit code $code) disagree"
        diff "$dir/v8" "$dir/pith" | head -n 4
    fi
done
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
