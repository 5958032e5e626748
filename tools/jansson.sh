#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Build libjansson.a from Debian's source package into directory $1 with the
# compiler's flags $2..., for a pith-spec of another width or machine than this
# one: Debian has it only for the machine's own.
set -eu
dir=$1
shift
out=$(mkdir -p "$dir" && cd "$dir" && pwd)
cd "$(dirname "$0")/.."
[ -e "$out/libjansson.a" ] && exit 0
[ -d "$out/jansson" ] || tools/debian.sh source jansson 2.14-2 "$out/jansson" \
    e89fe4fd8221f6934ddb50f2e7f8404311928d0e23e49a5599f3d3d14ee8cb88 \
    c739578bf6b764aa0752db9a2fdadcfe921c78f1228c7ec0bb47fa804c55d17b
cd "$out/jansson/src"
sed -e 's/@json_inline@/inline/; s/@json_have_long_long@/1/' \
    -e 's/@json_have_localeconv@/1/; s/@json_have_atomic_builtins@/1/' \
    -e 's/@json_have_sync_builtins@/1/' jansson_config.h.in >jansson_config.h
: >jansson_private_config.h
for f in *.c; do
    clang-19 "$@" -O2 -w -DHAVE_CONFIG_H -DHAVE_STDINT_H -DHAVE_UNISTD_H -DHAVE_FCNTL_H \
        -DHAVE_SYS_TIME_H -DHAVE_SYS_TYPES_H -DHAVE_STRTOLL \
        -DHAVE_LOCALECONV -DHAVE_GETTIMEOFDAY -DHAVE_GETPID -DHAVE_OPEN \
        -DHAVE_CLOSE -DHAVE_READ -DUSE_URANDOM -DINITIAL_HASHTABLE_ORDER=3 \
        -I. -c -o "$out/${f%.c}.o" "$f"
done
ar rcsD "$out/libjansson.a" "$out"/*.o
