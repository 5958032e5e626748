#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# A disk that boots where the firmware is U-Boot, which is what boards and
# machines of these processors have: disk-uboot.sh OUT ARCH writes
# OUT/pith-vm-ARCH.img (aarch64, riscv64). The same inputs give the same bytes.
#
#     sector 0       the partition table
#     vda1   32 MiB  FAT: what U-Boot looks for (extlinux.conf), the kernel as it
#                    is unpacked, the initramfs
#     vda2    1 GiB  the system's disk (host/posix/store_raw.h), made at first
#
# To update it, put other files into their places: U-Boot reads no slots' state.
set -eu
umask 022
export LC_ALL=C SOURCE_DATE_EPOCH=1000000000

out=$1 arch=$2
here=$(cd "$(dirname "$0")" && pwd)
. "$here/mbr.sh"
kernel=$out/vm/kernel-$arch/plain
initramfs=$out/pith-vm-$arch.initramfs
work=$out/vm/disk-$arch
image=$out/pith-vm-$arch.img
boot=2048 boot_sectors=65536
data=$((boot + boot_sectors)) data_sectors=2097152

case $arch in
aarch64) console=ttyAMA0 ;;
riscv64) console=ttyS0 ;;
*)
    echo "disk-uboot.sh: $arch has another disk: make vm-image" >&2
    exit 1 ;;
esac
rm -rf "$work"
mkdir -p "$work"
cat >"$work/extlinux.conf" <<CONF
default pith
label pith
    kernel /kernel
    initrd /initramfs
    append console=$console loglevel=3 panic=5 PITH_ROOT=disk:vda2
CONF
cp "$kernel" "$work/kernel"
cp "$initramfs" "$work/initramfs"
touch -d @$SOURCE_DATE_EPOCH "$work"/*
truncate -s $((boot_sectors * 512)) "$work/boot"
mformat -i "$work/boot" -N 50495448 -v PITH -h 16 -s 32 -t 128 ::
mmd -i "$work/boot" ::extlinux
mcopy -m -i "$work/boot" "$work/extlinux.conf" ::extlinux/extlinux.conf
mcopy -m -i "$work/boot" "$work/kernel" "$work/initramfs" ::

{
    head -c 440 /dev/zero
    little 1213479248 # the disk's number
    printf '\0\0'
    partition 014 $boot $boot_sectors 200
    partition 332 $data $data_sectors
    head -c 32 /dev/zero
    printf '\125\252'
} >"$work/image"
truncate -s $(((data + data_sectors) * 512)) "$work/image"
dd if="$work/boot" of="$work/image" bs=512 seek=$boot conv=notrunc,sparse \
    status=none
mv "$work/image" "$image"
rm -rf "$work"
echo "disk-uboot.sh: $image"
