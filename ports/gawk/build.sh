# SPDX-License-Identifier: Apache-2.0
run_configure --disable-nls --disable-mpfr --disable-extensions \
    --disable-pma --without-readline
make -C support libsupport.a
cp "$lib/vfork.h" "$lib/vfork.c" .
"$CC" $CFLAGS -c vfork.c -o vfork.o
make gawk LDADD="support/libsupport.a vfork.o -lm"
put_bin gawk usr/bin
put_link gawk usr/bin/awk
