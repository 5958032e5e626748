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
kills=${PITH_VM_KILLS:-50}
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
    timeout 600 "$run" --disk "$disk" -c "$4" >"$tmp/out" 2>&1 </dev/null
    got=$?
    [ $got = "$2" ] &&
        { [ "$3" = - ] || [ "$(tr -d '\r' <"$tmp/out")" = "$3" ]; }
    verdict "$1 (exit code $got)" $?
}
x() { # NAME SCRIPT ARGS...: an expect script
    name=$1 script=$2
    shift 2
    timeout 900 expect -f "$here/$script.exp" "$run" "$@" >"$tmp/out" 2>&1
    verdict "$name" $?
}

# docs/RATIONALE.md: what it is made of
arch=${PITH_VM_ARCH:-$(uname -m)}
size=$(stat -c %s "$PITH_OUT/vm-$arch/bin/init")
case $arch in
x86_64) most=700000 ;;
aarch64) most=730000 ;;
*) most=900000 ;; # the interpreter with all its forms
esac
echo "PID 1: $size bytes" >"$tmp/out"
[ "$size" -le $most ]
verdict 'the size of PID 1' $?
# What the initramfs knows of the programs of every boot is used (ready.sh).
expect -f "$here/count.exp" "$(PITH_VM_DRY=1 "$run" --ephemeral |
    sed 's/ TERM=/ PITH_TIMES=1 TERM=/')" >"$tmp/out" 2>&1
awk '/^pith: of / { good = $5 == "in" && $6 == 3 && $3 > 300 &&
    $(NF - 2) >= $3 * 0.95 } END { exit !good }' "$tmp/out"
verdict 'the programs up to the prompt are not translated again' $?
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
"$run" --ephemeral -c 'echo lost > /root/lost; cat /root/lost; exit 6' >"$tmp/out" 2>&1
[ $? = 6 ] && [ "$(tr -d '\r' <"$tmp/out")" = lost ]
verdict 'ephemeral' $?
t 'a command of any length, with quotes and lines' 3 "$(printf 'a "b"\nc')" \
    "echo 'a \"b\"'; $(seq 2000 | sed 's/^/: /')
    echo c; exit 3"
t 'no command' 0 '' ''
for memory in 63M 65535k 0.06G 1 M all 64MB -1; do
    "$run" --ephemeral --memory "$memory" -c true 2>&1
    echo "code $?"
done >"$tmp/out"
[ "$(grep -c 'want at least 64M' "$tmp/out") $(grep -cx 'code 2' "$tmp/out")" = '8 8' ]
verdict 'memory that does not suffice is refused' $?
"$run" --ephemeral --memory 64M -c 'ls -d /bin; free | wc -l' >"$tmp/out" 2>&1
[ "$(tr -d '\r' <"$tmp/out" | tr '\n' ' ')" = '/bin 4 ' ]
verdict 'the least does' $?
# What programs write on /data is at the host before they are told: else they
# would never hear that there is no room for it.
timeout 600 "$run" --disk "$disk" -c 'exec 3>/data/through; echo now >&3
    echo said; sleep 1000' -- -pidfile "$tmp/server" >"$tmp/out" 2>&1 </dev/null &
tries=0
until grep -q said "$tmp/out" || [ $tries -gt 600 ]; do
    tries=$((tries + 1))
    sleep 0.2
done
[ "$(cat "$disk/data/through" 2>&1)" = now ]
verdict 'what is written on /data is there at once' $?
kill -9 "$(cat "$tmp/server")"
wait
# An app of the system's, an HTTP server, asked from the host; the network's
# address comes by DHCP, or is said.
mkdir -p "$disk/data/web"
echo '<p>from inside' >"$disk/data/web/index.html"
awk 'BEGIN {for (i = 0; i < 30000; i++) print "line", i}' >"$disk/data/web/long.txt"
printf '[[app]]\nname = "web"\n' >"$disk/data/boot.toml"
t 'an app is to run' 0 '' 'mkdir -p /etc/vyoma && cp /data/boot.toml /etc/vyoma/'
port=$((20000 + $$ % 12000))
web() { # NAME OPTION...: on a port that nobody else has
    name=$1 tries=0
    shift
    while [ $tries -le 1200 ]; do
        timeout 600 "$run" --disk "$disk" --publish $port:80 "$@" \
            -- -pidfile "$tmp/server" >"$tmp/console" 2>&1 </dev/null &
        url=http://127.0.0.1:$port
        until [ "$(curl -s -m 20 $url/)" = '<p>from inside' ] ||
            ! kill -0 $! 2>/dev/null || [ $tries -gt 1200 ]; do
            tries=$((tries + 1))
            sleep 0.25
        done
        grep -q 'not set up host forwarding' "$tmp/console" || break
        port=$((port + 1))
    done
    kill -0 $! 2>/dev/null || tries=9999
    cp "$tmp/console" "$tmp/out"
    [ $tries -le 1200 ]
    verdict "HTTP from the host, $name" $?
}
web 'DHCP'
curl -s -m 60 "$url/long.txt" >"$tmp/out" && cmp "$disk/data/web/long.txt" "$tmp/out"
verdict 'a file of 300 KB' $?
for path in ../boot.toml %2e%2e/boot.toml none; do
    curl -s -m 60 -o "$tmp/body" --path-as-is -w '%{http_code}\n' "$url/$path"
done >"$tmp/out"
[ "$(tr '\n' ' ' <"$tmp/out")" = '404 404 404 ' ]
verdict 'no file but those of its manifest' $?
kill -9 "$(cat "$tmp/server")"
wait
web 'a fixed address' --address 10.0.2.77/24,10.0.2.2
kill -9 "$(cat "$tmp/server")"
wait
t 'no app is to run' 0 '' 'rm /etc/vyoma/boot.toml'

