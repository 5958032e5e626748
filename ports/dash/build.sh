# SPDX-License-Identifier: Apache-2.0
# The steps of src/Makefile.am: helper programs write the parser's tables and
# the list of built-ins, then everything is compiled. The shell is linked with
# --fork: its subshells are real forks.
cd src
cp "$recipe/config.h" ../config.h
inc="-include ../config.h -I. -I.."
host() { "$HOSTCC" -O1 -w $inc -o "$1" "$1.c"; }
sh mktokens
host mkinit
host mknodes
host mksignames
host mksyntax
"$CC" $inc -E -x c -o builtins.def builtins.def.in
sh mkbuiltins builtins.def
files="alias.c arith_yacc.c arith_yylex.c cd.c error.c eval.c exec.c expand.c
    histedit.c input.c jobs.c mail.c main.c memalloc.c miscbltin.c mystring.c
    options.c parser.c priv.c redir.c show.c trap.c output.c bltin/printf.c
    system.c bltin/test.c bltin/times.c var.c"
./mkinit $files
./mknodes nodetypes nodes.c.pat
./mksyntax
./mksignames
CFLAGS="--fork $CFLAGS"
compile_all obj "$inc" -- $files builtins.c init.c nodes.c signames.c syntax.c
"$CC" $CFLAGS $objs -o dash.wasm
put_bin dash.wasm bin dash
put_link dash bin/sh
