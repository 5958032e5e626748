#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# run.sh TEST-PROGRAM BUILD: the test program; then `make install` into a fresh
# place, and the example built there by its own Makefile, shared and static.
set -u
cd "$(dirname "$0")/../.." || exit 1
program=$1
at=$(mkdir -p "$2/test" && cd "$2/test" && pwd)/capi-install
passed=0 failed=0
ok() { # WHAT COMMAND...
    what=$1
    shift
    if "$@" >"$at.log" 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL $what:"
        sed 's/^/    /' "$at.log"
    fi
}

line=$("$program") || failed=$((failed + 1))
echo "$line"
n=$(echo "$line" | sed -n 's/^\([0-9]*\) passed, .*/\1/p')
passed=$((passed + ${n:-0}))
[ -n "$n" ] || failed=$((failed + 1))

rm -rf "$at"
usr=/opt/pith
lib=$at$usr/lib
ok "make install" make -s install DESTDIR="$at" PREFIX=$usr
ok "bin/pith is installed" "$at$usr/bin/pith" --help
only_wasm() {
    ! nm -D --defined-only "$lib/libpith-wasm.so" | grep -v ' wasm_' &&
        ! nm -g --defined-only "$lib/libpith-wasm.a" | grep ' ' |
        grep -v ' wasm_'
}
ok "nothing but wasm_* is exported" only_wasm
soname() {
    readelf -d "$lib/libpith-wasm.so" | grep -q 'SONAME.*\[libpith-wasm.so.0\]'
}
ok "the soname" soname

# The staged place stands in for the real one.
cp -r capi/examples "$at/src"
export PKG_CONFIG_PATH="$lib/pkgconfig" PKG_CONFIG_SYSROOT_DIR="$at"
ok "the example builds" make -s -C "$at/src" all
greets() {
    [ "$("$@" | tail -n 2 | tr '\n' ,)" = \
        'hello from WebAssembly,it printed 69 bytes,' ]
}
ok "the example runs" env LD_LIBRARY_PATH="$lib" sh -c \
    "cd $at/src && [ \"\$(./hello | tail -n 1)\" = 'it printed 69 bytes' ]"
ok "it builds statically" cc -o "$at/src/static" "$at/src/hello.c" \
    "-I$at$usr/include" "$lib/libpith-wasm.a" -lm -lpthread
ok "and runs" greets "$at/src/static" "$at/src/hello.wasm"
ok "a bad module is refused" sh -c "! $at/src/static $at/src/hello.c"
printf '#include <wasm.h>\nint main() { return WASM_I32; }\n' >"$at/src/x.cc"
ok "C++ takes the header" clang-19 -x c++ -Wall -Wextra -Werror -fsyntax-only \
    "-I$at$usr/include" "$at/src/x.cc"

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
