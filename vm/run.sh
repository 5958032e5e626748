#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Pith in a virtual machine on this terminal.
#
#   ./run vm [OPTION]... [-- QEMU-OPTION...]
#
#   --data DIR       show this directory of the host at /data
#                    (default: DISK/data)
#   --disk DIR       where the system's disk lies
#                    (default: pith/vm below the XDG data directory)
#   --disk FILE.img  a raw disk, or a block device, instead; made (1 GiB, only
#                    what is used takes room) when it is missing
#   --ephemeral      no disk, no /data: everything is forgotten
#   --net            a network behind the host's (nobody can connect to it)
#   --address A/BITS[,GATEWAY]
#                    the same, with this address instead of DHCP's
#   --publish H:P    the same, and port H of the host's loopback is port P here
#   --display KIND   a screen, a keyboard and a pointer: a window (gtk, sdl), a
#                    VNC server (vnc=127.0.0.1:0), or none to see them there; the
#                    console is there as well
#   --snapshot       go on from a machine that was saved at its prompt (which the
#                    first time takes); it forgets everything but --data
#   --machine KIND   microvm (default), or q35: a whole PC, with ACPI
#   --cpus N         processors (more than one: of a q35)
#   --arch ARCH      another processor's machine, emulated: aarch64, riscv64
#   --memory SIZE    of the machine (default 256M, at least 64M)
#   -c COMMAND       run one command and end with its exit code
#
# The machine ends when the shell does, or by poweroff; ctrl-a x ends it hard.
# PITH_VM_DRY=1 prints the command line of QEMU instead; with -c it needs a
# directory in TMPDIR, which is then the caller's to remove.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
out=${PITH_OUT:-$top/out}
arch=${PITH_VM_ARCH:-$(uname -m)}
memory=256M display='' disk='' data='' ephemeral=no command= asked=no net=no address=dhcp word=
snapshot=no kind='' cpus=1 raw= errors=werror=report,rerror=report

usage() { sed -n '6,30s/^# \{0,3\}//p' "$0"; }
die() {
    echo "run vm: $*" >&2
    exit 2
}
# A/BITS[,GATEWAY] as Linux's ip= wants it; QEMU's name server
fixed_address() {
    echo "$1" | awk -F'[/,]' '
        function good(a, n, i) {
            n = split(a, part, ".")
            for (i = 1; i <= n; i++)
                if (part[i] !~ /^[0-9]+$/ || part[i] > 255)
                    return 0
            return n == 4
        }
        {
            if ($0 !~ /^[0-9.]+\/[0-9]+(,[0-9.]+)?$/ || !good($1) || $2 > 32 ||
                (NF == 3 && !good($3)))
                exit 1
            for (i = 0; i < 4; i++) {
                n = $2 - 8 * i
                n = n < 0 ? 0 : n > 8 ? 8 : n
                mask = mask (i ? "." : "") 256 - 2 ^ (8 - n)
            }
            print $1 "::" $3 ":" mask "::eth0:off:10.0.2.3"
        }'
}
while [ $# -gt 0 ]; do
    case $1 in
    --address | --arch | --cpus | --data | --display | --disk | --machine | \
        --memory | --publish | -c)
        [ $# -ge 2 ] || die "$1 wants a value; try: ./run vm --help" ;;
    esac
    case $1 in
    --data) data=$2; shift ;;
    --disk) disk=$2; shift ;;
    --display) display=$2; shift ;;
    --machine) kind=$2; shift ;;
    --cpus)
        case $2 in
        '' | 0* | *[!0-9]*) die "--cpus $2: want a number from 1 on" ;;
        esac
        cpus=$2; shift ;;
    --snapshot) snapshot=yes ;;
    --memory)
        # as QEMU reads it: a number alone is of megabytes
        echo "$2" | awk '{ n = $0; unit = tolower(substr(n, length(n))) }
            !/^[0-9]+([.][0-9]+)?[kKmMgG]?$/ { exit 1 }
            unit == "k" { n /= 1024 }
            unit == "g" { n *= 1024 }
            { exit n + 0 < 64 }' ||
            die "--memory $2: want at least 64M (a number, and M or G behind it)"
        memory=$2; shift ;;
    --arch) arch=$2; shift ;;
    -c) command=$2 asked=yes; shift ;;
    --ephemeral) ephemeral=yes ;;
    --net) [ "$net" != no ] || net= ;;
    --address)
        address=$(fixed_address "$2") ||
            die "--address $2: want ADDRESS/BITS[,GATEWAY], as 10.0.2.77/24"
        [ "$net" != no ] || net=
        shift ;;
    --publish)
        case $2 in
        *[!0-9:]* | *:*:* | :* | *:) die "--publish $2: want HOST:PORT" ;;
        *:*) ;;
        *) die "--publish $2: want two ports, as 8080:80" ;;
        esac
        [ "${2%:*}" -le 65535 ] && [ "${2#*:}" -le 65535 ] 2>/dev/null ||
            die "--publish $2: a port is at most 65535"
        [ "$net" != no ] || net=
        net=$net,hostfwd=tcp:127.0.0.1:${2%:*}-:${2#*:}
        shift ;;
    --help | -h) usage; exit 0 ;;
    --) shift; break ;;
    *) die "$1 is no option; try: ./run vm --help" ;;
    esac
    shift
