# SPDX-License-Identifier: Apache-2.0
# Read by the scripts of several sections; wants $tmp, keeps $passed and $failed.
# ok NAME COMMAND...: it must end with 0; else what it said is shown.
passed=0
failed=0
ok() {
    ok_name=$1
    shift
    if "$@" >"$tmp/ok.log" 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL $ok_name: $(head -c 700 "$tmp/ok.log")"
    fi
}
# until_ok SECONDS COMMAND...: tried again so long, or on a machine that is slow
# or busy ten times as long: whoever waits for what comes at once loses nothing.
until_ok() {
    left=$(($1 * 200))
    shift
    until "$@" >"$tmp/until.log" 2>&1; do
        left=$((left - 1))
        [ $left -gt 0 ] || {
            cat "$tmp/until.log"
            return 1
        }
        sleep 0.05
    done
}
# The clock in milliseconds, for what is to be within so much of the time that
# has really gone by.
now_ms() { echo $(($(date +%s%N) / 1000000)); }
