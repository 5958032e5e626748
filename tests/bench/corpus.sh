#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Build the benchmark corpus twice: out/bench/NAME (native, clang-19 -O2) and
# out/bench/NAME.wasm (the same C for WASI). bzip2, zlib, Lua and SQLite come
# from Debian's source packages. CoreMark is in no registry: it is built when
# COREMARK names a directory with its source, and left out otherwise.
set -eu
cd "$(dirname "$0")/../.."
o=out/bench
here=tests/bench
mkdir -p $o
wasm="clang-19 --target=wasm32-wasi -O2 -Wl,-z,stack-size=1048576
      -lwasi-emulated-process-clocks -lwasi-emulated-signal
      -D_WASI_EMULATED_SIGNAL -D_WASI_EMULATED_PROCESS_CLOCKS -w"
native="clang-19 -O2 -w"

clang-19 -O2 -o $o/measure $here/measure.c

# build NAME SOURCES-AND-FLAGS... ; set -- keeps paths with no spaces simple
build() {
    name=$1
    shift
    [ -e "$o/$name" ] && [ -e "$o/$name.wasm" ] && return 0
    $native -o "$o/$name" "$@" -lm
    $wasm -o "$o/$name.wasm" "$@" -lm
    echo "$name"
}

for k in $here/kernels/*.c; do
    n=$(basename "$k" .c)
    [ "$k" -nt "$o/$n.wasm" ] && rm -f "$o/$n" "$o/$n.wasm"
    build "$n" "$k"
done

src=$o/src
fetch() { # NAME VERSION SHA256...
    dir=$src/$1
    name=$1
    version=$2
    shift 2
    [ -d "$dir" ] || tools/debian.sh source-raw "$name" "$version" "$dir" "$@"
}
fetch bzip2 1.0.8-5 \
    d68c6eba11d70e14319e24ef1451880a03023b2b75364646adb117086db36039 \
    ab5a03176ee106d3f0fa90e381da478ddae405918153cca248e682cd0c4a2269
fetch zlib 1:1.2.13.dfsg-1 \
    f66cf3d4f2d7defcd4d1fd1fb0a11ee39f1e01b42ec7d059c9dc5c1695133c44 \
    71feb7947e3c00ef125f83b79a4e529bde31171e5babe48b391f06758d1ab0a1
fetch lua5.4 5.4.4-3+deb12u1 \
    2d8e0e380722c648cfeffb8d58287865619b4d035544d93d7ef3a2eaf627abe6 \
    164c7849653b80ae67bec4b7473b884bf5cc8d2dca05653475ec2ed27b9ebf61

b=$src/bzip2
build bzip2 -DBZ_NO_STDIO -I$b $here/drivers/bzip2_main.c $b/blocksort.c \
    $b/huffman.c $b/crctable.c $b/randtable.c $b/compress.c $b/decompress.c \
    $b/bzlib.c
z=$src/zlib
build zlib -I$z $here/drivers/zlib_main.c $z/adler32.c $z/compress.c \
    $z/crc32.c $z/deflate.c $z/inffast.c $z/inflate.c $z/inftrees.c \
    $z/trees.c $z/uncompr.c $z/zutil.c
l=$src/lua5.4/src
sed 's/\\/\\\\/g; s/"/\\"/g; s/.*/"&\\n"/; 1s/^/static const char lua_script[] =\n/; $s/$/;/' \
    $here/drivers/bench.lua >$o/lua_script.h
# shellcheck disable=SC2046
build lua '-DLUAI_THROW(L,c)=abort()' '-DLUAI_TRY(L,c,a)=a' \
    -Dluai_jmpbuf=int -include stdlib.h -I$here/drivers/stub -I$l -I$o \
    $here/drivers/lua_main.c \
    $(ls $l/*.c | grep -v -e '/lua\.c' -e '/luac\.c' -e linit -e loslib \
        -e liolib -e loadlib -e ldblib -e lcorolib -e lutf8lib)
# the port has SQLite's amalgamation and its benchmark, generated
s=out/ports/sqlite3/src
if [ -e $s/sqlite3.c ]; then
    build sqlite -DSQLITE_OS_OTHER=1 -DSQLITE_THREADSAFE=0 \
        -DSQLITE_OMIT_LOAD_EXTENSION -DSQLITE_TEMP_STORE=3 \
        -DSQLITE_DEFAULT_MEMSTATUS=0 -D_WASI_EMULATED_GETPID \
        -I$s $s/sqlite3.c $s/test/speedtest1.c $here/drivers/sqlite_vfs.c
else
    echo "sqlite: left out; make ports first" >&2
fi
if [ -n "${COREMARK:-}" ]; then
    c=$COREMARK
    build coremark -DPERFORMANCE_RUN=1 -DSEED_METHOD=SEED_VOLATILE \
        -DITERATIONS=8000 -DFLAGS_STR=\"-O2\" -I"$c" -I"$c/posix" \
        "$c"/core_list_join.c "$c"/core_main.c "$c"/core_matrix.c \
        "$c"/core_state.c "$c"/core_util.c "$c"/posix/core_portme.c
else
    echo "coremark: left out; set COREMARK to its source directory" >&2
fi