done
[ "$ephemeral" = no ] || [ -z "$disk$data" ] ||
    die "--ephemeral has neither --disk nor --data"

[ "$snapshot" = no ] || [ "$asked$disk$display" = no ] ||
    die "--snapshot goes on in memory, at a prompt: it has no --disk (what is" \
        "to be kept: --data), no --display and no -c"
[ "$snapshot" = no ] || ephemeral=yes

# Devices sit on virtio-mmio or PCI; -rng and the like are named alike everywhere.
# The small kernel is for a microvm with one processor and a serial line.
bus=device kernel=$arch line="-serial mon:stdio"
[ "$arch" = x86_64 ] || [ "$snapshot$kind$cpus" = no1 ] ||
    die "--snapshot, --machine and --cpus are of x86_64"
case $arch in
x86_64)
    qemu=qemu-system-x86_64 console=console=ttyS0
    [ -n "$kind" ] || [ "$cpus" = 1 ] || kind=q35
    [ -z "$display$(echo "$kind" | sed s/microvm//)" ] || kernel=x86_64-pc
    case ${kind:-microvm} in
    microvm)
        [ "$cpus" = 1 ] || die "a microvm has one processor; try: --machine q35"
        # without ACPI a restart is the end; see vm/init/main.c
        machine=microvm,acpi=off quiet="loglevel=3 panic=-1 reboot=t pci=off" ;;
    q35) machine=q35 bus=pci quiet="loglevel=3 panic=-1" ;;
    *) die "--machine $kind: want microvm or q35" ;;
    esac
    [ -z "$display" ] || console="console=tty0 $console" ;;
aarch64)
    qemu=qemu-system-aarch64 machine=virt,gic-version=3
    console=console=ttyAMA0 quiet="loglevel=3 panic=-1" ;;
riscv64)
    # the firmware talks on the serial line: the terminal is another one
    qemu=qemu-system-riscv64 machine=virt console=console=hvc0
    line="-serial null -chardev stdio,id=line,mux=on,signal=off -mon line
        -device virtio-serial-pci -device virtconsole,chardev=line"
    quiet="loglevel=3 panic=-1" ;;
*) die "no machine of $arch can be run; try: --arch x86_64, aarch64 or" \
    "riscv64" ;;
esac
command -v $qemu >/dev/null 2>&1 ||
    die "$qemu is missing; try: tools/install.sh vm-$arch"

# Words for the kernel; those it does not know reach PID 1 as its environment.
env="TERM=${TERM:-dumb} PITH_CLOCK=$(date +%s)"
size=$(stty size 2>/dev/null | tr ' ' x) && [ -n "$size" ] &&
    env="$env PITH_SIZE=$size"
# Hardware virtualisation where it works, which only trying tells; else
# emulation, whose clocks the kernel cannot measure well: it is told.
kvm_works() (
    exec >/dev/null 2>&1
    [ "${PITH_ACCEL:-kvm}" = kvm ] && [ -w /dev/kvm ] &&
        [ "$arch" = "$(uname -m)" ] &&
        echo quit | timeout 5 $qemu -nodefaults -no-user-config -machine \
            $machine,accel=kvm -cpu host -display none -S -monitor stdio
)
if kvm_works; then
    accel=kvm cpu=host tuned=
else
    accel=tcg cpu=max tuned=
    # (its rep movsb counts and takes a step for each byte, so what the initramfs
    # took is not overwritten to be given back either)
    [ "$arch" != x86_64 ] || cpu=max,-erms
    [ "$arch" != riscv64 ] || cpu=rv64 # its `max` is of a later QEMU
    [ "$arch" != x86_64 ] || tuned="lpj=1000000 no_timer_check retain_initrd"
    # many processors tick by their own
    [ "$arch" != x86_64 ] || [ "$cpus" != 1 ] || tuned="noapictimer $tuned"
    khz=$("$out/vm/tsckhz" 2>/dev/null) || khz=
    [ "$arch" != x86_64 ] || [ -z "$khz" ] ||
        tuned="$tuned tsc_early_khz=$khz tsc=reliable"
fi

