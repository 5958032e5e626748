#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The Linux kernel that Pith boots on: kernel.sh OUT ARCH writes
# OUT/vm/kernel-ARCH/{kernel,plain,config,sha256}: as small as it gets, and as
# quick to start (not compressed). ARCH is x86_64 (a microvm), x86_64-pc (any PC
# with virtio), aarch64 or riscv64. kernel.sh OUT ARCH kept: exit 0 when that is
# there or in the cache, 3 when it would have to be built.
#
# Source: Debian's linux-source; configuration: allnoconfig, kernel.config and
# kernel-ARCH.config (x86_64-pc: on top of x86_64's), every line of which must
# survive Kconfig. The result depends on these, on the recipe below and on the
# compiler; what is built is kept under a hash of them, in OUT and below the user's
# cache directory (PITH_CACHE or XDG_CACHE_HOME), so a second clone takes it from
# there. No time, host name or path gets into it: the same inputs give the same
# bytes.
set -eu
umask 022
export LC_ALL=C

out=$(mkdir -p "$1/vm" && cd "$1" && pwd)
arch=$2
top=$(cd "$(dirname "$0")/.." && pwd)
here=$top/vm

series=6.12
version=6.12.95-1~bpo12+1
sum=a7fe4673af74236c99dad9766eca714a198e50a07e5d659e63ec312ae6afccfe
suite=bookworm-backports

# Clang is every architecture's compiler, so no other is asked for; a PC's own
# gcc makes its kernel smaller. `plain` is what starts without being unpacked.
case $arch in
x86_64 | x86_64-pc)
    karch=x86_64 tools= target=bzImage
    image=arch/x86/boot/bzImage plain=vmlinux
    # Made small, gcc copies by bytes (rep movsb), which under emulation is an
    # instruction for each: the initramfs, and what is overwritten at the end of
    # the boot, by eights. And the hash of random numbers, which runs 256 tests of
    # itself where CONFIG_CRYPTO is not there to say no.
    eights="-O2 -minline-all-stringops -mmemcpy-strategy=rep_8byte:-1:noalign"
    eights="$eights -mmemset-strategy=rep_8byte:-1:noalign"
    untested=-DCONFIG_CRYPTO_MANAGER_DISABLE_TESTS=1
    make() {
        env CFLAGS_iov_iter.o="$eights" CFLAGS_page_alloc.o="$eights" \
            CFLAGS_head64.o="$eights" CFLAGS_blake2s.o="$untested" make "$@"
    }
    compiler() {
        gcc -dumpfullversion && ld --version | head -n 1 &&
            echo "$eights $untested"
    } ;;
aarch64)
    karch=arm64 tools=LLVM=-19 target=Image.gz
    image=arch/arm64/boot/Image.gz plain=arch/arm64/boot/Image
    compiler() { clang-19 --version | head -n 1; } ;;
riscv64)
    # nothing unpacks it: QEMU and firmware start it as it is
    karch=riscv tools=LLVM=-19 target=Image
    image=arch/riscv/boot/Image plain=$image
    compiler() { clang-19 --version | head -n 1; } ;;
*)
    echo "kernel.sh: no kernel is known for $arch" >&2
    exit 1 ;;
esac
fragments="$here/kernel.config $here/kernel-${arch%-pc}.config"
[ "${arch%-pc}" = "$arch" ] || fragments="$fragments $here/kernel-$arch.config"
# shellcheck disable=SC2086
key=$(
    {
        echo "$version $sum"
        compiler
        sed -n '/^# recipe {/,/^# }/p' "$0"
        cat $fragments
    } | sha256sum | cut -c1-32
)
dir=$out/vm/kernel-$arch
[ "$(cat "$dir/key" 2>/dev/null)" != "$key" ] || exit 0

