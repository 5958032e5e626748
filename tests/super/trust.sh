#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Whom the supervisor trusts, from outside: signatures of apps, the broker that
# asks a person, apps of another user: trust.sh PITH MKDISK OUT. The apps lie in
# a directory of the host, so that they can be changed while they run. Prints
# each failure, then `N passed, N failed`.
set -u
pith=$1 mkdisk=$2 out=$3
. "$(dirname "$0")/lib.sh"

# refuses TEXT COMMAND...: an error that says so
refuses() {
    text=$1
    shift
    if p "$@" >"$tmp/said" 2>&1; then cat "$tmp/said"; return 1; fi
    grep -q -- "$text" "$tmp/said" || { cat "$tmp/said"; false; }
}

root=$tmp/root apps=$tmp/apps
mkdir -p "$root" "$apps"
cp -R -P "$top/image/root/." "$root/"
cp -R -P "$out/user/root/." "$root/"
mkdir -p "$root/dev" "$root/proc" "$root/tmp" "$root/mnt" "$root/var/log" \
    "$root/data" "$root/apps" "$root/etc/vyoma" "$root/etc/pith/trust"
for f in once always never silence typed; do echo $f >"$root/etc/$f"; done
printf '/tmp/ 1777 0 0\n/root/ 700 0 0\n' >"$tmp/tree"
app() { # NAME PROGRAM [LINE...]
    name=$1 program=$2
    shift 2
    mkdir -p "$apps/$name"
    cp "$program" "$apps/$name/$name.wasm"
    {
        printf '[app]\nname = "%s"\nwasm = "%s.wasm"\n' "$name" "$name"
        for line in "$@"; do echo "$line"; done
    } >"$apps/$name/vyoma.toml"
}
own=$out/test/super
for a in good unsigned forged stale strange moved; do
    app $a "$own/echo.wasm" '[capabilities]' 'stdio = true'
done
serve() { # BOOT.TOML
    printf '%b' "$1" >"$root/etc/vyoma/boot.toml"
    rm -f "$tmp/disk"*
    "$mkdisk" "$tmp/image" "$root" "$tmp/tree" >/dev/null || exit 1
    "$pith" serve --root "$tmp/disk" --image "$tmp/image" \
        --mount "$apps::/apps" >"$tmp/serve.log" 2>&1 &
    server=$!
    until_ok 10 p ps
}
stop() {
    p shutdown >/dev/null
    wait "$server"
    server=
}

# --- no key is trusted: development, and the log says so
ok 'it serves' serve ''
ok 'unsigned is started' p start unsigned
ok 'it is in the log' audit_has 'unsigned apps are not checked: no key in'
stop

# --- a trusted key: from then on all must be signed
"$pith" key "$tmp/me" && "$pith" key "$tmp/other" || exit 1
cp "$tmp/me.pub" "$root/etc/pith/trust/"
for a in good forged stale moved; do
    "$pith" sign --key "$tmp/me" "$apps/$a/vyoma.toml"
done
"$pith" sign --key "$tmp/other" "$apps/strange/vyoma.toml"
sed -i 's/^signature ..../signature 0000/' "$apps/forged/vyoma.toml.sig"
cp "$own/tick.wasm" "$apps/stale/stale.wasm"
cp "$apps/good/vyoma.toml.sig" "$apps/moved/"
ok 'it serves signed apps' serve '[[app]]\nname = "good"\n[[app]]\nname = "unsigned"\n'
ok 'signed runs' until_ok 5 state good running
ok 'unsigned is not there' sh -c '! "$1" ps | grep -q unsigned' sh "$pith"
ok 'unsigned' refuses 'unsigned: it is not signed' start unsigned
ok 'forged' refuses 'forged: the signature is wrong' start forged
ok 'stale' refuses 'stale.wasm: it is not what was signed' start stale
ok 'of a stranger' refuses 'signed by a key that is not trusted' start strange
ok 'of another app' refuses 'moved: its signature does not cover it' start moved
for a in unsigned forged stale strange moved; do
    ok "$a in the audit log" audit_has "refused-app $a: "
done
ok 'good still runs' state good running

# --- live: another program must be signed again
cp "$own/tick.wasm" "$apps/good/good.wasm"
ok 'changed while it runs' refuses 'not what was signed' reload good
ok 'what runs goes on' state good running
ok 'not started again either' p restart good
ok 'but stopped' until_ok 10 log_has good 'not what was signed'
ok 'signed again' "$pith" sign --key "$tmp/me" "$apps/good/vyoma.toml"
ok 'reload' p reload good
ok 'the new one runs' until_ok 10 state good '(running|starting)'
echo 'version = "2.0.0"' >"$tmp/line"
sed -i '2r '"$tmp/line" "$apps/good/vyoma.toml"
ok 'a changed manifest' refuses 'vyoma.toml: it is not what was signed' reload good
stop

# --- required without a key; off with one
rm "$root/etc/pith/trust/me.pub"
ok 'it serves nothing' serve 'signatures = "required"\n'
ok 'nobody is trusted' refuses 'not trusted' start stale
stop
cp "$tmp/me.pub" "$root/etc/pith/trust/"
ok 'it serves all' serve 'signatures = "off"\n'
ok 'development is explicit' p start unsigned
ok 'and in the log' audit_has 'unsigned apps are not checked: boot.toml says so'
stop
rm "$root/etc/pith/trust/me.pub"

