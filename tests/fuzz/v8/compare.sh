#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# compare.sh RUNNER DIR COUNT [SEED]: COUNT random programs on the engine and on
# V8, the same ones for the same SEED. Binaryen ($WASM_OPT: the command for its
# wasm-opt) makes them of random bytes (wasm-opt --translate-to-fuzz); --denan
# takes away what the specification leaves open. A module on which the two
# disagree stays in DIR as bad-SEED-N.wasm. Closes with `N passed, N failed, N
# skipped`; what hits a limit on one side is compared up to there. Skipped is
# what Binaryen does not make and what V8 refuses or does not end; each says so in
# DIR/skipped.
#
# The bounds on time are for what never ends, not for a machine that is busy.
set -u
runner=$1 dir=$2 count=$3
seed=${4:-$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')}
here=$(dirname "$0")
features="--enable-simd --enable-bulk-memory --enable-nontrapping-float-to-int
    --enable-sign-ext --enable-mutable-globals --enable-multivalue
    --enable-tail-call"
wasm_opt=${WASM_OPT:-wasm-opt}
step=997 most=14500
mkdir -p "$dir"
rm -f "$dir"/bad-*.wasm
: >"$dir/skipped"
node "$here/random.mjs" "$seed" $((count * step + most)) >"$dir/random" ||
    exit 1

# Program number i in $dir/t.wasm.
make_program() {
    optimise=
    [ $((i % 2)) = 0 ] && optimise=-O2
    tail -c +$((i * step)) "$dir/random" |
        head -c $((500 + i * 37 % 14000)) >"$dir/in"
    # shellcheck disable=SC2086
    timeout 120 $wasm_opt "$dir/in" -ttf $features --denan $optimise \
        -o "$dir/t.wasm" >"$dir/log" 2>&1
}
skip() {
    skipped=$((skipped + 1))
    echo "$i: $1: $(grep -v '^$' "$dir/log" | head -n 1)" >>"$dir/skipped"
}
before_limit() {
    head -n $((${lines:-1000000} - 1)) "$dir/$1"
}

passed=0 failed=0 skipped=0 i=0
while [ $i -lt "$count" ]; do
    i=$((i + 1))
    make_program || {
        skip "not made (exit code $?)"
        continue
    }
    timeout 120 node --stack-size=800 "$here/run.mjs" "$dir/t.wasm" \
        >"$dir/v8" 2>"$dir/log" || {
        skip "not by V8 (exit code $?)"
        continue
    }
    timeout 300 "$runner" "$dir/t.wasm" >"$dir/pith" 2>&1
    code=$?
    lines=$(grep -n '^limit' "$dir/v8" "$dir/pith" | cut -d: -f2 | sort -n |
        head -n 1)
    if [ $code = 0 ] && [ "$(before_limit v8)" = "$(before_limit pith)" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        bad=$dir/bad-$seed-$i.wasm
        cp "$dir/t.wasm" "$bad"
        echo "FAIL $bad: V8 (<) and Pith (>, exit code $code) disagree" \
            "(FUZZ_SEED=$seed)"
        diff "$dir/v8" "$dir/pith" | head -n 4
        echo "Base64: $(gzip -9nc "$bad" | base64 -w 0 | cut -c 1-8000)"
    fi
done
echo "fuzz-v8: seed $seed: $passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
