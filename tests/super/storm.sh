#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Limits, and what apps do to a system that has to stay well: storm.sh PITH
# MKDISK OUT. After each storm the others are asked. Prints each failure, then
# `N passed, N failed`.
set -u
pith=$1 mkdisk=$2 out=$3
. "$(dirname "$0")/lib.sh"

base_root "$tmp/root"
"$mkdisk" "$tmp/image" "$tmp/root" "$tmp/tree" >/dev/null || exit 1
conf=$tmp/conf
a=$conf/apps
mkdir -p "$a"
io='[capabilities]
stdio = true'
app "$a" echo echo 'restart = "always"' "$io"
app "$a" asker asker 'restart = "always"' "$io" 'ipc = ["echo"]'
app "$a" depth limits "$io" '[limits]' 'call_depth = 1000'
app "$a" disk limits "$io" 'filesystem = true' '[limits]' 'disk = "64KB"'
app "$a" files limits "$io" '[limits]' 'files = 16'
app "$a" fuel limits 'restart = "never"' "$io" '[limits]' 'fuel = 5000000'
app "$a" cpu limits "$io" '[limits]' 'cpu = 20'
app "$a" slow-talk limits "$io" 'ipc = ["sink"]' '[limits]' 'messages = 20'
app "$a" fast-talk limits "$io" 'ipc = ["sink"]'
app "$a" sink echo 'restart = "always"' "$io"
app "$a" hog hog "$io" '[limits]' 'memory = "16MB"'
app "$a" bomb bomb 'restart = "always"' "$io" 'spawn = true' \
    'filesystem = { "/apps/bomb" = "ro" }' '[limits]' 'processes = 8'
app "$a" crash crash 'restart = "always"' "$io"
app "$a" stuck stuck 'restart = "always"' 'watchdog_secs = 1' "$io"
app "$a" flood flood 'restart = "always"' "$io"
app "$a" kill-not limits "$io"
app "$a" kill-may limits "$io" 'shell = true'
n=0
while [ $n -lt 30 ]; do
    app "$a" "victim-$n" tick 'restart = "always"' "$io"
    app "$a" "storm-$n" crash 'restart = "always"' "$io"
    n=$((n + 1))
done
cat >"$conf/boot.toml" <<END
[serve]
root = "disk"
image = "$tmp/image"
control = "$PITH_CONTROL"
log = "none"
[[app]]
name = "echo"
[[app]]
name = "sink"
[[app]]
name = "asker"
after = ["echo"]
END
n=0
while [ $n -lt 30 ]; do
    printf '[[app]]\nname = "victim-%d"\n' $n >>"$conf/boot.toml"
    n=$((n + 1))
done
serve() {
    "$pith" serve "$conf/boot.toml" >"$tmp/serve.log" 2>"$tmp/serve.err" &
    server=$!
    until_ok 10 victims
}
victims() { [ "$(p ps | grep -cE '^victim-[0-9]+ +running ')" = 30 ]; }
# the others: an app that is started anew gets its answers, in time
well() {
    until_ok 5 victims && p restart asker && sleep 0.2 && until_ok 1 answered &&
        return
    echo "asker again" # what it asked may have been in front of a flood's rest
    p restart asker && sleep 0.5 && until_ok 5 answered
}
answered() {
    p ps | grep -qE "^asker +running +[0-9]+ +[0-9]+s " &&
        p logs asker | sed -n '/signal/h; /signal/!H; ${x; p; }' |
        grep -q "answer echo: three"
}
number() { sed -n "s/.*$1 \\([0-9]*\\).*/\\1/p" "$tmp/log" | tail -n 1; }
between() { [ "$1" -ge "$2" ] && [ "$1" -le "$3" ] || { echo "$1"; false; }; }
objects() { p metrics | sed -n 's/^pith_kernel_objects{kind="\(processes\|threads\|apps\|files\|pipes\|sockets\|messages\)"} /\1 /p'; }
ended_by() { p logs "$1" | tee "$tmp/log" | grep -q "ended by signal $2"; }

ok 'begins' serve
ok 'is well' well
settled() { objects >"$tmp/before" && sleep 0.5 && objects | diff "$tmp/before" -; }
ok 'comes to rest' until_ok 5 settled

# --- limits
ok 'call depth' p start depth
ok 'ends' until_ok 5 ended_by depth 11
ok 'where it should' between "$(number depth)" 300 1600
ok 'with a trap that says so' log_has depth 'stack'
ok 'disk' p start disk
ok 'is full' until_ok 5 log_has disk 'disk [0-9]* KB: Quota'
ok 'where it should be' between "$(number disk)" 48 64
ok 'what is removed counts no more' log_has disk 'again: room'
ok 'it is audited' audit_has ' disk .* limit disk'
ok 'files' p start files
ok 'are few' until_ok 5 log_has files 'files 16: No file descriptors'
ok 'fuel' p start fuel
ok 'ends by it' until_ok 5 ended_by fuel 24
ok 'and is not started again' until_ok 3 state fuel failed
used() { value pith_app_cpu_seconds_total cpu | awk '{ print int($1 * 1000) }'; }
works() { [ "$(used)" -ge 300 ]; }
began=$(now_ms)
ok 'cpu' p start cpu
sleep 3
ok 'it has its share' until_ok 5 works
used=$(used)
ok 'which is a fifth of the time' between "$used" 300 \
    $((($(now_ms) - began) / 5 + 500))
ok 'the others are well meanwhile' well
began=$(now_ms)
ok 'messages' p start slow-talk
sleep 3
ok '20 at once' until_ok 5 at_least pith_app_messages_sent_total slow-talk 40
sent=$(value pith_app_messages_sent_total slow-talk)
ok 'then 20 a second' between "$sent" 40 $((($(now_ms) - began) / 50 + 50))
ok 'echo is there for others' well
ok 'memory' p start hog
ok 'is 16 MB' until_ok 5 log_has hog 'got 1[0-5] MB'
for x in depth disk files cpu slow-talk hog; do p stop $x >/dev/null; done

