#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Boots Pith as a machine and looks at it from outside: vm.sh PITH. The serial
# line is the terminal (expect); the disk it wrote is read back by the machine
# itself and by PITH, which is the same system without a machine.
set -u
export LC_ALL=C PITH_ACCEL=tcg TERM=dumb
pith=$1
here=$(dirname "$0")
run=$here/../../vm/run.sh
kills=${PITH_VM_KILLS:-4}
tmp=$(mktemp -d "${TMPDIR:-/tmp}/pith-vm.XXXXXX") || exit 1
trap 'rm -rf "$tmp"' EXIT
passed=0 failed=0
disk=$tmp/disk

qemu=qemu-system-${PITH_VM_ARCH:-$(uname -m)}
command -v "$qemu" >/dev/null 2>&1 || {
    echo "skipped: there is no $qemu; try: tools/install.sh vm"
    echo "0 passed, 0 failed, 1 skipped"
    exit 0
}

verdict() { # NAME RESULT: 0 is good; else shows what was said
    if [ "$2" = 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL $1"
        tail -n 12 "$tmp/out" | sed 's/^/    | /'
    fi
}
# t NAME CODE OUT COMMAND: in a machine with the disk; output - for any
t() {
    timeout 120 "$run" --disk "$disk" -c "$4" >"$tmp/out" 2>&1 </dev/null
    got=$?
    [ $got = "$2" ] &&
        { [ "$3" = - ] || [ "$(tr -d '\r' <"$tmp/out")" = "$3" ]; }
    verdict "$1 (exit code $got)" $?
}
x() { # NAME SCRIPT ARGS...: an expect script
    name=$1 script=$2
    shift 2
    timeout 180 expect -f "$here/$script.exp" "$run" "$@" >"$tmp/out" 2>&1
    verdict "$name" $?
}

t 'a command and its exit code' 7 'Pith' 'uname -s; exit 7'
t 'written' 0 '' 'echo kept > /root/file; echo shared > /data/file; mkdir -p /a/b'
t 'the disk is kept' 0 'kept' 'cat /root/file && test -d /a/b'
t 'standard error and a signal' 143 'oops' 'echo oops >&2; kill -TERM $$'
[ "$(cat "$disk/data/file" 2>&1)" = shared ]
verdict '/data is the directory of the host' $?
echo 'from the host' >"$disk/data/host"
t 'a clock without steps' 0 '' \
    'a=$(date +%N); b=$(date +%N); c=$(date +%N); test $a != $b -a $b != $c'
t '/data both ways' 0 'from the host' 'cat /data/host'
t 'restart' 0 'again' \
    'test -e /root/once && echo again || { touch /root/once; reboot -f 2>&-; }'
"$run" --ephemeral -c 'echo lost > /root/lost; cat /root/lost' >"$tmp/out" 2>&1
[ "$(tr -d '\r' <"$tmp/out")" = lost ]
verdict 'ephemeral' $?
"$run" --disk "$disk" -c 'say "x"' >"$tmp/out" 2>&1
[ $? = 2 ] && grep -q 'no double quotes' "$tmp/out"
verdict 'a command that cannot be passed is refused' $?
# a server in the machine, asked from the host
port=$((20000 + $$ % 20000))
mkdir -p "$disk/data/www"
echo '<p>from inside' >"$disk/data/www/index.html"
timeout 60 "$run" --disk "$disk" --publish $port:80 \
    -c 'netcat -s 0.0.0.0 -p 80 -L httpd /data/www' \
    -- -pidfile "$tmp/server" >"$tmp/out" 2>&1 </dev/null &
tries=0
until node -e "fetch('http://127.0.0.1:$port/index.html').then(r => r.text())
    .then(t => process.exit(t === '<p>from inside\\n' ? 0 : 1))
    .catch(() => process.exit(1))" 2>/dev/null || [ $tries -gt 60 ]; do
    tries=$((tries + 1))
    sleep 0.5
done
[ $tries -le 60 ]
verdict 'HTTP from the host' $?
kill -9 "$(cat "$tmp/server")"
wait

# the screen, the keyboard and the pointer
node "$here/screen.mjs" "$run" "$PITH_OUT/user/tests/screen" >"$tmp/out" 2>&1
counts=$(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' "$tmp/out")
[ -n "$counts" ]
verdict 'the screen and input come to their end' $?
grep '^FAIL' "$tmp/out"
passed=$((passed + ${counts% *}0 / 10)) failed=$((failed + ${counts#* }0 / 10))

t 'nothing but what was granted is mounted' 0 '4' 'df | grep -c ^[/dt]'

x 'a session on the serial line' session "$disk"
x 'what was written there is read after power off' again "$disk"
x 'a share that is missing: a recovery shell that says so' recovery
mkdir -p "$tmp/bad"
cat "$run" "$run" "$run" "$run" >"$tmp/bad/root.pith"
x 'a disk that is none: a recovery shell that shows it' damaged "$tmp/bad"
[ -s "$tmp/bad/damaged" ] && [ ! -e "$tmp/bad/root.pith" ]
verdict 'put aside there' $?
(
    exec 9>>"$disk/root.pith-lock"
    flock -n 9 || exit 1
    "$run" --disk "$disk" -c true 9>&-
    exit $? # and only now the lock goes
) >"$tmp/out" 2>&1
[ $? = 2 ] && grep -q 'in use' "$tmp/out"
verdict 'one disk, one machine' $?

# Killed while it writes: what was said to be safe must be there.
n=0
while [ $n -lt "$kills" ]; do
    n=$((n + 1))
    "$here/kill.sh" "$run" "$disk" "$pith" $n >"$tmp/out" 2>&1
    verdict "killed while writing, $n" $?
done
# A disk of the machine's own, without a directory of the host's.
img=$tmp/disk.img
"$run" --disk "$img" -c 'echo raw > /root/file; exit 5' >"$tmp/out" 2>&1
[ $? = 5 ] && [ -s "$img" ]
verdict 'a raw disk is made' $?
"$run" --disk "$img" -c 'cat /root/file; df / | tail -n 1' >"$tmp/out" 2>&1
grep -q '^raw' "$tmp/out" && grep -q '^/dev/vda' "$tmp/out"
verdict 'and kept' $?
[ "$("$pith" --root "$img" -c 'cat /root/file' 2>"$tmp/out")" = raw ]
verdict 'and is the disk of a Pith without a machine' $?
n=0
while [ $n -lt "$kills" ]; do
    n=$((n + 1))
    "$here/kill.sh" "$run" "$img" "$pith" $n >"$tmp/out" 2>&1
    verdict "killed while writing to it, $n" $?
done
printf 'something else' | dd of="$tmp/other.img" bs=1M seek=9 conv=notrunc,sync \
    2>"$tmp/out"
printf 'a partition table' | dd of="$tmp/other.img" conv=notrunc 2>"$tmp/out"
cp "$tmp/other.img" "$tmp/before.img"
x 'a disk with something else: a recovery shell, the disk as it was' foreign \
    "$tmp/other.img"
cmp "$tmp/other.img" "$tmp/before.img" >"$tmp/out" 2>&1
verdict 'not a byte of it is changed' $?

t 'the machine starts after all that' 0 'kept' 'cat /root/file'

echo "$passed passed, $failed failed"
[ $failed = 0 ]