if [ "$ephemeral" = no ]; then
    base=${XDG_DATA_HOME:-${HOME:-}/.local/share}
    [ -n "$disk" ] || disk=$base/pith/vm
    case $disk in *.img) raw=yes ;; *) raw= ;; esac
    [ ! -b "$disk" ] || raw=yes
    [ -n "$raw" ] || [ -d "$disk" ] || [ ! -e "$disk" ] ||
        die "--disk $disk: want a directory, a block device, or FILE.img"
    [ ! -d "$disk" ] || [ -z "$raw" ] || die "--disk $disk: is a directory"
    [ -n "$data$raw" ] || data=$disk/data
fi
[ -d "$data" ] || [ ! -e "$data" ] || die "--data $data: is no directory"
case $disk$data in *,*) die "no comma in the names of files, please" ;; esac
# What the machine is to run, and its word of how it ended, go through a
# directory; the disk's own will do for the latter.
if [ "$asked" = yes ] || [ -n "$raw" ]; then
    word=$(mktemp -d "${TMPDIR:-/tmp}/pith-word.XXXXXX") || exit 1
    trap 'rm -rf "$word"' EXIT
    env="$env PITH_WORD=9p:word"
    set -- "$@" -fsdev "local,id=word,path=$word,security_model=none" \
        -device virtio-9p-$bus,fsdev=word,mount_tag=word
fi
if [ "$asked" = yes ]; then
    printf '%s\n' "$command" >"$word/command" || exit 1
    env="$env PITH_COMMAND="
fi
if [ -n "$raw" ]; then
    [ -e "$disk" ] || truncate -s 1G "$disk" || exit 1
    exec 9<"$disk" || exit 1
    env="$env PITH_ROOT=disk:vda"
    # the lock below is QEMU's own as well: it must not take it again; and what
    # cannot be written is for the system to say, not for QEMU to wait for
    set -- "$@" -drive "if=none,id=disk,format=raw,file.locking=off,$errors,file=$disk" \
        -device virtio-blk-$bus,drive=disk
elif [ "$ephemeral" = no ]; then
    mkdir -p "$disk" || exit 1
    exec 9>>"$disk/root.pith-lock" || exit 1
    word=${word:-$disk}
    env="$env PITH_ROOT=9p:root"
    set -- "$@" -fsdev "local,id=root,path=$disk,security_model=none" \
        -device virtio-9p-$bus,fsdev=root,mount_tag=root
fi
if [ "$ephemeral" = no ]; then
    # the lock that `pith --root` takes too; QEMU inherits it
    flock -n 9 || die "$disk is in use by another Pith; choose another --disk"
fi
if [ "$ephemeral" = no ] && [ -n "$data" ]; then
    mkdir -p "$data" || exit 1
    env="$env PITH_DATA=9p:data"
    set -- "$@" -fsdev "local,id=data,path=$data,security_model=none" \
        -device virtio-9p-$bus,fsdev=data,mount_tag=data
fi
if [ "$net" != no ]; then
    [ "$address" = dhcp ] ||
        net=$(echo "$net" | sed "s/-:/-${address%%:*}:/g")
    env="ip=$address PITH_NET=1 $env"
    set -- "$@" -netdev "user,id=net$net" -device virtio-net-$bus,netdev=net
fi
if [ -n "$display" ]; then
    set -- "$@" -device virtio-gpu-$bus -device virtio-keyboard-$bus \
        -device virtio-tablet-$bus
fi
[ "$bus" = pci ] || set -- "$@" -global virtio-mmio.force-legacy=false
set -- $qemu -nodefaults -no-user-config \
    -machine "$machine,accel=$accel" -cpu $cpu -smp "$cpus" -m "$memory" \
    -display "${display:-none}" -no-reboot -device virtio-rng-$bus "$@"
kernel=${PITH_VM_KERNEL:-$out/vm/kernel-$kernel/plain}
initrd=${PITH_VM_INITRD:-$out/vm/initramfs-$arch.cpio}
append="$console $quiet $tuned $env"
if [ "$snapshot" = yes ]; then
    . "$top/vm/snapshot.sh" # does not come back
fi
set -- "$@" $line -kernel "$kernel" -initrd "$initrd" \
    -append "$append"
if [ -n "${PITH_VM_DRY:-}" ]; then
    printf "'%s' " "$@"
    echo
    trap - EXIT
    exit 0
fi
while :; do
    [ -z "$word" ] || rm -f "$word/ended"
    if [ -t 0 ]; then
        "$@" || exit 1
    else
        "$@" </dev/null || exit 1
    fi
    [ -n "$word" ] || exit 0
    ended=$(cat "$word/ended" 2>/dev/null || echo 1)
    rm -f "$word/ended"
    [ "$ended" = restart ] || exit "$ended"
done
