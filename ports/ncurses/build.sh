# SPDX-License-Identifier: Apache-2.0
# Only the library: no programs, no terminfo data base. The descriptions of
# the terminals Pith meets are compiled in (--with-fallbacks), so that a
# program needs no file to draw. The machine's tic and infocmp write them.
run_configure --with-build-cc="$HOSTCC" --with-normal --without-shared \
    --without-debug --without-ada --without-cxx --without-cxx-binding \
    --without-manpages --without-progs --without-tests --without-dlsym \
    --without-pthread --without-gpm --disable-stripping \
    --enable-widec --disable-db-install --disable-home-terminfo \
    --with-fallbacks=linux,xterm,xterm-256color,vt100,vt220,ansi,dumb,screen,screen-256color,tmux,tmux-256color \
    --with-default-terminfo-dir=/usr/share/terminfo \
    --with-tic-path=/usr/bin/tic --with-infocmp-path=/usr/bin/infocmp \
    --enable-ext-colors --enable-const --disable-leaks \
    --with-termlib=no cf_cv_func_vsscanf=yes cf_cv_func_mkstemp=yes
make -C include
make -C ncurses
mkdir -p "$dev/lib" "$dev/include/ncursesw"
cp lib/libncursesw.a "$dev/lib/"
cp include/curses.h include/term.h include/termcap.h include/unctrl.h \
    include/ncurses_dll.h "$dev/include/"
for l in curses ncurses tinfo termcap tinfow cursesw; do
    ln -s libncursesw.a "$dev/lib/lib$l.a"
done
ln -s curses.h "$dev/include/ncurses.h"
for h in curses ncurses term unctrl ncurses_dll; do
    ln -s ../$h.h "$dev/include/ncursesw/$h.h"
done
