#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Kills the machine while it writes: kill.sh RUN DISK PITH. The guest
# counts: it writes a number, has it written to the disk, and only then says it.
# After the kill the disk must hold at least the last number that was said.
set -u
run=$1 disk=$2 pith=$3
case $disk in
*.img) log=$disk.log pid=$disk.pid root=$disk ;;
*) log=$disk/kill.log pid=$disk/pid root=$disk/root.pith ;;
esac
count='i=0; while :; do i=$((i + 1)); echo $i > /root/n.new; fsync /root/n.new;
mv /root/n.new /root/n; fsync /root; echo said $i; done'
: >"$log"
"$run" --disk "$disk" -c "$(echo $count)" \
    -- -pidfile "$pid" >"$log" 2>&1 </dev/null &
tries=0
until grep -q '^said 3' "$log"; do
    tries=$((tries + 1))
    [ $tries -lt 3000 ] && kill -0 $! 2>/dev/null || {
        echo "the machine did not begin to write; it said:"
        tail -n 5 "$log"
        exit 1
    }
    sleep 0.1
done
# up to half a second, a different time each run
sleep "0.$(od -An -N4 -tu4 /dev/urandom | awk '{printf "%04d", $1 % 5000}')"
kill -9 "$(cat "$pid")"
wait
said=$(tr -d '\r' <"$log" | sed -n 's/^said \([0-9]*\)$/\1/p' | tail -n 1)
held=$($pith --root "$root" -c 'cat /root/n; rm -f /root/n' 2>&1)
echo "said $said, the disk has $held"
[ "$held" -ge "$said" ] && exit 0
tail -n 2 "$log"
exit 1
