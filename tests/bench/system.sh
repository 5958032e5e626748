#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# What system calls, pipes and processes cost in Pith, and what the same C
# costs as a Linux program on this machine, in the same session (best of $RUNS,
# default 3); then the start of a hello and the weight of 10,000 processes that
# sleep. Not a pass/fail test.
set -eu
cd "$(dirname "$0")/../.."
runs=${RUNS:-3}
b=out/user/bench
t=out/bench
mkdir -p $t
[ -x $t/measure ] || clang-19 -O2 -o $t/measure tests/bench/measure.c

pith() {
    out/bin/pith --ephemeral --mount $b::/mnt:ro -c "$*"
}
printf '%-28s %12s %12s  %s\n' "" Pith Linux ratio
for program in nullcall pingpong spawnwait; do
    for _ in $(seq "$runs"); do
        pith "/mnt/$program" | sed 's/^/pith\t/'
        $b/native-$program | sed 's/^/linux\t/'
    done
done | awk -F '\t' '
    # a rate is best when high, a time when low
    function better(a, b, unit) { return unit ~ /\/s/ ? a > b : a < b }
    {
        k = $1 SUBSEP $2
        if (!($2 in unit)) { order[++n] = $2; unit[$2] = $4 }
        if (!(k in best) || better($3, best[k], $4)) best[k] = $3
    }
    END {
        for (i = 1; i <= n; i++) {
            p = best["pith", order[i]]; l = best["linux", order[i]]
            printf "%-28s %9.1f %s %8.1f %s  %.2f\n", order[i], p,
                unit[order[i]], l, unit[order[i]], l ? p / l : 0
        }
    }'

pith /mnt/codeload | awk -F '\t' '{ printf "%-28s %9.1f %s\n", $1, $2, $3 }'

cat >$t/hello.c <<'END'
#include <stdio.h>
int
main(void)
{
    puts("hello");
    return 0;
}
END
clang-19 --target=wasm32-wasi -O2 -o $t/hello.wasm $t/hello.c
# shellcheck disable=SC2046
set -- $($t/measure 21 out/bin/pith run $t/hello.wasm)
echo "pith run hello.wasm: $2 s wall, $(($3 / 1024)) MB resident"
# shellcheck disable=SC2046
set -- $($t/measure 1 out/bin/pith --ephemeral --mount $b::/mnt:ro \
    -c "/mnt/sleepers 10000")
echo "10,000 sleeping processes: $(($3 / 1024)) MB resident, $2 s"
