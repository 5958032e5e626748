#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Messages of 16 bytes between two apps, and between two Linux processes and two
# node threads in the same session (best of $RUNS, default 3); starting 200
# apps; the weight of an idle one. Not a pass/fail test.
set -eu
cd "$(dirname "$0")/../.."
runs=${RUNS:-3}
t=out/bench
mkdir -p $t/ipc
clang-19 -O2 -o $t/ipc-peer tests/bench/ipc/peer.c
[ -x $t/measure ] || clang-19 -O2 -o $t/measure tests/bench/measure.c
out/bin/pith-cc -O2 -D_GNU_SOURCE -o $t/ipc/messages tests/bench/ipc/messages.c
pith() {
    (cd $t/ipc && "$top/out/bin/pith" run --dir .::/ --cap all messages "$@")
}
top=$PWD
for _ in $(seq "$runs"); do
    pith 400000 | sed 's/^/1 /'
    pith 400000 200 | sed 's/^/2 /'
    $t/ipc-peer pipe 100000 | sed 's/^/3 /'
    $t/ipc-peer unix 100000 | sed 's/^/4 /'
    node tests/bench/ipc/peer.mjs 50000 | sed 's/^/5 /'
done | awk '
    BEGIN {
        name[1] = "two apps"; name[2] = "two apps among 200"
        name[3] = "Linux, pipe"; name[4] = "Linux, unix socket"
        name[5] = "node, worker threads"
    }
    {
        k = $1 SUBSEP $2
        if (!(k in best) || ($2 ~ /per_s/ ? $3 > best[k] : $3 < best[k]))
            best[k] = $3
    }
    END {
        printf "%-24s %14s %16s\n", "", "round trip", "messages/s"
        for (i = 1; i <= 5; i++)
            printf "%-24s %11.2f us %16d\n", name[i],
                best[i, "round_trip_us"], best[i, "messages_per_s"]
        printf "starting 200 apps: %.0f ms\n", best[2, "start_ms"]
    }'
# shellcheck disable=SC2046
set -- $(cd $t/ipc && "$top/$t/measure" 1 "$top/out/bin/pith" run --dir .::/ --cap all messages 10) \
    $(cd $t/ipc && "$top/$t/measure" 1 "$top/out/bin/pith" run --dir .::/ --cap all messages 10 2000)
echo "an idle app: $((($6 - $3) / 2000)) KB with its linear memory"
