#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The supervisor from outside: super.sh PITH MKDISK OUT. Makes a small root with
# hostile and harmless apps, serves it, and asks. Prints each failure, then
# `N passed, N failed`.
set -u
pith=$1 mkdisk=$2 out=$3
. "$(dirname "$0")/lib.sh"
field() { p ps --json | sed 's/},{/}\n{/g' | grep "\"name\":\"$1\"" |
    sed "s/.*\"$2\":\"\\{0,1\\}\\([^,\"}]*\\).*/\\1/"; }

# --- the root
root=$tmp/root
base_root "$root"
own() { # NAME [LINE...]
    name=$1
    shift
    app "$root/apps" "$name" "$name" "$@"
}
own echo 'restart = "always"' '[capabilities]' 'stdio = true'
own asker '[capabilities]' 'stdio = true' 'ipc = ["echo"]'
own crash 'restart = "on-failure"' '[capabilities]' 'stdio = true'
own stuck 'watchdog_secs = 1' '[capabilities]' 'stdio = true'
own flood '[capabilities]' 'stdio = true' '[limits]' 'cpu = 60'
own bomb '[capabilities]' 'stdio = true' 'spawn = true' \
    'filesystem = { "/apps/bomb" = "ro" }' '[limits]' 'processes = 8'
own hog '[capabilities]' 'stdio = true' '[limits]' 'memory = "16MB"'
own boss '[capabilities]' 'stdio = true' 'shell = true' 'ipc = ["echo"]'
own tick '[capabilities]' 'stdio = true'
mkdir -p "$root/apps/bad"
printf '[app]\nname = "bad"\nfly = 1\n' >"$root/apps/bad/vyoma.toml"
cat >"$root/etc/vyoma/boot.toml" <<END
[[app]]
name = "echo"
[[app]]
name = "asker"
after = ["echo"]
[[app]]
name = "crash"
[[app]]
name = "stuck"
[[app]]
name = "tick"
restart = "always"
END
"$mkdisk" "$tmp/image" "$root" "$tmp/tree" >/dev/null || exit 1

serve() {
    "$pith" serve --root "$tmp/disk" --image "$tmp/image" \
        >>"$tmp/serve.log" 2>&1 &
    server=$!
}
serve
ok 'it answers' until_ok 10 p ps
ok 'no second one' sh -c '! "$1" serve --ephemeral --image "$2" 2>&1 |
    tee /dev/stderr | grep -v already' sh "$pith" "$tmp/image"

# --- messages between apps, as lines
ok 'echo runs' until_ok 5 state echo running
ok 'an answer' until_ok 5 log_has asker 'answer echo: one'
ok 'in order' until_ok 5 log_has asker 'answer echo: three'
ok 'not to others' until_ok 5 log_has asker 'supervisor: refused clock'
ok 'not to all' until_ok 5 log_has asker 'supervisor: refused broadcast'
ok 'no commands' until_ok 5 log_has asker 'supervisor: refused supervisor'
ok 'sender is told' until_ok 5 log_has echo 'got asker: two'
ok 'other lines are output' until_ok 5 log_has asker 'echo: not a message'
ok 'all in the audit log' sh -c '"$1" audit | grep -q "asker .* refused ipc clock"' sh "$pith"
ok 'chained' sh -c '[ "$("$1" audit | head -n 1 | wc -w)" -ge 8 ]' sh "$pith"

# --- restart, back-off, watchdog
ok 'crash is tried again' until_ok 10 sh -c '[ "$("$1" ps --json |
    sed "s/},{/}\n{/g" | sed -n "/\"crash\"/s/.*\"starts\":\([0-9]*\).*/\1/p")" -ge 3 ]' sh "$pith"
ok 'with a trap in the log' until_ok 5 log_has crash 'trap: unreachable'
ok 'stuck is killed' until_ok 10 log_has stuck 'silent for too long: killed'
ok 'and started again' until_ok 10 sh -c '[ "$("$1" logs stuck | grep -c hello)" -ge 2 ]' sh "$pith"
pid=$(field echo pid)
ok 'restart' p restart echo
ok 'has another process' until_ok 5 sh -c 'n=$("$2" ps | sed -n "s/^echo  *running  *\([0-9]*\).*/\1/p")
    [ -n "$n" ] && [ "$n" != "$1" ]' sh "$pid" "$pith"
ok 'stop' p stop tick
ok 'stays stopped' until_ok 5 state tick stopped
ok 'start' p start tick
ok 'runs again' until_ok 5 state tick '(running|starting)'
ok 'kill' p kill tick
ok 'json' sh -c '"$1" ps --json | node -e "JSON.parse(require(\"fs\").readFileSync(0))"' sh "$pith"

ok 'metrics' sh -c '"$1" metrics | grep -qx "pith_app_up{app=\"echo\"} 1"' sh "$pith"
ok 'metrics are well formed' sh -c '"$1" metrics | awk -f "$2"' sh "$pith" \
    "$top/tests/super/exposition.awk"

