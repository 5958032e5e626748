# SPDX-License-Identifier: Apache-2.0
# Lua needs no configure. LUA_USE_POSIX brings popen, mkstemp, gmtime_r and
# isatty; no dynamic loading and no readline. lua.c and luac.c are the mains.
cd src
# included by Debian's patch of luaconf.h; names the directory of C modules
echo "#define DEB_HOST_MULTIARCH \"wasm32-pith\"" >lua5.4-deb-multiarch.h
lib=$(ls l*.c | grep -v -e '^lua\.c$' -e '^luac\.c$')
compile_all obj "-DLUA_USE_POSIX -DLUA_COMPAT_5_3" -- $lib
"$CC" $CFLAGS -DLUA_USE_POSIX -DLUA_COMPAT_5_3 lua.c $objs -o lua.wasm
"$CC" $CFLAGS -DLUA_USE_POSIX -DLUA_COMPAT_5_3 luac.c $objs -o luac.wasm
put_bin lua.wasm usr/bin lua
put_bin luac.wasm usr/bin luac
