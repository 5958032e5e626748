#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The machine's size and speed: bench.sh OUT. Instructions are exact (QEMU's
# -icount) and the same everywhere; times are medians of ten on this computer,
# under software emulation.
set -eu
export LC_ALL=C PITH_ACCEL=tcg TERM=dumb
out=$1
here=$(cd "$(dirname "$0")" && pwd)
run=$here/../../vm/run.sh
arch=$(uname -m)
tmp=$(mktemp -d "${TMPDIR:-/tmp}/pith-vm.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
export PITH_OUT="$out"

row() { printf '%-52s %s\n' "$1" "$2"; }
size() { row "$1" "$(stat -c %s "$2") B"; }
size 'kernel' "$out/pith-vm-$arch.bzImage"
[ ! -e "$out/pith-vm-$arch-micro.bzImage" ] ||
    size 'kernel for a microvm' "$out/pith-vm-$arch-micro.bzImage"
size 'initramfs, with shell and tools' "$out/pith-vm-$arch.initramfs"
size 'PID 1' "$out/vm-$arch/bin/init"

machine() { # COMMAND or nothing, OPTIONS for QEMU, for run.sh: its command line
    command=$1 more=$2
    shift 2
    [ -z "$command" ] || set -- "$@" -c "$command"
    # shellcheck disable=SC2086
    TMPDIR=$tmp PITH_VM_DRY=1 "$run" --ephemeral "$@" -- $more
}
# DHCP would be waiting, which this clock counts: a card without an address.
every='-device virtio-gpu-device -device virtio-keyboard-device
    -device virtio-tablet-device -netdev user,id=net
    -device virtio-net-device,netdev=net'
devices=
count() { # COMMAND OPTION...: millions of instructions, lines "what: n us"
    command=$1
    shift
    machine "$command" "-icount shift=0,sleep=off $devices" "$@" |
        sed 's/console=ttyS0/console=ttyS0 PITH_TIMES=1/
            s/tsc_early_khz=[0-9]*/tsc_early_khz=1000000/' >"$tmp/count"
    timeout 120 sh "$tmp/count" 2>&1 </dev/null | tr -d '\r' |
        sed -n 's/^pith: \(.*\): \([0-9]*\) us$/\1|\2/p' >"$tmp/counts"
}
# The same without a command, to the moment at which the console waits for what
# is typed at the prompt that it shows.
count_prompt() { # OPTION...
    machine '' "-icount shift=0,sleep=off $devices" "$@" |
        sed 's/console=ttyS0/console=ttyS0 PITH_TIMES=1/
            s/tsc_early_khz=[0-9]*/tsc_early_khz=1000000/' >"$tmp/count"
    expect -f "$here/count.exp" "$(cat "$tmp/count")" |
        sed -n 's/^pith: \(.*\): \([0-9]*\) us$/\1|\2/p' >"$tmp/counts"
}
field() { awk -F'|' -v w="$1" '$1 == w {printf "%.1f M", $2 / 1000}' "$tmp/counts"; }
count true --machine q35
row 'instructions of Linux before PID 1, q35' "$(field 'pid 1')"
count true --display none
row 'the same, microvm with a console on its screen' "$(field 'pid 1')"
count true
row 'the same, microvm' "$(field 'pid 1')"
row 'instructions to the end of sh -c true' "$(field 'the system has ended')"
count 'exec sh -l -i </dev/null'
row 'instructions to the prompt, and the end' "$(field 'the system has ended')"
devices=$every
count 'exec sh -l -i </dev/null'
row 'the same, all devices' "$(field 'the system has ended')"
devices=
count_prompt
row 'instructions to the prompt (init, login, shell)' "$(field 'the prompt')"
devices=$every
count_prompt
row 'the same, all devices (60 M is the limit)' "$(field 'the prompt')"

median() {
    sort -n | awk '{a[NR] = $1}
        END {print a[int((NR + 1) / 2)] " ms", "(least: " a[1] ")"}'
}
ten() { for _ in 1 2 3 4 5 6 7 8 9 10; do "$@"; done | median; }
prompt() { ten expect -f "$here/prompt.exp" "$(machine '' '' "$@")"; }
row 'QEMU to the prompt, microvm' "$(prompt)"
row 'QEMU to the prompt, q35, SeaBIOS' "$(prompt --machine q35)"
row 'the same with what is shipped, compressed' "$(
    export PITH_VM_KERNEL="$out/pith-vm-$arch.bzImage"
    export PITH_VM_INITRD="$out/pith-vm-$arch.initramfs"
    prompt --machine q35)"
saved() { PITH_CACHE=$tmp expect -f "$here/resume.exp" "$run --snapshot"; }
saved >/dev/null # the first one saves it
row './run vm --snapshot to an answer at the prompt' "$(ten saved)"

mkdir -p "$tmp/disk/data"
"${PITH_CC:-$out/bin/pith-cc}" -O2 -o "$tmp/disk/data/fsync" "$here/fsync.c"
for place in /data/x /root/x; do
    "$run" --disk "$tmp/disk" \
        -c "for i in 0 1 2 3 4 5 6 7 8 9; do /data/fsync $place; done" |
        tr -d '\r' | sed -n 's/^fsync \([0-9]*\) us$/\1/p' >"$tmp/times"
    [ "$(wc -l <"$tmp/times")" = 10 ]
    row "4 KiB written and synced, ${place%/x}" "$(median <"$tmp/times" | sed s/ms/us/)"
done