# --- hostile apps
ok 'bad manifest' sh -c '"$1" start bad; "$1" start bad | grep "^error"' sh "$pith"
ok 'bomb' p start bomb
ok 'is limited' until_ok 5 sh -c '"$1" audit | grep -q "bomb .* limit processes 8"' sh "$pith"
ok 'the rest is well' state echo running
ok 'bomb stops' p stop bomb
ok 'all of it' until_ok 5 sh -c '"$1" ps --json | grep -q "\"bomb\"[^}]*\"processes\":0"' sh "$pith"
ok 'hog' p start hog
ok 'has its share' until_ok 5 log_has hog 'got 1[0-5] MB'
ok 'flood' p start flood
sleep 1
ok 'others answer' state echo running
# (under a sanitizer it cannot print as much as that)
[ -n "${SANITIZED:-}" ] || ok 'cut' until_ok 20 log_has flood 'too much'
ok 'boss' p start boss
ok 'may not stop others' until_ok 5 log_has boss 'not granted to who asks'
ok 'nor give what it has not' until_ok 5 sh -c '"$1" logs boss | grep -c "not granted" | grep -q 2' sh "$pith"
ok 'sees what it may' until_ok 5 log_has boss 'supervisor: stdio'
ok 'flood still runs' state flood running
ok 'flood stops' p stop flood

# --- grants while they run
ok 'grants' sh -c '"$1" grants echo | grep -q "^app echo"' sh "$pith"
ok 'grant' p grant echo time
ok 'shows' sh -c '"$1" grants echo | grep -q "^time"' sh "$pith"
ok 'revoke' p revoke echo time
ok 'gone' sh -c '! "$1" grants echo | grep -q "^time"' sh "$pith"
ok 'nothing to revoke' sh -c '! "$1" revoke echo time' sh "$pith"
ok 'audited' sh -c '"$1" audit | grep -q "revoked echo: time"' sh "$pith"

# --- following, attaching
"$pith" logs -f echo >"$tmp/follow" 2>&1 &
follower=$!
others="$others $follower"
ok 'logs -f shows what was' until_ok 5 grep -q 'got asker: three' "$tmp/follow"
was=$(grep -c 'ended by signal 15' "$tmp/follow")
p restart echo >/dev/null
ok 'and what comes' until_ok 5 sh -c '[ "$(grep -c "ended by signal 15" "$1")" -gt "$2" ]' \
    sh "$tmp/follow" "$was"
kill "$follower"
mkfifo "$tmp/keys"
"$pith" attach echo <"$tmp/keys" >"$tmp/follow" 2>&1 &
follower=$!
others="$others $follower"
exec 4>"$tmp/keys"
echo 'me: typed' >&4
ok 'attach' until_ok 5 grep -q 'got me: typed' "$tmp/follow"
exec 4>&-
kill "$follower"
ok 'no such app' sh -c '! "$1" start nobody' sh "$pith"
ok 'no such command' sh -c '! "$1" grant' sh "$pith"

# --- the end, and after a crash of the host's process
kill -9 "$server"
wait "$server" 2>/dev/null
ok 'disk is whole' sh -c 'sqlite3 "$1" "pragma integrity_check" | grep -qx ok' sh "$tmp/disk"
serve
ok 'again after kill -9' until_ok 10 state echo running
ok 'logs survive' until_ok 5 log_has asker 'answer echo: three'
ok 'shutdown' p shutdown
wait "$server"
code=$?
server=
ok 'exit code 0' [ "$code" = 0 ]
ok 'no socket left' [ ! -e "$tmp/control" ]
ok 'nothing runs' sh -c '! "$1" ps' sh "$pith"

# --- 200 apps of six kinds, each below 10 KB (not of the one with a port)
rm -rf "$root/apps" "$tmp/disk"*
: >"$root/etc/vyoma/boot.toml"
n=0
while [ $n -lt 200 ]; do
    for kind in "$out"/apps/*/vyoma.toml; do
        kind=$(basename "$(dirname "$kind")")
        [ "$kind" != web ] || continue
        mkdir -p "$root/apps/$kind-$n"
        cp "$out/apps/$kind/$kind.wasm" "$root/apps/$kind-$n/"
        sed "s/^name = .*/name = \"$kind-$n\"/; s/\"echo\"\]/\"echo-1\"]/" \
            "$out/apps/$kind/vyoma.toml" >"$root/apps/$kind-$n/vyoma.toml"
        printf '[[app]]\nname = "%s"\n' "$kind-$n" >>"$root/etc/vyoma/boot.toml"
        n=$((n + 1))
        [ $n -lt 200 ] || break
    done
done
ok 'below 10 KB each' sh -c '[ -z "$(find "$1" -name "*.wasm" -size +10k)" ]' sh "$root/apps"
"$mkdisk" "$tmp/image" "$root" "$tmp/tree" >/dev/null
serve
ok '200 apps run' until_ok 10 sh -c '[ "$("$1" ps | grep -c " running ")" = 200 ]' sh "$pith"
ok 'each answers' sh -c 'for a in echo counter clock dice; do
    name=$("$1" ps | sed -n "s/^\($a-[0-9]*\) .*/\1/p" | head -n 1)
    (echo "me: hi"; sleep 0.3) | timeout 3 "$1" attach "$name" >/dev/null
    "$1" logs "$name" | grep -q "ended" && exit 1; done; :' sh "$pith"
kill -TERM "$server"
wait "$server"
code=$?
server=
ok 'SIGTERM is an orderly end' [ "$code" = 0 ]
ok 'SIGTERM leaves no socket' [ ! -e "$tmp/control" ]
ok 'no sanitizer report' sh -c '! grep -m 1 -A 12 -E "Sanitizer|runtime error:" "$1"' sh "$tmp/serve.log"
[ "$failed" = 0 ] || tail -n 5 "$tmp/serve.log"
finish
