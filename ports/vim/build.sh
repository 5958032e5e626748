# SPDX-License-Identifier: Apache-2.0
# The same choice of features as Debian's vim-tiny, which is the vi of a
# Debian system. USE_SYSTEM: filters and :! run through system(), which needs
# no fork. TINY_VIMRC: started as vi, it reads vimrc.tiny and does not miss
# defaults.vim, which is in another package. What configure cannot find out
# without running a program is given.
CFLAGS="$CFLAGS -DUSE_SYSTEM -DTINY_VIMRC" run_configure --with-features=tiny \
    --with-compiledby=Pith --with-tlib=ncursesw --enable-gui=no --without-x \
    --disable-nls --disable-acl --disable-gpm --disable-sysmouse \
    --disable-selinux --disable-xim --disable-netbeans --disable-canberra \
    --disable-libsodium --disable-smack --disable-darwin \
    vim_cv_toupper_broken=no vim_cv_terminfo=yes vim_cv_tgetent=zero \
    vim_cv_getcwd_broken=no vim_cv_stat_ignores_slash=no \
    vim_cv_memmove_handles_overlap=yes vim_cv_timer_create=no \
    vim_cv_tty_group=world vim_cv_tty_mode=0620 ac_cv_small_wchar_t=no
# what :version says of the compiler is without the place it lies in
make -C src auto/pathdef.c
sed -i "s|$out/|/|g" src/auto/pathdef.c
make -C src vim
put_bin src/vim usr/bin
put_link vim usr/bin/vi
put_link vim usr/bin/view
put_file "$recipe/vimrc.tiny" usr/share/vim
put_file "$recipe/vimrc" usr/share/vim
