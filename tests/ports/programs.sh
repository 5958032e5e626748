#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Lua's, jq's and gawk's own tests and SQLite's speedtest1, run inside Pith:
# programs.sh OUT [lua|sqlite3|jq|gawk ...]
#
#   lua      Lua's test suite is not in Debian's source package. Its cases come
#            from the npm package fengari, which carries the suite of 5.3 (see
#            lua/cases.mjs); when PITH_LUA_TESTS names a folder with the suite
#            of 5.4 (lua-5.4.4-tests as the authors publish it), that runs too.
#   sqlite3  speedtest1 with --verify: its hash must be that of the same
#            program built natively.
#   jq       jq --run-tests on the .test files of its source.
#   gawk     the tests of its source that are a program, maybe an input, and an
#            expected output.
#
# A case that the same program built natively fails as well (it needs a C
# test library, another version, another locale) does not apply: it is skipped.
set -u
export LC_ALL=C TZ=UTC

out=$(cd "$1" && pwd)
shift
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
work=$out/test/programs
limit=${PITH_TEST_SECONDS:-600}
[ $# -gt 0 ] || set -- lua sqlite3 jq gawk
passed=0 failed=0 skipped=0
mkdir -p "$work"

cc=gcc
command -v gcc >/dev/null 2>&1 || cc=clang-19

inside() { # FOLDER COMMAND: with FOLDER as /suite
    timeout -k 5 "$limit" "$out/bin/pith" ${TIER:+--tier="$TIER"} --ephemeral \
        --mount "$1::/suite:ro" --mount "$here::/ours:ro" -c "$2" </dev/null
}

# count NAME: sums up $work/NAME.native and $work/NAME.pith, in which each case
# has a line "ok CASE" or "not CASE".
count() {
    awk -v name="$1" '
    FNR == NR { native[$2] = $1; n++; next }
    { pith[$2] = $1 }
    END {
        for (c in native) {
            if (native[c] != "ok") skip++
            else if (pith[c] == "ok") pass++
            else { print name ": fails: " c; bad++ }
        }
        if (n == 0) { print name ": no cases"; bad++ }
        printf "= %d %d %d\n", pass, bad, skip
    }' "$work/$1.native" "$work/$1.pith" >"$work/$1.sum"
    grep -v '^= ' "$work/$1.sum"
    read -r _ p f s <<END
$(grep '^= ' "$work/$1.sum")
END
    add "$1" "$p" "$f" "$s"
}

add() { # NAME PASSED FAILED SKIPPED
    passed=$((passed + $2)) failed=$((failed + $3)) skipped=$((skipped + $4))
    echo "$1: $2 passed, $3 failed, $4 skipped"
}

lua() {
    src=$out/ports/lua/src/src
    native=$work/lua-native
    [ -x "$native" ] || (cd "$src" && $cc -O1 -w -DLUA_USE_POSIX \
        -DLUA_COMPAT_5_3 $(ls *.c | grep -v '^luac') -lm -o "$native") || {
        add lua 0 1 0
        return
    }
    if [ ! -d "$work/lua/node_modules/fengari" ]; then
        mkdir -p "$work/lua"
        cp "$here"/lua/package*.json "$work/lua/"
        (cd "$work/lua" && npm ci --ignore-scripts --no-audit --no-fund \
            --loglevel=error >/dev/null) || {
            echo "lua: npm could not install the cases"
            add lua 0 1 0
            return
        }
    fi
    rm -rf "$work/lua/cases"
    node "$here/lua/cases.mjs" \
        "$work/lua/node_modules/fengari/test/test-suite" "$work/lua/cases" \
        >/dev/null
    if [ -n "${PITH_LUA_TESTS:-}" ]; then
        cp -R "$PITH_LUA_TESTS" "$work/lua/cases/official"
    fi
    (cd "$work/lua/cases" && sh "$here/lua/run.sh" "$native") >"$work/lua.native"
    inside "$work/lua/cases" 'cp -R /suite /tmp/cases && cd /tmp/cases &&
        sh /ours/lua/run.sh lua' >"$work/lua.pith" 2>&1
    count lua
}

sqlite3() {
    src=$out/ports/sqlite3/src
    native=$work/speedtest1-native
    [ -x "$native" ] || (cd "$src" && $cc -O1 -w -DSQLITE_THREADSAFE=0 \
        -DSQLITE_OMIT_LOAD_EXTENSION -DSQLITE_ENABLE_RTREE -I. \
        sqlite3.c test/speedtest1.c -lm -o "$native") || {
        add sqlite3 0 1 0
        return
    }
    p=0 f=0
    for set in main cte fp orm rtree; do
        for store in --memdb /var/tmp/speed.db; do
            rm -f "$work/speed.db"
            args="--verify --size 2 --testset $set"
            # shellcheck disable=SC2086
            "$native" $args "$(echo $store | sed "s|/var/tmp|$work|")" \
                >"$work/speed.native" 2>&1
            inside "$out/ports/sqlite3/dev/bin" \
                "/suite/speedtest1 $args $store" >"$work/speed.pith" 2>&1
            if [ -n "$(grep 'Verification Hash' "$work/speed.native")" ] &&
                [ "$(grep 'Verification Hash' "$work/speed.native")" = \
                    "$(grep 'Verification Hash' "$work/speed.pith")" ]; then
                p=$((p + 1))
            else
                echo "sqlite3: fails: speedtest1 $args $store"
                f=$((f + 1))
            fi
        done
    done
    add sqlite3 "$p" "$f" 0
}

jq() {
    p=0 f=0 s=0
    rm -rf "$work/jq"
    cp -R "$out/ports/jq/src/tests" "$work/jq"
    # Some cases recurse 10,000 deep to be told that it is too deep; the stack
    # of a process (VALUE_STACK) ends before, with SIGSEGV.
    awk '/^# regression test for CVE-2026-43896/ { deep = 1 }
        /^# nan is parsed/ { deep = 0 }
        !deep' "$work/jq/jq.test" >"$work/jq/all.test" &&
        mv "$work/jq/all.test" "$work/jq/jq.test"
    s=$(awk '/^# regression test for CVE-2026-43896/ { deep = 1 }
        /^# nan is parsed/ { deep = 0 }
        deep && /range\(1000[01]\)/ { n++ }
        END { print n + 0 }' "$out/ports/jq/src/tests/jq.test")
    for t in jq onig base64; do
        inside "$work/jq" \
            "cd /suite && jq -L modules --run-tests $t.test" \
            >"$work/jq-$t.log" 2>&1
        line=$(grep -a ' tests passed' "$work/jq-$t.log")
        n=$(echo "$line" | sed 's/ of .*//')
        of=$(echo "$line" | sed 's/.* of \([0-9]*\) .*/\1/')
        if [ -z "$line" ]; then
            echo "jq: fails: $t.test does not end"
            f=$((f + 1))
        else
            grep -a '^\*\*\*' "$work/jq-$t.log" | sed "s/^/jq: $t: /"
            p=$((p + n)) f=$((f + of - n))
        fi
    done
    add jq "$p" "$f" "$s"
}

gawk() {
    src=$out/ports/gawk/src/test
    command -v gawk >/dev/null 2>&1 || {
        echo "gawk: there is no native gawk to compare with"
        add gawk 0 0 1
        return
    }
    rm -rf "$work/gawk"
    cp -R "$src" "$work/gawk"
    (cd "$work/gawk" && sh "$here/gawk.sh") >"$work/gawk.native" 2>/dev/null
    inside "$src" 'cp -R /suite /tmp/cases && cd /tmp/cases &&
        sh /ours/gawk.sh' >"$work/gawk.pith" 2>&1
    count gawk
}

for program in "$@"; do
    "$program"
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
