#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# For long: soak.sh PITH MKDISK OUT SECONDS IDLE. 200 apps under load for
# SECONDS, half of them crashing now and then; before and after, with the load
# stopped, everything is counted: what the kernel has, the host's descriptors,
# threads and memory. Then IDLE apps that do nothing. Prints the figures, each
# failure, and `N passed, N failed`.
set -u
pith=$1 mkdisk=$2 out=$3 seconds=$4 idle=$5
. "$(dirname "$0")/lib.sh"
limit=60

base_root "$tmp/root"
"$mkdisk" "$tmp/image" "$tmp/root" "$tmp/tree" >/dev/null || exit 1
serve() { # CONFIG
    "$pith" serve "$1" >"$tmp/serve.log" 2>"$tmp/serve.err" &
    server=$!
}
begin() { # FILE
    printf '[serve]\nroot = "%s"\nimage = "%s"\ncontrol = "%s"\nlog = "%s"\n' \
        "$tmp/disk" "$tmp/image" "$PITH_CONTROL" "${2:-none}" >"$1"
}
host() { # what the host gives the process, in KB, and its descriptors, threads
    awk '/^VmRSS|^VmPTE/ { kb += $2 } /^Threads/ { t = $2 }
        END { printf "rss %d\nhost_threads %d\n", kb, t }' "/proc/$server/status"
    echo "host_fds $(ls "/proc/$server/fd" | wc -l)"
}
count_once() { # FILE
    p metrics | sed -n 's/^pith_kernel_objects{kind="\(.*\)"} /\1 /p' >"$1"
    awk '/^heap_bytes/ { kb += $2 / 1024 } /^cached_bytes/ { kb -= $2 / 1024 }
        END { printf "heap_kb %d\n", kb }' "$1" >"$1.heap"
    cat "$1.heap" >>"$1"
    host >>"$1"
}
count() { # FILE: when two in a row are the same, but for memory
    count_once "$1"
    until_ok 5 settled "$1"
}
settled() {
    mv "$1" "$1.was"
    sleep 0.5
    count_once "$1"
    grep -v 'bytes\|kb\|rss' "$1.was" >"$1.want"
    grep -v 'bytes\|kb\|rss' "$1" | diff "$1.want" -
}
of() { sed -n "s/^$1 //p" "$2"; }
same() { # WHAT...: as many after as before
    for what in "$@"; do
        [ "$(of "$what" "$tmp/after")" = "$(of "$what" "$tmp/before")" ] || {
            echo "$what: $(of "$what" "$tmp/before") before," \
                "$(of "$what" "$tmp/after") after"
            return 1
        }
    done
}
no_more() { # WHAT SLACK
    [ "$(of "$1" "$tmp/after")" -le $(($(of "$1" "$tmp/before") + $2)) ] || {
        echo "$1: $(of "$1" "$tmp/before") before, $(of "$1" "$tmp/after") after"
        return 1
    }
}

# --- 200 apps: 80 work, 80 answer them, 40 of the small kinds look on
apps=$tmp/conf/apps
mkdir -p "$apps"
begin "$tmp/conf/boot.toml" json
n=0
while [ $n -lt 80 ]; do
    app "$apps" "echo-$n" echo 'restart = "always"' '[capabilities]' 'stdio = true'
    app "$apps" "load-$n" load 'restart = "always"' 'watchdog_secs = 20' \
        '[capabilities]' 'stdio = true' 'time = true' 'spawn = true' \
        "filesystem = { \"/data/load-$n\" = \"rw\", \"/apps/load-$n\" = \"ro\" }" \
        "ipc = [\"echo-$n\"]" '[limits]' 'disk = "1MB"' 'processes = 4'
    mkdir -p "$tmp/root/data/load-$n"
    {
        printf '[[app]]\nname = "echo-%d"\n' $n
        printf '[[app]]\nname = "load-%d"\nafter = ["echo-%d"]\n' $n $n
        printf 'args = ["echo-%d", "/data/load-%d"]\n' $n $n
    } >>"$tmp/conf/boot.toml"
    n=$((n + 1))
done
while [ $n -lt 120 ]; do
    for kind in clock counter dice echo notes; do
        [ $n -lt 120 ] || break
        mkdir -p "$apps/$kind-$n"
        cp "$out/apps/$kind/$kind.wasm" "$apps/$kind-$n/"
        sed "s/^name = .*/name = \"$kind-$n\"/" "$out/apps/$kind/vyoma.toml" \
            >"$apps/$kind-$n/vyoma.toml"
        printf '[[app]]\nname = "%s"\n' "$kind-$n" >>"$tmp/conf/boot.toml"
        n=$((n + 1))
    done
