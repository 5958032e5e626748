# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
#
# The part of run.sh that goes on from a saved machine (--snapshot); "$@" is
# QEMU's command line, without its terminal and what it boots.
#
#     KEPT/memory   of the machine at its prompt
#     KEPT/state    the rest of it (QEMU's migration stream)
#     KEPT/screen   what it had said until then
#
# A machine that is saved has its memory in that file; one that goes on maps it
# privately, so nothing is read that it does not touch. (x-ignore-shared: the
# stream is without memory that is shared; both sides must have said so.)
#
# KEPT is below the user's cache directory, named after all that the machine
# depends on; one of other inputs is made anew. What differs from run to run, the
# time, random numbers, the terminal's size and /data, is said through a serial
# port (vm/init/resume.c). A share of 9P that is mounted would keep QEMU from
# saving: it is mounted when the machine goes on.

work=$(mktemp -d "${TMPDIR:-/tmp}/pith-snapshot.XXXXXX") || exit 1

trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP
case $data in *,*) die "no comma in the names of files, please" ;;
esac
mkdir -p "$work/empty" ${data:+"$data"} || exit 1
key=$(
    {
        echo "2 ${TERM:-dumb} $net $address" | sed 's/,hostfwd=[^,]*//g'
        stat -Lc '%n %s %Y %i' "$kernel" "$initrd" "$(command -v "$qemu")" &&
            echo "$machine $accel $cpu $cpus $memory" || exit 1
    } | cksum | tr ' ' -
) || exit 1
kept=${PITH_CACHE:-${XDG_CACHE_HOME:-${HOME:+$HOME/.cache}}}
kept=${kept:-${TMPDIR:-/tmp}}/pith/snapshot-$key

set -- "$@" -device "virtio-serial-$bus" \
    -chardev "pipe,id=word,path=$work/word" \
    -device virtserialport,chardev=word,name=pith.resume \
    -chardev "pipe,id=monitor,path=$work/monitor" -mon monitor \
    -machine memory-backend=ram
backend=memory-backend-file,id=ram,size=$memory

save() ( # QEMU...
    umask 077
    say() { echo "run vm: $*" >&2; }
    mkdir -p "$kept.$$" || exit 1
    : >"$work/screen"
    small=$(echo "$append" | sed 's/ retain_initrd//') # what is freed is not saved
    "$@" -fsdev "local,id=data,path=$work/empty,security_model=none" \
        -device "virtio-9p-$bus,fsdev=data,mount_tag=data" \
        -serial "file:$work/screen" -kernel "$kernel" -initrd "$initrd" \
        -object "$backend,share=on,mem-path=$kept.$$/memory" \
        -append "$small PITH_RESUME=1" >"$work/qemu" 2>&1 </dev/null &
    machine=$!
    trap 'kill $machine 2>/dev/null
        rm -rf "$kept.$$"' EXIT
    tries=0
    until tail -c 2 "$work/screen" | grep -q '^[#$] $'; do
        tries=$((tries + 1))
        kill -0 $machine 2>/dev/null && [ $tries -lt 6000 ] || {
            say "the machine did not come to its prompt; it said:"
            tail -n 5 "$work/screen" "$work/qemu" >&2
            exit 1
        }
        sleep 0.1
    done
    echo save >"$work/word.in"
    timeout 300 head -n 1 "$work/word.out" | grep -q '^ready' || {
        say "the machine does not answer; it said:"
        tail -n 5 "$work/screen" >&2
        exit 1
    }
    cat "$work/monitor.out" >"$work/monitor" &
    printf '%s\n' 'migrate_set_capability x-ignore-shared on' \
        "migrate \"exec:cat >'$work/state'\"" 'info migrate' \
        >"$work/monitor.in"
    tries=0
    until grep -aqE 'status: (completed|failed)|^Error' "$work/monitor"; do
        tries=$((tries + 1))
        kill -0 $machine 2>/dev/null && [ $tries -lt 6000 ] || break
        sleep 0.1
    done
    # Not by `quit`: in its end QEMU tells the devices, in the machine's memory.
    kill -9 $machine
    wait $machine 2>/dev/null
    grep -aq 'status: completed' "$work/monitor" || {
        say "QEMU could not save the machine:"
        grep -a 'Error' "$work/monitor" "$work/qemu" >&2
        exit 1
    }
    mv "$work/state" "$work/screen" "$kept.$$/" && mv -T "$kept.$$" "$kept" ||
        exit 1
    trap - EXIT
    # a few are kept, of other terminals and options
    ls -dt "${kept%/*}/snapshot-"* | sed 1,4d | while read -r old; do
        rm -rf "$old"
    done
)

mkfifo "$work/word.in" "$work/word.out" "$work/monitor.in" "$work/monitor.out" ||
    exit 1
if [ ! -s "$kept/state" ] && [ -z "${PITH_VM_DRY:-}" ]; then
    echo "run vm: saving a machine, once" >&2
    save "$@" || exit 1
fi
set -- "$@" -fsdev "local,id=data,path=${data:-$work/empty},security_model=none" \
    -device "virtio-9p-$bus,fsdev=data,mount_tag=data" \
    -object "$backend,share=off,mem-path=$kept/memory" \
    -serial mon:stdio -incoming defer
if [ -n "${PITH_VM_DRY:-}" ]; then
    printf "'%s' " "$@"
    echo
    exit 0
fi
while :; do
    exec 7<>"$work/word.out" 8<>"$work/word.in" 5<>"$work/monitor.in" \
        6<>"$work/monitor.out"
    printf '%s\n' 'migrate_set_capability x-ignore-shared on' \
        "migrate_incoming \"exec:cat '$kept/state'\"" >&5
    {
        echo "clock $(date +%s)"
        echo "random $(od -An -tx1 -N64 /dev/urandom | tr -d ' \n')"
        [ -z "$size" ] || echo "size $size"
        [ -z "$data" ] || echo "data data"
        echo go
    } >&8
    cat "$kept/screen"
    if [ -t 0 ]; then
        "$@" || exit 1
    else
        "$@" </dev/null || exit 1
    fi
    echo 1 >&7 # when it said nothing
    read -r ended <&7
    exec 5>&- 6>&- 7>&- 8>&-
    [ "$ended" = restart ] || exit "$ended"
done
