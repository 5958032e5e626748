# SPDX-License-Identifier: Apache-2.0
run_configure --disable-nls --disable-libmagic --enable-utf8 \
    --disable-extra --without-slang NCURSESW_CFLAGS="$CPPFLAGS" \
    NCURSESW_LIBS="$LDFLAGS -lncursesw"
make -C lib
make -C src
put_bin src/nano usr/bin
mkdir -p "$dest/usr/share/nano"
for f in asm awk c css changelog html java javascript json lua makefile man \
    markdown nanorc patch perl php python rust sh sql toml xml yaml; do
    [ ! -e "syntax/$f.nanorc" ] || put_file "syntax/$f.nanorc" usr/share/nano
done
