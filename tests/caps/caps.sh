#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Apps, limits, messages, revocation: caps.sh PITH PROGRAMS. The program apps
# checks from inside; then what the host sees: the audit log's chain, --record.
# Prints each failure, then `N passed, N failed`.
set -u
pith=$1
programs=$2
tmp=$(mktemp -d "${TMPDIR:-/tmp}/pith-caps.XXXXXX") || exit 1
trap 'rm -rf "$tmp"' EXIT
# shellcheck source=tests/ok.sh
. "$(dirname "$0")/../ok.sh"

# Programs that check from inside; each prints its failures and how many.
inside() { # NAME [OPTION...]
    name=$1
    shift
    mkdir -p "$tmp/root/proc" "$tmp/root/box" "$tmp/root/mnt"
    cp "$programs/$name" "$tmp/root/"
    (cd "$tmp/root" && timeout 300 "$pith" run "$@" --dir .::/ --cap all \
        "$name") >"$tmp/log" 2>&1
    code=$?
    grep -v '^[0-9]* passed' "$tmp/log"
    sum=$(grep '^[0-9]* passed, [0-9]* failed$' "$tmp/log")
    if [ -z "$sum" ] || [ "$code" != 0 ]; then
        failed=$((failed + 1))
        echo "FAIL $name: exit code $code"
        sum=${sum:-0}
    fi
    passed=$((passed + ${sum%% *} + 0))
}
inside apps --audit "$tmp/audit"
inside parts
inside asked
inside identity
inside hostile

# --- the log is a chain: each hash is over the one before and its line
chain() {
    last=0000000000000000000000000000000000000000000000000000000000000000
    while read -r line; do
        hash=${line##* }
        want=$(printf '%s%s' "$last" "${line% *}" | sha256sum)
        [ "$hash" = "${want%% *}" ] || {
            echo "broken at: $line"
            return 1
        }
        last=$hash
    done <"$1"
}
ok 'audit chain' chain "$tmp/audit"
sed '3s/refused/granted/' "$tmp/audit" >"$tmp/forged"
ok 'a forged line shows' sh -c '! cmp -s "$1" "$2"' sh "$tmp/audit" "$tmp/forged"
if chain "$tmp/forged" >/dev/null; then
    echo "FAIL a forged log passes"
    failed=$((failed + 1))
else
    passed=$((passed + 1))
fi

# --- --record, and the same run again with what it wrote
cd "$tmp" || exit 1
mkdir -p data
echo text >data/in
cp "$programs/uses" "$tmp/uses.wasm"
ok 'record' "$pith" run --record r.toml --dir data::/data uses.wasm
ok 'check it' "$pith" check r.toml
ok 'it names the file' grep -q '"/data/in" = "ro"' r.toml
ok 'and the other' grep -q '"/data/out" = "rw"' r.toml
ok 'and time' grep -q 'time = true' r.toml
ok 'no more than that' sh -c '! grep -qE "random|network|shell|spawn" r.toml'
rm -f data/out
ok 'it suffices' "$pith" run --manifest r.toml --dir data::/data uses.wasm
grep -v time r.toml >less.toml
ok 'less does not' sh -c '! "$1" run --manifest less.toml --dir data::/data \
    uses.wasm' sh "$pith"
sed 's/"rw"/"ro"/' r.toml >less.toml
rm -f data/out
ok 'nor read only' sh -c '! "$1" run --manifest less.toml --dir data::/data \
    uses.wasm' sh "$pith"

# --- every kind; and of what it wrote no line is too much
mkdir -p data/many
for i in 0 1 2 3 4 5 6 7 8; do : >"data/many/$i"; done
cp "$programs/kinds" kinds.wasm
cp "$programs/kinds" data/kinds.wasm
ok 'record every kind' "$pith" run --record k.toml --dir data::/data \
    --cap net,spawn,random,ipc,shell,jit kinds.wasm
ok 'it all suffices' "$pith" run --manifest k.toml --dir data::/data kinds.wasm
ok 'code of its own' grep -q '^jit = true' k.toml
ok 'addresses' grep -q '127.0.0.1:7077' k.toml
ok 'a directory for many files' grep -q '"/data/many" = "ro"' k.toml
lines=$(sed -n '/^\[capabilities\]/,/^\[limits\]/p' k.toml | grep -c =)
ok 'lines' [ "$lines" -ge 6 ]
"$pith" run --dir data::/data --cap net,spawn,random,ipc,shell kinds.wasm \
    >/dev/null 2>refused
ok 'without jit: refused at load' [ $? = 126 ]
ok 'which the sentence names' grep -q 'not granted.*--cap jit' refused
n=0
while IFS= read -r line; do
    n=$((n + 1))
    case $line in *=*) ;; *) continue ;; esac
    case $line in name* | wasm* | version* | stdio*) continue ;; esac
    sed "${n}d" k.toml >less.toml
    "$pith" check less.toml >/dev/null 2>&1 || continue
    ok "needs: $line" sh -c '! "$1" run --manifest less.toml --dir \
        data::/data kinds.wasm' sh "$pith"
done <k.toml

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
