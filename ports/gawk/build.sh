# SPDX-License-Identifier: Apache-2.0
run_configure --disable-nls --disable-mpfr --disable-extensions \
    --disable-pma --without-readline
make -C support libsupport.a
make gawk
put_bin gawk usr/bin
put_link gawk usr/bin/awk
