#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# A disk that boots by BIOS or UEFI, and what updates it: disk.sh OUT ARCH writes
# OUT/pith-vm.img, the same under the name pith-vm-ARCH.img, and
# OUT/pith-vm-ARCH.update (x86_64). The same inputs give the same bytes.
#
#     sector 0      BIOS boot code and the partition table
#            1...   GRUB for BIOS, with vm/grub.cfg inside
#     vda1   4 MiB  FAT: GRUB for UEFI, with the same inside, and `state`: which
#                   slot is good, which is to be tried (vm/init/slots.c)
#     vda2  32 MiB  slot a: a kernel, and from 8 MiB on its initramfs
#     vda3  32 MiB  slot b
#     vda4   1 GiB  the system's disk (host/posix/store_raw.h), made at first
set -eu
umask 022
export LC_ALL=C SOURCE_DATE_EPOCH=1000000000

out=$1 arch=$2
here=$(cd "$(dirname "$0")" && pwd)
kernel=$out/pith-vm-$arch.bzImage
initramfs=$out/pith-vm-$arch.initramfs
work=$out/vm/disk
image=$out/pith-vm.img
. "$here/mbr.sh"
update=$out/pith-vm-$arch.update

esp=2048 a=10240 b=75776 data=141312 data_sectors=2097152
slot_linux=0 slot_initrd=16384 slot_sectors=65536

sectors() { echo $((($(stat -c %s "$1") + 511) / 512)); }
for f in "$kernel" "$initramfs"; do
    [ -s "$f" ] || {
        echo "disk.sh: $f is missing; try: make vm" >&2
        exit 1
    }
done
ksectors=$(sectors "$kernel") isectors=$(sectors "$initramfs")
[ "$ksectors" -le $slot_initrd ] &&
    [ "$isectors" -le $((slot_sectors - slot_initrd)) ] || {
    echo "disk.sh: the kernel or the initramfs has outgrown its slot" >&2
    exit 1
}
rm -rf "$work"
mkdir -p "$work/memdisk"

# ---- GRUB ------------------------------------------------------------------
cp "$here/grub.cfg" "$work/memdisk/grub.cfg"
tar -C "$work/memdisk" --format=ustar --mtime=@$SOURCE_DATE_EPOCH --owner=0 \
    --group=0 --numeric-owner --mode=644 -cf "$work/memdisk.tar" grub.cfg
echo 'normal (memdisk)/grub.cfg' >"$work/early.cfg"
modules="part_msdos regexp loadenv echo linux normal test memdisk tar fat serial
         terminal"
for kind in "i386-pc biosdisk core.img" "x86_64-efi efi_gop boot.efi"; do
    # shellcheck disable=SC2086
    set -- $kind
    # shellcheck disable=SC2086
    grub-mkimage -O "$1" -o "$work/$3" -p '(,msdos1)/' -m "$work/memdisk.tar" \
        -c "$work/early.cfg" $modules $2
done

# ---- the FAT: the state, and GRUB for UEFI ------------------------------------
# The state is its first file, so that its sectors follow one another, and where
# they are is said to the system: it writes there itself.
args="console=tty0 console=ttyS0 loglevel=3 panic=5 PITH_ROOT=disk:vda4"
state() { # what counts is in the first of its two sectors
    {
        printf '# GRUB Environment Block\n'
        printf 'good=a\ntry=\n'
        printf 'a_linux=%d+%d\n' $((a + slot_linux)) "$ksectors"
        printf 'a_initrd=%d+%d\n' $((a + slot_initrd)) "$isectors"
        printf 'b_linux=0+0\nb_initrd=0+0\n'
        printf 'a_at=%d\nb_at=%d\n' $a $b
        printf 'args=%s PITH_STATE=%s\n' "$args" "$1"
        head -c 1024 /dev/zero | tr '\0' '#'
    } | head -c 1024
}
state $esp >"$work/state"
truncate -s 4M "$work/esp"
mformat -i "$work/esp" -N 50495448 -v PITH -h 16 -s 32 -t 16 ::
touch -d @$SOURCE_DATE_EPOCH "$work/state" "$work/boot.efi"
mcopy -m -i "$work/esp" "$work/state" ::state
mmd -i "$work/esp" ::EFI ::EFI/BOOT
mcopy -m -i "$work/esp" "$work/boot.efi" ::EFI/BOOT/BOOTX64.EFI
at=$(grep -aboF '# GRUB Environment Block' "$work/esp" |
    head -n 1 | cut -d: -f1)
state $((esp + at / 512)) |
    dd of="$work/esp" bs=512 seek=$((at / 512)) conv=notrunc status=none

# ---- the disk ----------------------------------------------------------------
put() { dd of="$work/image" bs=512 seek="$1" conv=notrunc,sparse status=none; }

truncate -s $(((data + data_sectors) * 512)) "$work/image"
{
    head -c 440 /usr/lib/grub/i386-pc/boot.img
    little 1213479248 # the disk's number
    printf '\0\0'
    partition 357 $esp $((a - esp))
    partition 332 $a $slot_sectors
    partition 332 $b $slot_sectors
    partition 332 $data $data_sectors
    printf '\125\252'
} >"$work/mbr"
put 0 <"$work/mbr"
put 1 <"$work/core.img"
put $esp <"$work/esp"
put $((a + slot_linux)) <"$kernel"
put $((a + slot_initrd)) <"$initramfs"
mv "$work/image" "$image"
ln -f "$image" "$out/pith-vm-$arch.img"

# ---- the update: a page that says what follows, the kernel, the initramfs ----
{
    {
        echo "Pith update 1"
        for f in "$kernel" "$initramfs"; do
            echo "$(stat -c %s "$f") $(sha256sum <"$f" | cut -c1-64)"
        done
        head -c 4096 /dev/zero
    } | head -c 4096
    cat "$kernel" "$initramfs"
} >"$update.new"
mv "$update.new" "$update"
rm -rf "$work"
echo "disk.sh: $image and $update"
