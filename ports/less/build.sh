# SPDX-License-Identifier: Apache-2.0
run_configure --with-regex=posix --with-editor=vi
make less
put_bin less usr/bin
