#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# pith serve CONFIG as an operator and a service manager see it: serve.sh PITH
# MKDISK OUT. Prints each failure, then `N passed, N failed`.
set -u
pith=$1 mkdisk=$2 out=$3
. "$(dirname "$0")/lib.sh"
peer=$out/bin/super-peer
# (what is above 32767 may be anybody's for a while)
port=$("$peer" free $((20000 + $$ % 12000))) || exit 1

base_root "$tmp/root"
"$mkdisk" "$tmp/image" "$tmp/root" "$tmp/tree" >/dev/null || exit 1
conf=$tmp/conf
mkdir -p "$conf/apps"
app "$conf/apps" echo echo 'restart = "always"' '[capabilities]' 'stdio = true'
app "$conf/apps" asker asker '[capabilities]' 'stdio = true' 'ipc = ["echo"]'
app "$conf/apps" odd odd '[capabilities]' 'stdio = true'
app "$conf/apps" crash crash 'restart = "on-failure"' '[capabilities]' 'stdio = true'
cat >"$conf/boot.toml" <<END
[serve]
root = "state/root.pith"        # all relative to this file
image = "../image"
control = "$PITH_CONTROL"
metrics = "metrics"
[[app]]
name = "echo"
[[app]]
name = "asker"
after = ["echo"]
[[app]]
name = "odd"
[[app]]
name = "crash"
END
mkdir "$conf/state"
serve() {
    "$pith" serve "$@" >"$tmp/serve.log" 2>"$tmp/serve.err" &
    server=$!
}
ended() { # CODE: it ends, with this
    until_ok 10 sh -c '! kill -0 "$1" 2>/dev/null' sh "$server" || return 1
    wait "$server"
    code=$?
    server=
    [ "$code" = "$1" ] || { echo "exit code $code"; cat "$tmp/serve.err"; return 1; }
}
get() { curl -s -m 60 --unix-socket "$conf/metrics" "http://pith$1"; }
told() { tail -n +"${from:-1}" "$tmp/told" | grep -qx -- "$1"; }
json() { # EXPRESSION over `all`, the lines as objects
    node -e '
        const all = require("fs").readFileSync(process.argv[1], "utf8")
            .trim().split("\n").map((l) => JSON.parse(l));
        if (!eval(process.argv[2])) { console.log(all.slice(-5)); process.exit(1); }
    ' "$tmp/serve.log" "$1"
}

# --- a configuration on the host; the service manager's side
"$peer" listen "$tmp/notify" >"$tmp/told" &
others=$!
until [ -S "$tmp/notify" ]; do sleep 0.01; done
ok 'check' sh -c '"$1" check "$2" | grep -q "4 apps"' sh "$pith" "$conf/boot.toml"
export NOTIFY_SOCKET="$tmp/notify" WATCHDOG_USEC=400000
serve "$conf/boot.toml"
unset NOTIFY_SOCKET WATCHDOG_USEC
ok 'READY' until_ok 10 told READY=1
told READY=1 || { cat "$tmp/serve.err"; finish; exit 1; }
ok 'ready is ready: commands work' p ps
ok 'apps from beside the configuration' until_ok 5 log_has asker 'answer echo: three'
ok 'the disk is where it says' [ -s "$conf/state/root.pith" ]
ok 'WATCHDOG' until_ok 5 sh -c '[ "$(grep -cx WATCHDOG=1 "$1")" -ge 4 ]' sh "$tmp/told"
kill -STOP "$server"
stands() { grep -q '^State:.*stopped' "/proc/$server/status"; }
ok 'it is stuck' until_ok 5 stands
# (what it had said before that is on its way yet)
quiet() { silent=$(grep -c WATCHDOG "$tmp/told"); sleep 0.3; [ "$(grep -c WATCHDOG "$tmp/told")" = "$silent" ]; }
ok 'and silent' until_ok 5 quiet
sleep 0.7
ok 'no WATCHDOG from one that is stuck' [ "$(grep -c WATCHDOG "$tmp/told")" = "$silent" ]
kill -CONT "$server"
ok 'and again' until_ok 5 sh -c '[ "$(grep -c WATCHDOG "$1")" -gt "$2" ]' sh "$tmp/told" "$silent"

