#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# How fast does the engine run programs? CPU time (user + system, all threads of
# the whole process, compilation included), median of $RUNS (default 5), as a
# ratio to the same C built natively with clang-19 -O2; below, the geometric
# means. Every peer runs the same .wasm in the same session. Not a pass/fail
# test.
#
#   interp, jit   pith run --tier=...      V8, liftoff  node, also --liftoff-only
#   llvm          optimised, from the      wasmtime     inside npm's wizer
#                 cache                    wasm2c       wabt's, with gcc -O2;
#   cold          as it comes, no cache                 compiled before
#
# COREMARK=DIR adds CoreMark (corpus.sh). PROGRAMS="a b" and PEERS="jit V8"
# choose. $PITH_CONFORMANCE adds a second table: the sightglass programs, for
# which there is no native twin, as ratios to V8.
set -eu
cd "$(dirname "$0")/../.."
runs=${RUNS:-5}
o=out/bench
conf=${PITH_CONFORMANCE:-../shared/conformance}
peers=${PEERS:-interp jit llvm cold V8 liftoff wasmtime wasm2c}
tests/bench/corpus.sh
if [ ! -d $o/node_modules ]; then
    cp tests/bench/package.json $o/
    (cd $o && npm install --silent --no-audit --no-fund >/dev/null 2>&1) ||
        echo "wasmtime: npm could not install wizer; left out" >&2
fi
wizer=$(find $o/node_modules -type f -name wizer 2>/dev/null | head -n 1)
cache=$PWD/$o/cache
export XDG_CACHE_HOME="$cache"

# cpu_of COMMAND...: median CPU seconds, or - when it fails or is not there
cpu_of() {
    if t=$($o/measure "$runs" "$@" 2>/dev/null); then echo "${t%% *}"; else echo -; fi
}
pith_run() { # TIER-FLAGS FILE ARGS...
    flags=$1
    shift
    # shellcheck disable=SC2086
    cpu_of out/bin/pith run $flags --cap time,random "$@"
}
wasm2c_of() { # FILE: the program made of it
    w=$o/wasm2c/$(basename "$1" .wasm)
    if [ ! -x "$w/run" ] || [ "$1" -nt "$w/run" ]; then
        mkdir -p "$w"
        wasm2c -n x "$1" -o "$w/x.c" 2>/dev/null && gcc -O2 -w \
            -fno-strict-aliasing -I"$w" -I/usr/share/wabt/wasm2c "$w/x.c" \
            tests/bench/wasm2c_host.c /usr/share/wabt/wasm2c/wasm-rt-impl.c \
            -lm -o "$w/run" || return 1
    fi
    echo "$w/run"
}
node_run="node --no-warnings"
peer() { # PEER FILE ARGS...
    who=$1
    shift
    case $who in
    interp | jit) pith_run "--tier=$who" "$@" ;;
    llvm)
        out/bin/pith compile "$1" >/dev/null 2>&1 || { echo -; return; }
        pith_run --tier=llvm "$@"
        ;;
    cold) pith_run --no-cache "$@" ;;
    # shellcheck disable=SC2086
    V8) cpu_of $node_run tests/bench/node-wasi.mjs "$@" ;;
    # shellcheck disable=SC2086
    liftoff) cpu_of $node_run --liftoff-only tests/bench/node-wasi.mjs "$@" ;;
    wasmtime)
        if [ -n "$wizer" ] && [ $# = 1 ]; then
            cpu_of "$wizer" --allow-wasi -f _start -o /dev/null "$1"
        else echo -; fi
        ;;
    wasm2c)
        if run=$(wasm2c_of "$1"); then
            shift
            cpu_of "$run" "$@"
        else echo -; fi
        ;;
    esac
}
# Lines `name base peer...` to a table of ratios with their geometric means.
table() {
    # shellcheck disable=SC2086
    awk -v base="$1" -v names="$peers" '
    BEGIN {
        n = split(names, peer, " ")
        printf "%-24s %9s", "CPU time", base
        for (k = 1; k <= n; k++) printf " %8s", peer[k]
        print "   x " base
    }
    {
        printf "%-24s %8.3fs", $1, $2
        for (k = 1; k <= n; k++) {
            v = $(k + 2)
            if (v == "-" || $2 == "-") { printf " %8s", "-"; continue }
            printf " %8.2f", v / $2
            s[k] += log(v / $2); c[k]++
        }
        print ""; fflush()
    }
    END {
        printf "%-24s %9s", "geometric mean", ""
        for (k = 1; k <= n; k++)
            printf " %8s", c[k] ? sprintf("%.2f", exp(s[k] / c[k])) : "-"
        print ""
    }'
}

programs=${PROGRAMS:-floyd gemm jacobi2d lu mm2 nussinov seidel2d bzip2 zlib lua
    sqlite coremark}
rm -rf "$cache"
for p in $programs; do
    [ -e $o/$p.wasm ] || continue
    a=""
    [ "$p" = sqlite ] && a="--memdb --size 20 --testset main"
    # shellcheck disable=SC2086
    line="$p $(cpu_of $o/$p $a)"
    for x in $peers; do
        # shellcheck disable=SC2086
        line="$line $(peer "$x" $o/$p.wasm $a)"
    done
    echo "$line"
done | table native

[ -d "$conf/programs/sightglass" ] && [ -z "${PROGRAMS:-}" ] || exit 0
echo
peers="interp jit llvm cold liftoff"
for f in "$conf"/programs/sightglass/*.wasm; do
    # shellcheck disable=SC2086
    line="$(basename "$f" .wasm) $(cpu_of $node_run tests/bench/node-wasi.mjs "$f")"
    for x in $peers; do
        case $x in
        liftoff) t=$(peer liftoff "$f") ;;
        *)
            [ "$x" != llvm ] || out/bin/pith compile "$f" >/dev/null 2>&1 || :
            case $x in
            cold) flags=--tier=llvm ;;
            llvm) flags="--tier=llvm --cache=$cache/pith" ;;
            *) flags=--tier=$x ;;
            esac
            # shellcheck disable=SC2086
            t=$(cpu_of out/bin/pith-wasi $flags "$f")
            ;;
        esac
        line="$line $t"
    done
    echo "$line"
done | table V8
