# SPDX-License-Identifier: Apache-2.0
# Toybox's own build: bash scripts that generate headers from the chosen
# commands (toybox.config, see there) and compile everything at once. The
# -D__linux__: our libc is musl and has its Linux interfaces. The list of links
# comes from the tool that `make install` uses.
cp "$recipe/toybox.config" .config
cp "$lib/vfork.h" "$lib/vfork.c" lib/
mkdir -p generated
CROSS_COMPILE='' HOSTCC="$HOSTCC" STRIP=true NOSTRIP=1 \
    OPTIMIZE="$OPT" CFLAGS="-w -D__linux__" LDOPTIMIZE="-Wl,--gc-sections" \
    KCONFIG_CONFIG=.config OUTNAME=toybox UNSTRIPPED=generated/unstripped \
    GENDIR=generated bash scripts/make.sh
put_bin toybox usr/bin
"$HOSTCC" -I . scripts/install.c -o generated/instlist
generated/instlist long | while read -r path; do
    [ "$path" = /usr/bin/toybox ] || put_link /usr/bin/toybox "${path#/}"
done
