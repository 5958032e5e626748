#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Memory of many sleeping processes: sleepers.sh PITH DIR [N]
# Starts N (10,000) of DIR/small in one Pith and prints its resident memory,
# page tables included, while they sleep.
set -eu
pith=$1 n=${3:-10000}
cd "$2"
rm -f hold said
mkfifo hold
"$pith" run --dir .::/ --cap spawn,time bench sleepers "$n" small \
    <hold >said &
pid=$!
exec 9>hold
until grep -q sleeping said 2>/dev/null || ! kill -0 $pid 2>/dev/null; do
    sleep 0.1
done
cat said
awk '/VmRSS|VmPTE/ { sum += $2 }
     END { printf "resident, with page tables: %.0f MB\n", sum / 1024 }' \
    /proc/$pid/status
echo >&9
exec 9>&-
wait $pid
rm -f hold said
