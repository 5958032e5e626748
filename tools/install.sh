#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Install what is missing from Debian's packages: `tools/install.sh build` for
# what ./run needs, `vm` for what ./run vm needs (`vm-aarch64`, `vm-riscv64` for
# those processors' machines), `test` for both and what ./test
# needs, `bench` for the peers of the benchmarks as well. Does nothing, and needs no rights, when all
# is there. Exit 1 with a sentence when something cannot be had.
set -eu

build="clang-19 lld-19 llvm-19 llvm-19-dev libclang-rt-19-dev-wasm32 wasi-libc
       libsqlite3-dev libsodium-dev libjansson-dev make dpkg-dev sqlite3 ca-certificates xz-utils
       linux-libc-dev libc6-dev bison flex gawk patch pkg-config autoconf automake file nodejs"
vm="libdrm-dev grub-common grub-pc-bin grub-efi-amd64-bin mtools gcc libclang-rt-19-dev libelf-dev bc zstd tcl
    qemu-system-x86"
vm_aarch64=qemu-system-arm
vm_riscv64=qemu-system-misc
test_="gcc libc6-dev-i386 gcc-multilib libclang-rt-19-dev tmux expect curl ovmf
       clang-tidy-19 clang-format-19 qemu-user libc6-dev-arm64-cross
       libgcc-12-dev-arm64-cross libc6-dev-riscv64-cross
       libgcc-12-dev-riscv64-cross chromium firefox-esr
       fonts-dejavu-core"
bench="wabt bzip2 zlib1g-dev"

case "${1:-build}" in
build) want=$build ;;
vm | vm-x86_64) want="$build $vm" ;;
vm-aarch64) want="$build $vm $vm_aarch64" ;;
vm-riscv64) want="$build $vm $vm_riscv64" ;;
test) want="$build $vm $test_ $vm_aarch64 $vm_riscv64" ;;
bench) want="$build $vm $test_ $vm_aarch64 $vm_riscv64 $bench" ;;
*)
    echo "usage: tools/install.sh [build|vm|vm-ARCH|test|bench]" >&2
    exit 2
    ;;
esac
# npm comes with some distributions of node, is a package with others
command -v npm >/dev/null 2>&1 || want="$want npm"
command -v node >/dev/null 2>&1 && want=$(echo "$want" | sed 's/nodejs//')

missing=
for p in $want; do
    s=$(dpkg-query -W -f '${db:Status-Abbrev}' "$p" 2>/dev/null || true)
    [ "$s" = "ii " ] || missing="$missing $p"
done
[ -n "$missing" ] || exit 0

as_root=
if [ "$(id -u)" != 0 ]; then
    if ! command -v sudo >/dev/null 2>&1; then
        echo "install:$missing are missing and this is neither root nor a" \
            "machine with sudo; install them and start again" >&2
        exit 1
    fi
    as_root=sudo
fi
echo "install:$missing" >&2
export DEBIAN_FRONTEND=noninteractive
if ! $as_root apt-get install -y -qq --no-install-recommends $missing \
    >/dev/null 2>&1; then
    $as_root apt-get update -qq || true
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
        --no-install-recommends $missing >&2 || {
        echo "install: apt-get could not install$missing; see above" >&2
        exit 1
    }
fi