# the screen, the keyboard and the pointer
node "$here/screen.mjs" "$run" "$PITH_OUT/user/tests/screen" >"$tmp/out" 2>&1
counts=$(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' "$tmp/out")
[ -n "$counts" ]
verdict 'the screen and input come to their end' $?
grep -av '^[0-9]* passed, ' "$tmp/out"
passed=$((passed + ${counts% *}0 / 10)) failed=$((failed + ${counts#* }0 / 10))

"$run" --ephemeral --net -c 'cat /etc/resolv.conf' >"$tmp/out" 2>&1
grep -q '^nameserver 10.0.2.3' "$tmp/out"
verdict 'a name server by DHCP' $?
t 'memory that the machine does not have is refused' 0 'refused' \
    'head -c 400000000 /dev/zero | tail -n 1 >/dev/null 2>&1 || echo refused'
cp "$PITH_OUT/user/tests/hog" "$here/../user/hungry.sh" "$disk/data/"
for way in grow files bomb; do
    for seconds in 3 20 60; do # longer where they do not get it all in 3
        timeout 300 "$run" --disk "$disk" -c \
            "exec sh /data/hungry.sh /data/hog $way 100 $seconds" \
            >"$tmp/out" 2>&1 </dev/null
        code=$?
        ! grep -q "^refused: " "$tmp/out" || break
    done
    [ $code = 0 ] && grep -q "^refused: " "$tmp/out" &&
        ! grep -q starts "$tmp/out" &&
        grep -q "^the shell goes on" "$tmp/out"
    verdict "six programs that want all memory: $way" $?
done
t 'nothing but what was granted is mounted' 0 '4' 'df | grep -c ^[/dt]'

# a whole PC; a machine that was saved
if [ "$qemu" = qemu-system-x86_64 ]; then
    timeout 600 "$run" --machine q35 --cpus 2 --disk "$disk" -c \
        'cat /root/file; grep -c ^processor /proc/cpuinfo; exit 4' \
        >"$tmp/out" 2>&1 </dev/null
    [ $? = 4 ] && [ "$(tr -d '\r' <"$tmp/out" | tr '\n' ' ')" = 'kept 2 ' ]
    verdict 'a PC with two processors, which powers itself off' $?
    timeout 600 "$run" --machine q35 --disk "$disk" -c \
        'test -e /root/pc && echo again || { touch /root/pc; reboot -f 2>&-; }' \
        >"$tmp/out" 2>&1 </dev/null
    [ "$(tr -d '\r' <"$tmp/out")" = again ]
    verdict 'and restarts' $?
    export PITH_CACHE="$tmp/cache"
    for turn in 1 2; do # the first one saves it
        echo "turn $turn" >"$disk/data/turn"
        x "a saved machine goes on, $turn" snapshot --data "$disk/data"
        sed -n 's/^random: *//p' "$disk/data/heard" >"$tmp/random.$turn"
    done
    unset PITH_CACHE
    ! cmp "$tmp/random.1" "$tmp/random.2" >"$tmp/out" 2>&1
    verdict 'with random numbers of its own' $?
fi

x 'a session on the serial line' session "$disk"
x 'what was written there is read after power off' again "$disk"
x 'a share that is missing: a recovery shell that says so' recovery
mkdir -p "$tmp/bad"
cat "$run" "$run" "$run" "$run" >"$tmp/bad/root.pith"
timeout 600 "$run" --disk "$tmp/bad" -c 'echo ran' >"$tmp/out" 2>&1 </dev/null
[ $? = 1 ] && grep -q 'not a database' "$tmp/out" && ! grep -q '^ran' "$tmp/out"
verdict 'a command for it: the machine says so and ends' $?
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
# No room for it at the host: an error, and no machine that waits for ever.
printf '[inject-error]\nevent = "pwritev"\nerrno = "28"\n' >"$tmp/no-room"
TMPDIR=$tmp PITH_VM_DRY=1 "$run" --disk "$img" -c true | sed "
    s|file.locking=off,||; s|file=/|file=blkdebug:$tmp/no-room:/|" >"$tmp/full"
timeout 100 sh "$tmp/full" >"$tmp/out" 2>&1 </dev/null
[ $? = 0 ] && grep -q '^pith: .*I/O error' "$tmp/out"
verdict 'a raw disk that the host has no room for' $?
truncate -s 3G "$img"
"$run" --disk "$img" -c 'cat /root/file; df / | tail -n 1' >"$tmp/out" 2>&1
grep -q '^raw' "$tmp/out" && awk '/vda/ {exit !($2 > 2500000)}' "$tmp/out"
verdict 'and is enlarged' $?

# Killed while they write, one after the other on each of the two disks: what
# was said to be safe must be there.
killed() { # DISK: half of the kills; what is written there, and `good` for each
    n=0
    while [ $n -lt $(((kills + 1) / 2)) ]; do
        n=$((n + 1))
        "$here/kill.sh" "$run" "$1" "$pith" >"$1.said" 2>&1 && echo good ||
            cat "$1.said"
    done >"$1.kills"
}
killed "$disk" &
killed "$img"
wait
for killed in "$disk" "$img"; do
    n=$(grep -cx good "$killed.kills")
    passed=$((passed + n))
    grep -vx good "$killed.kills" >"$tmp/out"
    [ "$n" = $(((kills + 1) / 2)) ]
    verdict "killed while writing: $n are good" $?
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
