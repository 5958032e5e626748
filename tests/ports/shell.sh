#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The system as a user sees it: boots Pith in a terminal (tmux), types, and
# looks at the screen: shell.sh OUT. Each check says what it saw when it fails.
set -u
export LC_ALL=C

out=$(cd "$1" && pwd)
pith=$out/bin/pith
limit=${PITH_TEST_SECONDS:-100}
results=$out/test/shell
rm -rf "$results"
mkdir -p "$results"
socket= boots=0
passed=0 failed=0

command -v tmux >/dev/null 2>&1 || {
    echo "shell.sh: tmux is missing (tools/install.sh test)" >&2
    exit 1
}
tm() { tmux -L "$socket" -f /dev/null "$@"; }
trap 'tm kill-server 2>/dev/null' EXIT
trap 'exit 1' INT TERM

# boot ARGS...: a fresh system in a fresh window of 80 by 24
boot() {
    first_boot "$@"
    wait_for '[#$] $' 'the prompt'
}
first_boot() { # without waiting for the prompt
    tm kill-server 2>/dev/null
    boots=$((boots + 1)) # a socket of its own: the old server takes a moment
    rm -f "$results/stty.after"
    socket=pith-test-$$-$boots
    tm new-session -d -x 80 -y 24 \
        "stty -a >$results/stty.before; $pith $*; echo \"pith ended: \$?\";
         stty -a >$results/stty.after; exec sleep 1000"
}
screen() { tm capture-pane -p -J | sed 's/[ ]*$//' | awk 'NF {last = NR}
    {line[NR] = $0} END {for (i = 1; i <= last; i++) print line[i]}'; }
keys() { tm send-keys "$@"; }
# (tmux takes a semicolon at the end for its own)
type_line() {
    case $1 in *\;) tm send-keys -l -- "${1%;}\\;" ;;
    *) tm send-keys -l -- "$1" ;; esac
    tm send-keys Enter
}

# until_ok SECONDS COMMAND...
until_ok() {
    n=$(($1 * 10))
    shift
    until "$@"; do
        n=$((n - 1))
        [ $n -gt 0 ] || return 1
        sleep 0.1
    done
}
# wait_for REGEX WHAT: until a line of the screen matches
wait_for() { until_ok "$limit" seen "$1"; }
seen() { tm capture-pane -p -J 2>/dev/null | grep -E -q -- "$1"; }
# the last line is a prompt; it is all there is
at_prompt() { screen | tail -n 1 | grep -E -q '^[^ ]*[#$]$'; }
cleared() { [ "$(screen | wc -l)" = 1 ] && at_prompt; }
ok() { passed=$((passed + 1)); }
bad() {
    failed=$((failed + 1))
    echo "fails: $1"
    screen | sed 's/^/    | /'
}
# expect NAME REGEX: is it, or will it be, on the screen?
expect() { if wait_for "$2" "$1"; then ok; else bad "$1"; fi; }
clear_screen() {
    # a system that has ended where it should not costs one test, not the rest
    if tm capture-pane -p -J 2>/dev/null | grep -q 'pith ended'; then
        boot --ephemeral
    fi
    # A new prompt first, so that what is typed next is read by the shell, and
    # is shown behind it. What is typed right behind a Ctrl-C dash forgets (on
    # Linux, too): so it is to be at its prompt before.
    until_ok 10 at_prompt || :
    type_line 'clear'
    until_ok "$limit" cleared || :
    tm clear-history
}
# run NAME COMMAND REGEX: type a line, look for a line of output
run() {
    clear_screen
    type_line "$2"
    expect "$1" "$3"
}

boot --ephemeral || { bad 'boots to a prompt'; }
[ "$failed" != 0 ] || ok
expect 'says that nothing is kept' '^Nothing that you write in this system is kept'

run 'a pipeline' 'ls / | grep bin | wc -l' '^2$'
run 'arithmetic and substitution' 'echo "<$(echo $((6*7)))>"' '^<42>$'
run 'nested substitution' 'echo "$(echo "$(echo deep)")-"' '^deep-$'
clear_screen
type_line 'cat <<END | tr a-z A-Z'
type_line 'here $((1+1))'
type_line 'END'
expect 'a here-document' '^HERE 2$'
run 'a loop' 'for i in 1 2 3; do printf "%s-" $i; done; echo' '^1-2-3-$'
run 'a function' 'f() { return 7; }; f; echo "r=$?"' '^r=7$'
run 'a subshell keeps its variables' 'x=1; (x=2; cd /tmp); echo "x=$x $PWD"' '^x=1 /root$'
run 'redirection' 'echo one >/tmp/f; echo two >>/tmp/f; cat </tmp/f | tail -n 1' '^two$'
run 'an unknown command' 'nosuchcommand; echo "c=$?"' '^c=127$'
run 'a directory as a program' '/etc; echo "c=$?"' '^c=126$'
run 'exit code of a child' 'sh -c "exit 7"; echo "c=$?"' '^c=7$'
run 'a script with #!' 'printf "#!/bin/sh\necho s=\$1\n" >/tmp/s; chmod +x /tmp/s; /tmp/s hi' '^s=hi$'
run 'a script without #!' 'printf "echo t=\$1\n" >/tmp/t; chmod +x /tmp/t; /tmp/t hi' '^t=hi$'
run 'find and xargs' 'find /etc -name "pass*" | xargs -n 1 basename' '^passwd$'