cache=${PITH_CACHE:-${XDG_CACHE_HOME:-${HOME:+$HOME/.cache}}}
cache=${cache:+$cache/pith/kernel-$arch-$key}
take() { # FROM TO: all at once or not at all
    rm -rf "$2.new"
    mkdir -p "$2.new"
    cp "$1/kernel" "$1/plain" "$1/config" "$1/sha256" "$1/key" "$2.new/"
    rm -rf "$2"
    mv "$2.new" "$2"
}
if [ -n "$cache" ] && [ "$(cat "$cache/key" 2>/dev/null)" = "$key" ] &&
    (cd "$cache" && sha256sum -c --quiet sha256) >/dev/null 2>&1; then
    take "$cache" "$dir"
    exit 0
fi
[ "${3:-}" != kept ] || exit 3

# progress goes to descriptor 3 where the caller has opened it (./run, ./test)
if (: >&3) 2>/dev/null; then exec 4>&3; else exec 4>&2; fi
say() { echo "kernel.sh: $*" >&4; }
build=$out/vm/linux-$arch
log=$out/vm/linux-$arch.log
say "building Linux $version for $arch (5 to 15 minutes, once; log: $log)"
rm -rf "$build"
mkdir -p "$build"
sh "$top/tools/debian.sh" unpack "$suite" "linux-source-$series=$version" \
    "$build/deb" "$sum"
# the registers of AMD's graphics cards are a fifth of it all
tar -C "$build" --strip-components=1 --exclude='*/drivers/gpu/drm/amd/include' \
    -xf "$build/deb/usr/src/linux-source-$series.tar.xz"
rm -rf "$build/deb"
cd "$build"
# recipe {
export KBUILD_BUILD_TIMESTAMP='Fri Jan  2 00:00:00 UTC 2026' \
    KBUILD_BUILD_USER=pith KBUILD_BUILD_HOST=pith KBUILD_BUILD_VERSION=1
unset MAKEFLAGS MFLAGS MAKELEVEL CC CFLAGS LDFLAGS || :
# shellcheck disable=SC2086
cat $fragments >fragment
make ARCH=$karch $tools KCONFIG_ALLCONFIG=fragment allnoconfig \
    >"$log" 2>&1 || {
    tail -n 20 "$log" >&2
    exit 1
}
lost=$(grep '^CONFIG_' fragment | while read -r line; do
    grep -qxF "$line" .config || echo " $line"
done)
[ -z "$lost" ] || {
    say "Kconfig does not take:$lost"
    exit 1
}
# Progress: the objects that are built, of as many as the fragment says.
total=$(sed -n 's/^# objects: //p' "$here/kernel-$arch.config")
jobs=${PITH_JOBS:-$(nproc)}
{
    make -j"$jobs" ARCH=$karch $tools $target 2>&1 ||
        echo "kernel.sh: make failed"
} | tee -a "$log" | awk -v total="${total:-1400}" '
    $1 == "CC" || $1 == "AS" {
        p = int(++n * 100 / total)
        if (p >= last + 5 && p <= 100) {
            last = p - p % 5
            printf "kernel.sh: %d %%\n", last > "/dev/fd/4"
        }
    }
    END { print n > "objects" }'
if [ ! -s "$image" ] || tail -n 1 "$log" | grep -q 'make failed'; then
    grep -B 2 -A 10 -m 1 'error:' "$log" >&4 || tail -n 20 "$log" >&4
    say "the kernel could not be built; the whole log is $log"
    exit 1
fi
rm -rf "$dir.new"
mkdir -p "$dir.new"
cp "$image" "$dir.new/kernel"
cp "$plain" "$dir.new/plain"
[ "$arch" != x86_64 ] || strip -s -R .comment "$dir.new/plain"
# }
# (not in the recipe, which would build every other kernel again)
[ "$arch" != x86_64-pc ] || strip -s -R .comment "$dir.new/plain"
cp .config "$dir.new/config"
(cd "$dir.new" && sha256sum kernel plain config >sha256)
echo "$key" >"$dir.new/key"
say "$(stat -c %s "$dir.new/kernel") bytes, $(cat objects) objects"
rm -rf "$dir"
mv "$dir.new" "$dir"
cd "$out"
rm -rf "$build"
if [ -n "$cache" ]; then
    mkdir -p "${cache%/*}" && take "$dir" "$cache" ||
        say "$cache could not be written; this clone has its own"
fi
