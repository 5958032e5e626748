#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Builds one port: port.sh NAME OUT, where OUT is the build directory (out).
#
# ports/NAME/ holds the recipe:
#   port.conf   shell variables: package version sums licence summary,
#               optionally patched=no (without Debian's patches) and
#               needs="OTHER..." (ports whose headers and libraries it uses)
#   build.sh    commands, read into this script's environment in the unpacked
#               source; installs below $dest with the functions put_*
#   *.patch     our changes, applied in order; each says why on top
# and ports/lib (here $lib) what several of them use.
#
# Results, in OUT/ports/NAME/: src/ (the build tree), root/ (what goes into
# the root image), dev/ (headers and libraries for other ports), log, stamp.
# The stamp holds a checksum of everything the result depends on: the recipe,
# this script, pith-cc, libpith and the ports it needs. While that is the same
# nothing is done, so make may call this as often as it likes.
set -eu
umask 022

name=$1
mkdir -p "$2"
out=$(cd "$2" && pwd)
top=$(cd "$(dirname "$0")/.." && pwd)
recipe=$top/ports/$name
lib=$top/ports/lib
work=$out/ports/$name

[ -r "$recipe/port.conf" ] || {
    echo "port.sh: there is no port '$name'" >&2
    exit 1
}

package=$name
patched=yes
needs=
# shellcheck source=/dev/null
. "$recipe/port.conf"

pith_cc=${PITH_CC:-$out/bin/pith-cc}
[ -x "$pith_cc" ] || {
    echo "port.sh: $pith_cc is missing; make user builds it" >&2
    exit 1
}
inputs() {
    (cd "$top" && sha256sum ports/port.sh "$pith_cc" &&
        find "ports/$name" ports/lib -type f | LC_ALL=C sort | xargs sha256sum)
    for d in $needs; do
        cat "$out/ports/$d/stamp"
    done
    # headers, libraries and start files that pith-cc builds with
    [ ! -d "$out/sysroot" ] || (cd "$out/sysroot" &&
        find . -type f | LC_ALL=C sort | xargs -r sha256sum)
}
key=$(inputs | sed "s|$out|OUT|g" | sha256sum | cut -d' ' -f1)
if [ "$(cat "$work/stamp" 2>/dev/null || :)" = "$key" ]; then
    exit 0
fi

echo "port $name $version" >&2
mkdir -p "$work"
rm -f "$work/stamp"
src=$work/src
dest=$work/root
dev=$work/dev
log=$work/log
rm -rf "$dest" "$dev"
mkdir -p "$dest" "$dev"

# what our make was told is not for the makefiles of others
unset MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL O V B CI 2>/dev/null || :

CC=$pith_cc
AR=llvm-ar-19
RANLIB=llvm-ranlib-19
HOSTCC=gcc
command -v gcc >/dev/null 2>&1 || HOSTCC=clang-19
OPT=-O2
CFLAGS="$OPT -w"
LDFLAGS=
CPPFLAGS=
for d in $needs; do
    CPPFLAGS="$CPPFLAGS -I$out/ports/$d/dev/include"
    LDFLAGS="$LDFLAGS -L$out/ports/$d/dev/lib"
done
SOURCE_DATE_EPOCH=1700000000
TZ=UTC LC_ALL=C
export CC AR RANLIB HOSTCC CFLAGS CPPFLAGS LDFLAGS SOURCE_DATE_EPOCH TZ LC_ALL

# put_bin FILE DIR [NAME]: a program. Debug sections go, names stay: a trap's
# backtrace needs them.
put_bin() {
    mkdir -p "$dest/$2"
    strip_program "$1" "$dest/$2/${3:-$(basename "$1")}"
}

strip_program() { # IN OUT
    llvm-objcopy-19 --strip-debug --remove-section=producers "$1" "$2"
    chmod 755 "$2"
}

put_file() { # FILE DIR [NAME]
    mkdir -p "$dest/$2"
    install -m 644 "$1" "$dest/$2/${3:-$(basename "$1")}"
}

put_link() { # TARGET PATH
    mkdir -p "$dest/$(dirname "$2")"
    ln -sf "$1" "$dest/$2"
}

# Runs a package's own configure for our target. Old copies of config.sub do
# not know the name of our system, hence ours that only repeats what it is
# given; a program it cannot run is a cross build.
run_configure() {
    find . -name config.sub | while read -r f; do
        printf '#!/bin/sh\necho wasm32-unknown-wasi\n' >"$f"
        chmod +x "$f"
    done
    CC_FOR_BUILD=$HOSTCC BUILD_CC=$HOSTCC \
        ./configure --build=x86_64-pc-linux-gnu --host=wasm32-unknown-wasi \
        --prefix=/usr --sysconfdir=/etc --localstatedir=/var "$@"
}

# compile_all DIR FLAGS -- FILE...: objects in $objs
compile_all() {
    d=$1
    flags=$2
    shift 3
    objs=
    mkdir -p "$d"
    for f in "$@"; do
        o=$d/$(echo "${f%.c}" | tr / _).o
        objs="$objs $o"
        # shellcheck disable=SC2086
        "$CC" $CPPFLAGS $CFLAGS $flags -c "$f" -o "$o"
    done
}

unpack() {
    case $patched in yes) how=source ;; *) how=source-raw ;; esac
    # shellcheck disable=SC2086
    "$top/tools/debian.sh" $how "$package" "$version" "$src" $sums
    for p in "$recipe"/*.patch; do
        [ ! -e "$p" ] || patch -d "$src" -s -p1 -N -E -V never -i "$p"
    done
}

build() {
    unpack
    cd "$src"
    # shellcheck source=/dev/null
    . "$recipe/build.sh"
    # the same bytes wherever it is built
    ! grep -rlF "$out" "$dest" || {
        echo "these name the directory they were built in"
        exit 1
    }
}

# not in a condition: the subshell must stop at the first command that fails
set +e
(
    set -e
    build
) >"$log" 2>&1 </dev/null
code=$?
set -e
if [ "$code" != 0 ]; then
    tail -n 20 "$log" >&2
    echo "port.sh: $name does not build; the whole log is $log" >&2
    exit 1
fi
echo "$key" >"$work/stamp"