# --- a broker that answers by itself
ask() { printf '%s\n' "$1" | timeout 60 "$pith" attach wants >/dev/null & }
told() { # FILE opened|refused TIMES
    until_ok 10 sh -c '[ "$("$1" logs wants | grep -c " /etc/$2 $3")" -ge "$4" ]' \
        sh "$pith" "$1" "$2" "$3"
}
app wants "$own/wants.wasm" 'ask = true' '[capabilities]' 'stdio = true'
app meek "$own/wants.wasm" '[capabilities]' 'stdio = true'
app judge "$own/judge.wasm" '[capabilities]' 'stdio = true'
app liar "$own/liar.wasm" '[capabilities]' 'stdio = true' 'ipc = ["judge"]'
two='[[app]]\nname = "judge"\n[[app]]\nname = "wants"\nafter = ["judge"]\n'
ok 'with a broker' serve "broker = \"judge\"\nbroker_secs = 5\n$two"
ok 'both run' until_ok 5 state wants running
ask /etc/never
ok 'denied' told never refused 1
ask /etc/once
ok 'once' told once opened 1
ask /etc/once
ok 'asked again' told once opened 2
ask /etc/always
ok 'always' told always opened 1
ask /etc/silence
ok 'no answer is no' told silence refused 1
ok 'the question' log_has judge \
    'heard supervisor: ask [0-9]* {"app":"wants","pid":[0-9]*,"program":"wants.wasm","capability":"fs","detail":"/etc/never ro"}'
ok 'who does not ask is not asked for' p start meek
printf '/etc/once\n' | timeout 60 "$pith" attach meek >/dev/null &
ok 'refused at once' until_ok 5 log_has meek '/etc/once refused'
for what in '/etc/never ro: denied' '/etc/once ro: once' \
    '/etc/always ro: always' '/etc/silence ro: denied'; do
    ok "audited: $what" audit_has "asked fs $what"
done
ok 'a liar' p start liar
ok 'is not the broker' until_ok 5 log_has liar 'told supervisor: refused supervisor'
ok 'nor the supervisor' until_ok 5 log_has judge 'heard liar: supervisor: ask 1'
ok 'restarted' p restart wants
ok 'and runs again' until_ok 5 state wants '(running|starting)'
n=$("$pith" audit | grep -c ' asked ')
ask /etc/always
ok 'always is remembered' told always opened 2
ok 'without a question' [ "$("$pith" audit | grep -c ' asked ')" = "$n" ]
stop

# --- a person at a terminal
mkdir -p "$apps/ask"
cp "$out/apps/ask/ask.wasm" "$out/apps/ask/vyoma.toml" "$apps/ask/"
ok 'with apps/ask' serve "broker = \"ask\"\nbroker_secs = 120\n$(echo "$two" | sed s/judge/ask/g)"
ok 'it runs' until_ok 5 state wants running
cat >"$tmp/person.exp" <<'END'
set timeout 100
spawn -noecho [lindex $argv 0] attach ask
expect "wants (wants.wasm, process" { } timeout { exit 1 }
expect "asks for fs /etc/typed ro -- o: once, a: always, d: deny" { send "what?\r" } timeout { exit 1 }
expect "asks for fs /etc/typed ro" { send "[lindex $argv 1]\r" } timeout { exit 1 }
expect eof
END
person() { # ANSWER WORD TIMES; there until the answer has come to something
    ask /etc/typed
    expect -f "$tmp/person.exp" "$pith" "$1" >"$tmp/person" &
    id=$!
    told typed "$2" "$3"
    r=$?
    [ $r = 0 ] || tail -n 5 "$tmp/person"
    kill $id 2>/dev/null
    wait $id
    return $r
}
ok 'a person allows' person o opened 1
ok 'a person denies' person d refused 1
stop

# --- an app of another user's
app wants "$own/wants.wasm" 'user = "user"' '[capabilities]' 'stdio = true' \
    'filesystem = true'
app nouser "$own/wants.wasm" 'user = "nobody-here"' '[capabilities]' 'stdio = true'
ok 'with users' serve '[[app]]\nname = "wants"\n'
ok 'it is not root' until_ok 5 log_has wants 'user 1000'
ok 'and has its directory' until_ok 5 log_has wants 'home of 1000'
p start nouser >/dev/null 2>&1
ok 'no such user' until_ok 5 log_has nouser 'no such user'
stop

# --- all of it by a configuration on the host
mkdir "$tmp/trust"
cp "$tmp/me.pub" "$tmp/trust/"
cat >"$tmp/boot.toml" <<END
signatures = "required"
[serve]
ephemeral = true
image = "$tmp/image"
control = "$tmp/control"
log = "none"
mounts = ["trust::/etc/pith/trust:ro"]
[[app]]
name = "good"
[[app]]
name = "unsigned"
END
"$pith" sign --key "$tmp/me" "$apps/good/vyoma.toml"
"$pith" serve "$tmp/boot.toml" >"$tmp/serve.log" 2>&1 &
server=$!
ok 'a configuration' until_ok 10 state good running
ok 'trusts nobody else' refuses 'unsigned: it is not signed' start unsigned
stop

[ "$failed" = 0 ] || tail -n 5 "$tmp/serve.log"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
