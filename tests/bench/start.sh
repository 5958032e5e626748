#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# What starting costs: instances of a hello, a process for one, and the largest
# program there is, clang for WASI (75 MB; tests/real fetches it from npm), as
# CPU and wall seconds and peak memory, medians of 5.
set -u
cd "$(dirname "$0")/../.." || exit 1
o=out/bench
mkdir -p $o
clang-19 -O2 -o $o/measure tests/bench/measure.c || exit 1
clang-19 -std=gnu11 -D_GNU_SOURCE -O2 -iquote engine -iquote lib \
    -o $o/instances tests/bench/instances.c out/lib/libpith-engine.a -lm \
    -lpthread || exit 1
cat >$o/hello.c <<'END'
#include <stdio.h>
int
main(void)
{
    puts("hello");
    return 0;
}
END
clang-19 --target=wasm32-wasi -O2 -o $o/hello.wasm $o/hello.c || exit 1
line() { # WHAT COMMAND...
    what=$1
    shift
    # shellcheck disable=SC2046
    set -- $($o/measure 5 "$@")
    echo "$what: ${1:-?} s CPU, ${2:-?} s wall, $((${3:-0} / 1024)) MB"
}
$o/instances $o/hello.wasm
line "pith run hello.wasm" out/bin/pith run $o/hello.wasm
clang=tests/real/node_modules/@yowasp/clang/gen/llvm.core.wasm
[ -f $clang ] || {
    echo "clang.wasm: not here; \`make test-real\` fetches it"
    exit 0
}
run="out/bin/pith run --cap time,random"
# shellcheck disable=SC2086
{
    line "clang.wasm --version, nothing kept" $run --no-cache $clang clang --version
    XDG_CACHE_HOME=$PWD/$o/cache
    export XDG_CACHE_HOME
    $run $clang clang --version >/dev/null
    line "clang.wasm --version, from the cache" $run $clang clang --version
    line "clang.wasm compiled whole (jit), and --version" $run --no-cache --tier=jit --eager \
        $clang clang --version
}
