# SPDX-License-Identifier: Apache-2.0
# The file list of src/Makefile.am. jq speaks UTF-8 only, but the encodings
# are reached through pointers and cost nothing where they are not linked.
cd src
cp "$recipe/config.h" config.h
compile_all obj "-DHAVE_CONFIG_H -I." -- regparse.c regcomp.c regexec.c \
    regenc.c regerror.c regext.c regsyntax.c regtrav.c regversion.c st.c \
    reggnu.c unicode.c unicode_unfold_key.c unicode_fold1_key.c \
    unicode_fold2_key.c unicode_fold3_key.c ascii.c utf8.c onig_init.c
mkdir -p "$dev/lib" "$dev/include"
"$AR" rcsD "$dev/lib/libonig.a" $objs
cp oniguruma.h "$dev/include/"