done
"$mkdisk" "$tmp/image" "$tmp/root" "$tmp/tree" >/dev/null || exit 1
running() { [ "$(value pith_apps_running)" = "$1" ]; }
work() { # start|stop
    n=0
    while [ $n -lt 80 ]; do
        p "$1" "load-$n" >/dev/null || return 1
        n=$((n + 1))
    done
}
quiet() { running 120 && [ "$(value 'pith_kernel_objects{kind="processes"}')" = 121 ]; }
serve "$tmp/conf/boot.toml"
ok '200 apps run' until_ok 20 running 200
# (by then what is used much has been compiled)
warm=$((seconds / 5 + 12))
[ $warm -lt 60 ] || warm=60
sleep $warm
ok 'load stops' work stop
ok 'only the idle are left' until_ok 20 quiet
sleep 1
count "$tmp/before"
sent=$(p metrics | awk '/^pith_app_messages_sent/ { n += $2 } /^pith_app_restarts_total/ { r += $2 }
    /^pith_app_refusals_total/ { d += $2 } END { print n + 0, r + 0, d + 0 }')
peak=0
load() { # for so many seconds; what there is after it
    ok 'load starts' work start
    begun=$(date +%s)
    while [ $(($(date +%s) - begun)) -lt "$seconds" ]; do
        sleep 2
        kill -0 "$server" 2>/dev/null || break
        kb=$(host | sed -n 's/^rss //p')
        [ "$kb" -le "$peak" ] || peak=$kb
    done
    ok 'it is well under load' until_ok 10 state echo-0 running
    p metrics >"$tmp/metrics"
    ok 'nobody was given up' [ "$(awk '/^pith_apps_failed/ { print $2 }' "$tmp/metrics")" = 0 ]
    ok 'load stops again' work stop
    ok 'only the idle are left again' until_ok 20 quiet
    sleep 1
    count "$tmp/after"
    ok 'kernel objects are as before' same processes threads apps files pipes \
        terminals sockets messages in_flight
    ok 'descriptors of the host' same host_fds
    ok 'threads of the host' no_more host_threads 8
}
# Without the cache of files (at most 64 MB): what is allocated, nearly as much;
# what the host gave, as much as malloc's fragments let it.
allocated() { no_more heap_kb $((4096 + $(of heap_kb "$tmp/before") / 10)); }
resident() { no_more rss $((65536 + $(of rss "$tmp/before") / 4)); }
load
# A machine that is slow or busy still compiles when others have done so, which
# holds memory, once: then the load after that is what says whether some is lost.
cp "$tmp/metrics" "$tmp/first"
for _ in 1 2 3; do
    ! allocated >"$tmp/grown" || break
    echo "again: $(cat "$tmp/grown")"
    mv "$tmp/after" "$tmp/before"
    load
done
ok 'allocated memory' allocated
ok 'memory' resident
mv "$tmp/first" "$tmp/metrics"
echo "$sent" | cat - "$tmp/metrics" | awk -v s="$seconds" '
    NR == 1 { n = -$1; r = -$2; d = -$3 }
    /^pith_app_messages_sent/ { n += $2 } /^pith_app_restarts_total/ { r += $2 }
    /^pith_app_refusals_total/ { d += $2 }
    /^pith_app_cpu_seconds_total/ { c += $2 }
    END { printf "200 apps, %d s of load: %d messages, %d restarts, %d refusals, %.0f s of CPU\n",
        s, n, r, d, c; exit !(r > 0 || s < 12) }' || failed=$((failed + 1))
paste -d' ' "$tmp/before" "$tmp/after" | awk -v peak="$peak" '
    { printf "%-13s %8d before, %8d after\n", $1, $2, $4 }
    END { printf "rss at its peak %d KB\n", peak }'
ok 'the log is JSON' sh -c 'node -e "
    const lines = require(\"fs\").readFileSync(process.argv[1], \"utf8\").trim().split(\"\\n\");
    for (const l of lines) JSON.parse(l);
    if (lines.length < 200) throw lines.length;" "$1"' sh "$tmp/serve.log"
ok 'nothing on standard error' [ ! -s "$tmp/serve.err" ]
kill -TERM "$server"
ok 'ends in good time' until_ok 15 sh -c '! kill -0 "$1" 2>/dev/null' sh "$server"
wait "$server"
ok 'exit code' [ $? = 0 ]
server=
ok 'disk is whole' sh -c '[ "$(sqlite3 "$1" "pragma integrity_check")" = ok ]' sh "$tmp/disk"

# --- many that do nothing
rm -rf "$tmp/conf" "$tmp"/disk*
mkdir -p "$tmp/conf/apps"
begin "$tmp/conf/boot.toml"
"$out/bin/super-peer" farm "$tmp/conf/apps" "$idle" "$out/apps/echo/echo.wasm" \
    >>"$tmp/conf/boot.toml"
: >"$tmp/none.toml"
begin "$tmp/none.toml"
serve "$tmp/none.toml"
ok 'none' until_ok 10 p ps
count "$tmp/before"
kill -TERM "$server"
wait "$server"
rm -rf "$tmp"/disk*
start=$(date +%s%N)
serve "$tmp/conf/boot.toml"
ok "$idle apps run" until_ok 60 running "$idle"
took=$((($(date +%s%N) - start) / 1000000))
sleep 1
count "$tmp/after"
each=$((($(of rss "$tmp/after") - $(of rss "$tmp/before")) * 1024 / idle))
echo "$idle idle apps: all run after $took ms, $((each / 1024)) KB each with" \
    "the linear memory they use and the supervisor's part"
ok 'below 64 KB each' [ $each -lt 65536 ]
cpu() { awk '{ print $14 + $15 }' "/proc/$server/stat"; }
a=$(cpu)
sleep 3
b=$(cpu)
echo "$idle idle apps use $(((b - a) * 10 / 3)) ms of CPU a second"
ok 'idle is idle' [ $(((b - a) * 10 / 3)) -lt 100 ]
ok 'one of them answers' p restart idle-7
ok 'and acts' until_ok 5 sh -c 'timeout 60 "$1" ps | grep -q "^idle-7 *running .* 2 "' \
    sh "$pith"
kill -TERM "$server"
ok 'ends in good time' until_ok 30 sh -c '! kill -0 "$1" 2>/dev/null' sh "$server"
wait "$server"
ok 'exit code' [ $? = 0 ]
server=
[ "$failed" = 0 ] || tail -n 5 "$tmp/serve.err" "$tmp/serve.log"
finish
