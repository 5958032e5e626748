#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Booting the system image without a terminal: boot.sh PITH. The terminal is
# tests/ports/shell.sh's.
set -u
pith=$1
tmp=$(mktemp -d "${TMPDIR:-/tmp}/pith-boot.XXXXXX") || exit 1
trap 'rm -rf "$tmp"' EXIT
passed=0
failed=0
root="$tmp/root.pith"

t() { # NAME CODE OUT COMMAND...: exact output, - for anything
    name=$1 code=$2 want=$3
    shift 3
    "$@" >"$tmp/out" 2>"$tmp/err" </dev/null
    got=$?
    if [ $got = "$code" ] &&
        { [ "$want" = - ] || [ "$(cat "$tmp/out")" = "$want" ]; }; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL $name: exit code $got, not $code; it said:"
        head -n 5 "$tmp/out" "$tmp/err" | sed 's/^/    /'
    fi
}
c() { "$pith" --root "$root" -c "$1"; }

t 'a command' 0 42 c 'echo $((6 * 7))'
t 'its exit code' 7 '' c 'exit 7'
t 'a signal' 143 '' c 'kill -TERM $$'
t 'no such command' 127 '' c 'frobnicate 2>/dev/null'
t 'standard input' 0 '3' sh -c "printf 'a\nb\nc\n' | '$pith' --root '$root' -c 'wc -l'"
t 'pipelines' 0 'c b a' c 'printf "a\nb\nc\n" | sort -r | tr "\n" " " | sed "s/ $//"'
t 'write' 0 '' c 'echo kept > /home/user/file; mkdir -p /a/b; ln -s b /a/l'
t 'kept' 0 'kept b' c 'echo $(cat /home/user/file) $(readlink /a/l)'
t 'XDG_DATA_HOME' 0 yes env XDG_DATA_HOME="$tmp/data" "$pith" -c 'echo yes'
t 'made there' 0 - test -s "$tmp/data/pith/root.pith"
t 'ephemeral' 0 'x' "$pith" --ephemeral -c 'echo x > /f; cat /f'
t 'not kept' 1 '' "$pith" --ephemeral -c 'test -e /f'
mkdir "$tmp/host"
echo shown >"$tmp/host/file"
t 'mount' 0 shown "$pith" --root "$root" --mount "$tmp/host::/mnt/h" \
    -c 'cat /mnt/h/file; echo made > /mnt/h/new'
t 'mount, written' 0 made cat "$tmp/host/new"
t 'mount, read-only' 1 '' "$pith" --root "$root" --mount "$tmp/host::/mnt/h:ro" \
    -c '(echo x > /mnt/h/new2) 2>/dev/null || exit 1'
t 'usual places' 0 'ok' c 'test -c /dev/null && test -d /proc/self &&
    test -w /tmp && test -x /bin/sh && echo ok'
t 'full tmpfs' 0 'full' c \
    'mount -t tmpfs -o size=64k tmp /mnt && {
     dd if=/dev/zero of=/mnt/f bs=1k count=100 2>/dev/null || echo full; }'
# (b, of 82 KiB, fits on no disk of 64)
t 'full disk: mv keeps, cp and sed say so' 0 '1 kept 1 1 kept' c \
    'echo $(cd /tmp; mount -t tmpfs -o size=64k tmp /mnt; exec 2>&-
     seq 16000 > b; cp b c; seq 9000 > s; cp s /mnt/
     mv c /mnt/c; echo $? $(cmp b c && echo kept); rm /mnt/c
     cp b /mnt/d; echo $?; rm /mnt/d
     sed -i p /mnt/s; echo $? $(cmp s /mnt/s && echo kept))'

t 'rewriting tools end well' 0 "2+0 records in:b" c 'cd /tmp; printf a > f; sed -i s/a/b/ f
    x=$(dd if=/dev/zero of=z bs=1 count=2 2>&1) && echo "${x%%
*}:$(cat f)"'
t 'ps aux' 0 1 c 'ps aux | grep -c "[p]s aux$"'
t 'times' 0 2 c 'times | grep -c "^0m0[0-9.]*s 0m0[0-9.]*s$"'
t 'shares of the memory that there is' 0 ok c 'ps -eo %mem | awk "
    NR > 1 && \$1 >= 5 { bad = 1 } END { if (!bad && NR > 1) print \"ok\" }"'
t 'standard output closed' 1 '' sh -c "'$pith' --root '$root' -c ls >&-"
t 'standard input closed' 1 '' sh -c "'$pith' --root '$root' -c cat <&-"
t 'a root in no directory' 126 '' "$pith" --root "$tmp/no/root.pith" -c true
t 'no colours in a pipe' 0 - sh -c "echo 'ls / | cat' | '$pith' --root '$root'"
if grep -q "$(printf '\033')" "$tmp/out"; then
    failed=$((failed + 1))
    echo "FAIL colours in a pipe"
fi

# nothing sleeps on at the end: boot and halt, again and again
ended=0
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    timeout 120 "$pith" --ephemeral -c 'true & true' >/dev/null 2>&1 &&
        ended=$((ended + 1))
done
t 'twenty boots end' 0 20 echo $ended

# two at once: the second says so
"$pith" --root "$root" -c 'echo up; sleep 1000' >"$tmp/first" 2>&1 &
first=$!
i=0
while [ $i -lt 600 ] && ! grep -q up "$tmp/first"; do
    sleep 0.1
    i=$((i + 1))
done
t 'a second instance' 126 '' c true
if grep -q 'in use by pid' "$tmp/err"; then passed=$((passed + 1)); else
    failed=$((failed + 1))
    echo "FAIL the second instance does not say why: $(cat "$tmp/err")"
fi
kill -TERM $first
wait $first
t 'ends by SIGTERM' 0 143 echo $?
t 'and leaves a good root' 0 'kept' c 'cat /home/user/file'
echo garbage >"$tmp/garbage.pith"
t 'a root that is none' 126 '' "$pith" --root "$tmp/garbage.pith" -c true
if command -v sqlite3 >/dev/null; then
    t 'inspectable' 0 ok sqlite3 "$root" 'pragma integrity_check'
fi

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
