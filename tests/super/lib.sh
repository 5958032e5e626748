# SPDX-License-Identifier: Apache-2.0
# What the scripts here share: sourced with $pith, $mkdisk, $out set. Gives
# $tmp, ok, p, until_ok, log_has, state, value, base_root, finish.
# shellcheck shell=sh disable=SC2034,SC2154
top=$(cd "$(dirname "$0")/../.." && pwd)
tmp=$(mktemp -d "${TMPDIR:-/tmp}/pith-super.XXXXXX") || exit 1
export PITH_CONTROL="$tmp/control"
export XDG_CACHE_HOME="$tmp/cache"
server=
others=
trap 'for id in $server $others; do kill -9 "$id" 2>/dev/null; done
    rm -rf "$tmp"' EXIT
trap 'exit 1' INT TERM
# shellcheck source=tests/ok.sh
. "$(dirname "$0")/../ok.sh"
p() { timeout "${limit:-60}" "$pith" "$@"; }
log_has() { p logs "$1" | tee "$tmp/log" | grep -q -- "$2" || { cat "$tmp/log"; false; }; }
state() { p ps | tee "$tmp/ps" | grep -qE "^$1 +$2 " || { cat "$tmp/ps"; false; }; }
audit_has() { p audit | tee "$tmp/audit" | grep -qE -- "$1" || { tail -n 5 "$tmp/audit"; false; }; }
# value METRIC [APP]: as `pith metrics` says it
value() {
    p metrics | awk -v m="$1${2:+{app=\"$2\"\}}" '$1 == m { print $2; n++ }
        END { exit !n }'
}
# at_least METRIC APP N
at_least() { [ "$(value "$1" "$2" | cut -d. -f1)" -ge "$3" ]; }
not() { ! "$@"; }
says() { # TEXT COMMAND...: fails, and says so
    want=$1
    shift
    if "$@" >"$tmp/says" 2>&1; then
        cat "$tmp/says"
        return 1
    fi
    grep -q -- "$want" "$tmp/says" || { cat "$tmp/says"; false; }
}
# base_root DIR: init, and what a root has to have
base_root() {
    mkdir -p "$1"
    cp -R -P "$top/image/root/." "$1/"
    cp -R -P "$out/user/root/." "$1/"
    mkdir -p "$1/dev" "$1/proc" "$1/tmp" "$1/mnt" "$1/var/log" "$1/data" \
        "$1/etc/vyoma" "$1/apps"
    printf '/tmp/ 1777 0 0\n/root/ 700 0 0\n' >"$tmp/tree"
}
# app DIR NAME PROGRAM [LINE...]: DIR/NAME/vyoma.toml and the program
app() {
    where=$1/$2
    mkdir -p "$where"
    cp "$out/test/super/$3.wasm" "$where/"
    {
        printf '[app]\nname = "%s"\nwasm = "%s.wasm"\n' "$2" "$3"
        shift 3
        for line in "$@"; do echo "$line"; done
    } >"$where/vyoma.toml"
}
finish() {
    echo "$passed passed, $failed failed"
    [ "$failed" = 0 ]
}
