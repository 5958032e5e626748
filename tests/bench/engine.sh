#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# How fast does the engine run programs? CPU time (user + system, whole process,
# compilation included), median of $RUNS (default 5), as a ratio to the same C
# built natively with clang-19 -O2; below, the geometric means. Peers run the
# same .wasm in the same session: node's V8, and wasmtime inside npm's wizer
# (COREMARK=DIR adds CoreMark, see corpus.sh). Not a pass/fail test.
set -eu
cd "$(dirname "$0")/../.."
runs=${RUNS:-5}
o=out/bench
tests/bench/corpus.sh
if [ ! -d $o/node_modules ]; then
    cp tests/bench/package.json $o/
    (cd $o && npm install --silent --no-audit --no-fund >/dev/null 2>&1) ||
        echo "wasmtime: npm could not install wizer; left out" >&2
fi
wizer=$(find $o/node_modules -type f -name wizer 2>/dev/null | head -n 1)
m="$o/measure $runs"

programs="floyd gemm jacobi2d lu mm2 nussinov seidel2d bzip2 zlib lua"
for extra in sqlite coremark; do
    [ -e $o/$extra.wasm ] && programs="$programs $extra"
done

printf '%-10s %8s %8s %8s %8s   x native\n' program native pith V8 wasmtime
for p in $programs; do
    a=""
    [ "$p" = sqlite ] && a="--memdb --size 20 --testset main"
    # shellcheck disable=SC2086
    n=$($m $o/$p $a)
    # shellcheck disable=SC2086
    i=$($m out/bin/pith run --cap time,random $o/$p.wasm $a) || i="nan"
    # shellcheck disable=SC2086
    v=$($m node --no-warnings tests/bench/node-wasi.mjs $o/$p.wasm $a) || v=nan
    w=nan
    [ -n "$wizer" ] && [ -z "$a" ] &&
        w=$($m "$wizer" --allow-wasi -f _start -o /dev/null $o/$p.wasm) || w=nan
    echo "$p ${n%% *} ${i%% *} ${v%% *} ${w%% *}"
done | awk '
    function r(x) { return x == "nan" ? "-" : sprintf("%.2f", x / $2) }
    {
        printf "%-10s %7.3fs %8s %8s %8s\n", $1, $2, r($3), r($4), r($5)
        for (k = 3; k <= 5; k++)
            if ($k != "nan") { s[k] += log($k / $2); c[k]++ }
        fflush()
    }
    END {
        printf "%-10s %8s", "geomean", ""
        for (k = 3; k <= 5; k++)
            printf " %8s", c[k] ? sprintf("%.2f", exp(s[k] / c[k])) : "-"
        print ""
    }'