clear_screen
type_line 'sleep 100 & echo "job $!"'
expect 'a background job' '^job [0-9]+$'
run 'jobs lists it' 'jobs' 'Running.*sleep 100|\[1\].*sleep 100'
run 'ps shows it' 'ps -A -o pid,args | grep "sleep [1]00"' '^ *[0-9]+ +sleep 100'
run 'kill ends it' 'kill %1; wait %1; echo "w=$?"' '^w=143$'

clear_screen
type_line 'while :; do :; done'
sleep 0.5
keys C-c
run 'Ctrl-C ends a busy loop of the shell' 'echo alive$((1+1))' '^alive2$'
clear_screen
type_line 'yes >/dev/null'
sleep 0.5
keys C-c
run 'Ctrl-C ends a busy program' 'echo "alive$((1+2)) $?"' '^alive3'
clear_screen
type_line 'lua -e "while true do end"'
sleep 0.7
keys C-c
run 'Ctrl-C ends a busy Lua' 'echo alive$((2+2))' '^alive4$'
clear_screen
type_line 'echo go$((1+1)); sleep 100'
wait_for '^go2$' 'the shell has read it' || :
for _ in 1 2 3 4 5 6 7 8; do # while it is not there yet the shell ignores it
    sleep 0.3
    keys C-z
    until_ok 3 seen Stopped && break
done
expect 'Ctrl-Z stops a program' 'Stopped'
run 'and jobs says so' 'jobs' 'Stopped.*sleep 100|\[1\].*Stopped'
clear_screen
type_line 'fg'
wait_for '^sleep 100$' 'the shell has read it' || :
for _ in 1 2 3 4 5 6 7 8; do # until it is in front the shell ignores it
    sleep 0.3
    keys C-c
    until_ok 3 at_prompt && break
done
run 'fg brings it back, Ctrl-C ends it' 'jobs; echo "none=$(jobs | wc -l)"' '^none=0$'
clear_screen
type_line 'cat >/tmp/typed'
type_line 'hello wrold'
keys C-d
run 'Ctrl-D ends the input' 'cat /tmp/typed' '^hello wrold$'
clear_screen
tm send-keys -l 'echo wrong'
keys C-u
type_line 'echo "li""ne"'
expect 'Ctrl-U kills the line' '^line$'
run 'the size of the window' 'stty size' '^24 80$'

clear_screen
type_line 'vi /tmp/note'
expect 'vi starts' '^~'
if screen | grep -q "E[0-9][0-9]*:"; then bad "vi starts without an error"; else ok; fi
keys i
tm send-keys -l 'written in vi'
keys Enter
tm send-keys -l 'second line'
keys Escape
type_line ':wq'
run 'vi writes a file' 'cat /tmp/note | wc -l; head -n 1 /tmp/note' '^written in vi$'
clear_screen
type_line 'vi /tmp/note'
wait_for 'written in vi' 'vi' || :
keys d d
type_line ':wq'
run 'vi deletes a line' 'wc -l </tmp/note; cat /tmp/note' '^second line$'

clear_screen
type_line 'less /etc/profile'
expect 'less shows a file' 'Read by login shells'
keys q
run 'less ends' 'echo back$((1+1))' '^back2$'

clear_screen
type_line 'lua'
expect 'lua greets' '^Lua 5\.4'
type_line 'print(2^53 == 2^53+2, #"abc", 7//2)'
expect 'lua computes' '^false[[:space:]]+3[[:space:]]+3$'
type_line 'print(pcall(error, "x"))'
expect 'lua catches errors' '^false[[:space:]]+x$'
keys C-d
run 'lua ends' 'echo back$((2+1))' '^back3$'

clear_screen
type_line 'sqlite3 /tmp/test.db'
expect 'sqlite3 greets' '^sqlite> ?$'
type_line 'create table t(a, b); insert into t values(1, 2), (3, 4);'
type_line 'select sum(a) || ":" || count(*) from t;'
expect 'sqlite3 computes' '4:2$'
type_line '.quit'
run 'sqlite3 keeps' 'sqlite3 /tmp/test.db "select b from t where a=3"' '^4$'

run 'a pipe to a program that ends' 'yes | head -n 1; echo "p=$?"' '^p=0$'
run 'a full device' 'echo x >/dev/full; echo "f=$?"' '^f=[12]$'
run 'bash' 'bash -c "a=(1 2 3); echo \${#a[@]}\${a[1]}"' '^32$'
run 'jq' "echo '{\"a\":[1,2]}' | jq -c '.a|map(.+1)'" '^\[2,3\]$'
run 'awk' "echo 'a b c' | awk '{print NF, \$2}'" '^3 b$'

# endings: exit code, the terminal as it was
clear_screen
type_line 'exit 7'
expect 'exit 7 is the code of pith' '^pith ended: 7$'
n=0
while [ ! -s "$results/stty.after" ] && [ $n -lt 100 ]; do
    n=$((n + 1))
    sleep 0.1
done
if cmp -s "$results/stty.before" "$results/stty.after"; then
    ok
else
    bad 'the terminal is as it was before'
fi
boot --ephemeral
type_line poweroff
expect 'poweroff ends it' 'pith ended: 0$'

# what is written stays; a new disk asks for a password first
first_boot --root "$results/root.pith"
expect 'a new system asks for a password' 'all else locked'
type_line ''
wait_for '[#$] $' 'the prompt'
run 'a file on the persistent root' 'echo kept >/root/keep; sync; cat /root/keep' '^kept$'
type_line exit
wait_for 'pith ended' end
boot --root "$results/root.pith"
expect 'says that it is kept' '^What you write in this system is kept'
run 'is there after the next boot' 'cat /root/keep' '^kept$'
type_line exit
wait_for 'pith ended' end
rm -f "$results"/root.pith*

echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]