# --- storms
ok 'message flood' p start fast-talk
sleep 1
ok 'others are answered' well
ok 'it talks' until_ok 5 at_least pith_app_messages_sent_total fast-talk 1001
p stop fast-talk >/dev/null
ok 'well' well
ok 'log flood' p start flood
sleep 2
ok 'others are answered in it' well
ok 'it is cut' until_ok 5 log_has flood 'too much'
ok 'counted' until_ok 5 at_least pith_app_log_dropped_bytes_total flood 100000
p stop flood >/dev/null
ok 'fork bomb' p start bomb
ok 'hits its limit' until_ok 5 audit_has ' bomb .* limit processes 8'
sleep 0.3
few() { between "$(value pith_app_processes bomb)" 1 8; }
ok 'no more than that' few
ok 'others are well' well
p stop bomb >/dev/null
ok 'all of it is gone' until_ok 5 sh -c '"$1" metrics | grep -qx "pith_app_processes{app=\"bomb\"} 0"' sh "$pith"
n=0
began=$(now_ms)
while [ $n -lt 30 ]; do
    p start "storm-$n" >/dev/null
    n=$((n + 1))
done
ok 'restart storm: others are well' well
starts() { p metrics | awk '/^pith_app_starts_total\{app="storm-/ { n += $2 } END { print n }'; }
tried() { [ "$(starts)" -ge 90 ]; }
sleep 2
ok 'each is tried' until_ok 5 tried
many=$(starts)
# pauses of 0.1 s, 0.2 s, 0.4 s ... between their ends and their starts
most=$(awk -v ms=$(($(now_ms) - began)) 'BEGIN {
    for (n = 1; ms > 0; n++) ms -= 100 * 2 ^ (n - 1); print 30 * n }')
ok 'with longer and longer pauses' between "$many" 90 "$most"
ok 'in one of which it is' until_ok 5 state storm-3 backoff
n=0
while [ $n -lt 30 ]; do
    p stop "storm-$n" >/dev/null
    n=$((n + 1))
done
sleep 1
was=$(starts)
sleep 1
ok 'stopped is stopped, all of them' [ "$(starts)" = "$was" ]
ok 'watchdog' p start stuck
ok 'kills' until_ok 8 at_least pith_app_watchdog_kills_total stuck 2
ok 'others live' well
p stop stuck >/dev/null

# --- kill -9 of everything that init has started
ok 'one without the right' p start kill-not
ok 'kills nobody' until_ok 5 log_has kill-not 'killed none, refused some'
ok 'nobody was started again' [ "$(p metrics | awk '/^pith_app_restarts_total\{app="victim/ { n += $2 } END { print n + 0 }')" = 0 ]
ok 'one with it' p start kill-may
ok 'kills' until_ok 5 log_has kill-may 'killed some'
again() { p metrics | awk '/^pith_app_restarts_total\{app="victim/ { n += $2 } END { print n + 0; exit n < 30 }'; }
ok 'they were killed' until_ok 10 again
ok 'all of them run again' until_ok 10 victims
ok 'and said to be' until_ok 5 log_has victim-3 'ended by signal 9'
ok 'well again' well
for x in kill-not kill-may fuel crash; do p stop $x >/dev/null; done

# --- nothing is left of all that
# (but for an open log of each app that has run meanwhile)
files() { sed -n 's/^files //p' "$1"; }
as_before() {
    objects >"$tmp/after"
    grep -v files "$tmp/before" >"$tmp/before.1"
    grep -v files "$tmp/after" | diff "$tmp/before.1" -
}
sleep 1
ok 'as many kernel objects as before' until_ok 2 as_before
ok 'as many files' between "$(files "$tmp/after")" 100 $(($(files "$tmp/before") + 80))

# --- kill -9 of pith itself, in the middle of writing, again and again
app "$a" write writer 'restart = "always"' "$io" 'filesystem = true'
printf '[[app]]\nname = "write"\n' >>"$conf/boot.toml"
p shutdown >/dev/null
wait "$server"
round=0
while [ $round -lt 6 ]; do
    round=$((round + 1))
    serve >"$tmp/again" || break
    until_ok 5 log_has write "wrote [0-9]" >"$tmp/again" || break
    sleep 0.$((round * 2))
    said=$(p logs write | sed -n 's/.*synced \([0-9]*\)$/\1/p' | tail -n 1)
    kill -9 "$server"
    wait "$server" 2>/dev/null
    [ "$(sqlite3 "$conf/disk" 'pragma integrity_check')" = ok ] || break
    serve >"$tmp/again" || break
    # what it was told is on the disk is there, whole, and in order
    until_ok 10 log_has write "found whole [0-9]" >"$tmp/again" || break
    found=$(number 'found whole')
    [ "$found" -ge "${said:-0}" ] || { echo "$said synced, $found found"; break; }
    p logs write | grep -q torn && break
    [ $round = 6 ] && break
    p shutdown >/dev/null
    wait "$server"
done >"$tmp/kill.log" 2>&1
ok 'kill -9 of pith: six times, nothing is lost or torn' sh -c 'cat "$1" "$3"; [ "$2" = 6 ]' sh "$tmp/kill.log" "$round" "$tmp/again"
ok 'well after all that' well
kill -TERM "$server"
wait "$server"
ok 'ends well' [ $? = 0 ]
server=
ok 'the disk is whole' sh -c '[ "$(sqlite3 "$1" "pragma integrity_check")" = ok ]' sh "$conf/disk"
finish
