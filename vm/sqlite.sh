#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The SQLite of which PID 1 has the B-tree and the pager (host/sqlite/bare/tree.c
# includes it): sqlite.sh OUT writes sqlite3.c, sqlite3.h and flags (for the
# compiler) to OUT/vm/sqlite. It is Debian's source, made
# into one file by its own makefile without what a store of files never uses;
# the parser has to be generated with the same list.
set -eu
umask 022
out=$1
top=$(cd "$(dirname "$0")/.." && pwd)
dir=$out/vm/sqlite

# shellcheck source=/dev/null
. "$top/ports/sqlite3/port.conf"
omit="ALTERTABLE ANALYZE AUTHORIZATION AUTOINCREMENT AUTOMATIC_INDEX AUTOVACUUM
      BETWEEN_OPTIMIZATION BLOB_LITERAL CAST CHECK COMPILEOPTION_DIAGS COMPLETE
      COMPOUND_SELECT CTE DATETIME_FUNCS DECLTYPE DEPRECATED
      DESERIALIZE EXPLAIN FOREIGN_KEY GENERATED_COLUMNS GET_TABLE HEX_INTEGER
      INCRBLOB INTEGRITY_CHECK INTROSPECTION_PRAGMAS JSON LIKE_OPTIMIZATION
      LOAD_EXTENSION LOCALTIME OR_OPTIMIZATION
      PROGRESS_CALLBACK REINDEX SCHEMA_PRAGMAS SHARED_CACHE SHUTDOWN_DIRECTORIES
      TCL_VARIABLE TRACE TRIGGER UPSERT UTF16
      VIEW VIRTUALTABLE WINDOWFUNC XFER_OPT"
flags="-DSQLITE_THREADSAFE=2 -DSQLITE_DEFAULT_MEMSTATUS=0 -DSQLITE_DQS=0
       -DSQLITE_MAX_MMAP_SIZE=0 -DSQLITE_MAX_EXPR_DEPTH=0
       -DSQLITE_DEFAULT_WAL_SYNCHRONOUS=2 -DSQLITE_LIKE_DOESNT_MATCH_BLOBS
       -DSQLITE_MAX_WORKER_THREADS=0 -DHAVE_USLEEP=1 -DHAVE_FDATASYNC=1
       -DSQLITE_UNTESTABLE"
for o in $omit; do flags="$flags -DSQLITE_OMIT_$o"; done
flags=$(echo $flags)

echo "  SQLITE $version (amalgamation)"
rm -rf "$dir"
mkdir -p "$out/vm"
# shellcheck disable=SC2086
sh "$top/tools/debian.sh" source sqlite3 "$version" "$dir/src" $sums
cd "$dir/src"
{
    CFLAGS=-O1 CPPFLAGS= LDFLAGS= ./configure --disable-tcl --disable-readline \
        --disable-load-extension &&
        make OPTS="$flags" OPT_FEATURE_FLAGS="$flags" sqlite3.c
} >../log 2>&1 || {
    tail -n 20 ../log >&2
    echo "sqlite.sh: the amalgamation could not be made" >&2
    exit 1
}
cd ..
cp src/sqlite3.c src/sqlite3.h .
echo "$flags" >flags
rm -rf src