# --- metrics
get /metrics >"$tmp/metrics"
ok 'metrics are well formed' awk -f "$top/tests/super/exposition.awk" "$tmp/metrics"
for m in cpu_seconds_total memory_bytes restarts_total messages_sent_total \
    refusals_total; do
    ok "$m of each app" [ "$(grep -c "^pith_app_$m{" "$tmp/metrics")" = 4 ]
done
ok 'the same over the control socket' sh -c '"$1" metrics | grep -q "^pith_app_up{app=\"echo\"} 1$"' sh "$pith"
ok 'as Prometheus wants it' sh -c 'curl -s -i --unix-socket "$1" http://x/metrics |
    grep -qi "^content-type: text/plain; version=0.0.4"' sh "$conf/metrics"
ok 'health' [ "$(get /healthz)" = ok ]
ok 'HEAD' sh -c 'curl -s -I --unix-socket "$1" http://x/metrics | grep -q "200 OK"' sh "$conf/metrics"
ok 'nothing else' sh -c 'curl -s -i --unix-socket "$1" http://x/etc/passwd | grep -q "^HTTP/1.1 404"' sh "$conf/metrics"
ok 'nothing is written' sh -c 'curl -s -i -d x --unix-socket "$1" http://x/metrics | grep -q "^HTTP/1.1 405"' sh "$conf/metrics"
ok 'refusals are counted' until_ok 5 at_least pith_app_refusals_total asker 1
ok 'messages are' until_ok 5 at_least pith_app_messages_sent_total asker 3
ok 'and those that came' until_ok 5 at_least pith_app_messages_received_total echo 3
ok 'restarts are' until_ok 10 at_least pith_app_restarts_total crash 2
cpu=$(value pith_app_messages_sent_total asker)
ok 'restart' p restart asker
ok 'it runs' until_ok 5 state asker running
ok 'a counter does not go back' sh -c '[ "$1" -ge "$2" ]' sh \
    "$(value pith_app_messages_sent_total asker)" "$cpu"
{ printf 'X-Long: '; head -c 20000 /dev/zero | tr '\0' x; } >"$tmp/long"
ok 'a long request is cut off' sh -c '! curl -s -m 60 -H @- --unix-socket "$1" http://x/metrics <"$2"' sh "$conf/metrics" "$tmp/long"
ok 'and hurts nobody' [ "$(get /healthz)" = ok ]

# --- the log
ok 'each line of the log is JSON' until_ok 5 json 'all.every((e) => e.time.endsWith("Z") && e.level && e.source && typeof e.message === "string")'
ok 'what apps print is there' until_ok 5 json 'all.some((e) => e.app === "asker" && e.source === "out" && e.pid > 0 && e.message === "answer echo: one")'
ok 'errors are told apart' until_ok 5 json 'all.some((e) => e.app === "crash" && e.source === "err" && /unreachable/.test(e.message))'
ok 'quotes, controls, broken UTF-8' until_ok 5 json 'all.some((e) => e.app === "odd" && e.message === "say \"\\\u0001\ufffd\u00fc\ufffd\ufffd\ufffd\" \u{1f600}")'
ok 'so are the supervisor'\''s words' until_ok 5 json 'all.some((e) => e.app === "crash" && e.source === "supervisor" && /ended by signal/.test(e.message))'
ok 'and refusals' until_ok 5 json 'all.some((e) => e.source === "audit" && / asker .* refused ipc clock/.test(e.message))'

# --- reload, by command and by signal; the file is replaced, as editors do
sed 's/name = "crash"/name = "late"/' "$conf/boot.toml" >"$conf/new"
app "$conf/apps" late tick 'restart = "always"' '[capabilities]' 'stdio = true'
app "$conf/apps" later tick '[capabilities]' 'stdio = true'
mv "$conf/new" "$conf/boot.toml"
ok 'reload' p reload
ok 'what is new runs' until_ok 5 state late running
printf '[[app]]\nname = "later"\n' >>"$conf/boot.toml"
kill -HUP "$server"
ok 'SIGHUP' until_ok 5 state later running
printf 'nonsense' >>"$conf/boot.toml"
ok 'a wrong one is said' says 'line [0-9]*, .*nonsense' p reload
ok 'and changes nothing' state later running
sed -i '$d' "$conf/boot.toml"

# --- only one
ok 'a second one' says 'in use by pid\|is controlled by that already' \
    timeout 120 "$pith" serve "$conf/boot.toml"
ok 'the first goes on' state echo running
ok 'another socket, the same disk' says 'in use by pid' \
    timeout 120 "$pith" serve --control "$tmp/other" --metrics "$tmp/other.m" "$conf/boot.toml"
ok 'which leaves nothing behind' [ ! -e "$tmp/other" ]

# --- the end
from=$(($(wc -l <"$tmp/told") + 1))
kill -TERM "$server"
ok 'SIGTERM is an orderly end' ended 0
ok 'STOPPING was said' told STOPPING=1
ok 'no socket is left' [ ! -e "$PITH_CONTROL" ]
ok 'nor the other' [ ! -e "$conf/metrics" ]
ok 'the log has an end' json 'all.at(-1).message === "system has stopped"'
ok 'apps ended before that' json 'all.some((e) => e.app === "echo" && e.message === "ended by signal 15")'

# --- on a loopback address; nobody keeps others from it
serve --metrics "127.0.0.1:$port" --log none "$conf/boot.toml"
ok 'by TCP' until_ok 10 curl -s -f "http://127.0.0.1:$port/metrics"
"$peer" idle "$port" 40 >"$tmp/idle" &
others="$others $!"
ok 'connections that say nothing' until_ok 5 grep -q connected "$tmp/idle"
ok 'are dropped in the end' until_ok 25 curl -s -f -m 5 "http://127.0.0.1:$port/metrics"
ok 'the supervisor is well meanwhile' state echo running
ok 'no log if not wanted' [ ! -s "$tmp/serve.log" ]
kill -INT "$server" # (the shell ignores that for `&`: then it is lost)
sleep 0.3
kill -TERM "$server" 2>/dev/null
ok 'ends' ended 0

# --- nobody reads the log: the system does not wait for it
mkfifo "$tmp/fifo"
app "$conf/apps" flood flood '[capabilities]' 'stdio = true'
sleep 1000 <"$tmp/fifo" &
reader=$!
others="$others $reader"
"$pith" serve "$conf/boot.toml" >"$tmp/fifo" 2>"$tmp/serve.err" &
server=$!
ok 'begins' until_ok 10 state echo running
ok 'flood' p start flood
sleep 3
ok 'it answers all the same' p restart echo
ok 'and acts' until_ok 5 state echo running
kill "$reader"
kill -TERM "$server"
ok 'and ends' ended 0

# --- wrong configurations
bad() { # NAME SENTENCE LINE...
    what=$1 want=$2
    shift 2
    for line in "$@"; do echo "$line"; done >"$tmp/bad.toml"
    ok "$what" says "$want" timeout 120 "$pith" serve "$tmp/bad.toml"
}
bad 'no such key' 'line 2.*no speed' '[serve]' 'speed = 1'
bad 'no number' 'line 2.*root' '[serve]' 'root = 1'
bad 'no such app before' 'b, which is not here' '[[app]]' 'name = "a"' 'after = ["b"]'
bad 'everybody could ask' 'loopback' '[serve]' "image = \"$tmp/image\"" \
    "root = \"$tmp/x\"" 'metrics = "0.0.0.0:9464"'
bad 'no port' 'loopback' '[serve]' "image = \"$tmp/image\"" "root = \"$tmp/x\"" \
    'metrics = "127.0.0.1:http"'
bad 'no such log' 'json or none' '[serve]' 'log = "xml"'
bad 'no such directory' 'no/such' '[serve]' "image = \"$tmp/image\"" \
    'ephemeral = true' "control = \"$tmp/x.c\"" 'apps = "no/such"'
ok 'no such file' says 'cannot be read' timeout 120 "$pith" serve "$tmp/nothing.toml"

# --- SIGTERM at any moment of the beginning: no socket stays, the disk is whole
# (A signal that comes to a child of the shell's before it is Pith meets the
# shell's trap there, and is lost: so none is set meanwhile.)
trap - INT TERM
n=0
while [ $n -lt 24 ]; do
    rm -f "$tmp"/race.pith*
    "$pith" serve --root "$tmp/race.pith" --image "$tmp/image" --log none \
        --control "$tmp/race" 2>"$tmp/serve.err" &
    server=$!
    sleep 0.00$((n % 10))$((n / 10))
    kill -TERM $server
    n=$((n + 1))
    wait $server
    code=$?
    server=
    # 143: it came before main
    [ $code = 0 ] || [ $code = 143 ] || {
        echo "exit code $code: $(cat "$tmp/serve.err")"
        break
    }
    [ ! -e "$tmp/race" ] || { echo "the socket is left"; break; }
    [ ! -s "$tmp/race.pith" ] ||
        [ "$(sqlite3 "$tmp/race.pith" 'pragma integrity_check')" = ok ] || break
done >"$tmp/race.log"
trap 'exit 1' INT TERM
ok 'SIGTERM in the first milliseconds' sh -c 'cat "$1"; [ "$2" = 24 ]' sh "$tmp/race.log" "$n"

# --- several at once: one of them runs, the others say why not
rm -f "$tmp/race"
ids=
for n in 1 2 3 4 5 6; do
    "$pith" serve --ephemeral --image "$tmp/image" --log none \
        --control "$tmp/race" 2>"$tmp/at-once.$n" &
    ids="$ids $!"
done
others="$others $ids"
left() { n=0; for id in $ids; do kill -0 "$id" 2>/dev/null && n=$((n + 1)); done; [ $n = 1 ]; }
ok 'of six at once one is left' until_ok 10 left
ok 'five say why' [ "$(cat "$tmp"/at-once.* | grep -c 'is controlled by that already')" = 5 ]
ok 'the one is controlled' env PITH_CONTROL="$tmp/race" "$pith" shutdown
for id in $ids; do wait "$id"; done
# one that was killed leaves its socket; the next takes it over
"$pith" serve --ephemeral --image "$tmp/image" --log none --control "$tmp/race" &
server=$!
ok 'runs' until_ok 10 env PITH_CONTROL="$tmp/race" "$pith" ps
kill -9 $server
wait $server 2>/dev/null
ok 'its socket stays' [ -S "$tmp/race" ]
"$pith" serve --ephemeral --image "$tmp/image" --log none --control "$tmp/race" &
server=$!
ok 'and is taken over' until_ok 10 env PITH_CONTROL="$tmp/race" "$pith" ps
kill -TERM $server
ok 'ends well' ended 0

# --- the unit file
sed "s|/usr/local/bin/pith|$pith|" "$top/share/pith.service" >"$tmp/pith.service"
if command -v systemd-analyze >/dev/null; then
    ok 'the unit file is understood' sh -c 'systemd-analyze verify "$1" 2>&1 |
        grep "pith.service" | grep -v "is not executable"; [ $? = 1 ]' sh "$tmp/pith.service"
fi
for key in Type=notify WatchdogSec= ExecReload= Restart=on-failure \
    'ExecStart=.*pith serve /etc/pith/'; do
    ok "unit: $key" grep -q "^$key" "$top/share/pith.service"
done
[ "$failed" = 0 ] || tail -n 5 "$tmp/serve.err"
finish
