#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# One libFuzzer target, quietly: one line when it went well, and what it takes
# to repeat it when it did not. The whole output stays in DIR/NAME.log.
#
#   campaign.sh NAME DIR FOLDERS...         DIR/NAME, from what is in these
#   campaign.sh --files NAME DIR FILES...   these inputs once and no others
#
# With FUZZ_RUNS=N: so many runs from FUZZ_SEED (1), with the seeds in the order of
# their names, an environment of its own and addresses that stay (libFuzzer learns
# from comparisons, of pointers too), which is the same every time; at most
# FUZZ_SECONDS. Otherwise
# FUZZ_SECONDS, from FUZZ_SEED or any, with what earlier campaigns have found
# (DIR/found-NAME) and to which this one adds.
#
# The bound on a unit's time is only for what never ends, and wide: a machine
# that is busy with other things makes no finds. What a target does is bounded by
# what it counts.
set -u
files=
[ "$1" = --files ] && files=1 && shift
name=$1 dir=$2
shift 2
title=fuzz-$name log=$dir/$name.log

# All of one seed and one order: folders are not read in the order of names.
listed() {
    find "$@" -type f | LC_ALL=C sort | tr '\n' ',' | sed 's/,$//'
}
alike= # the command that makes two runs alike
fuzz() {
    # shellcheck disable=SC2086
    $alike "$dir/$name" -seed="$seed" -timeout=120 -rss_limit_mb=2048 \
        -max_len=8192 -verbosity=0 -print_final_stats=1 \
        -artifact_prefix="$dir/$name-" \
        "$@" >"$log" 2>&1 </dev/null
}
stat() {
    sed -n "s/^stat::$1: *//p" "$log"
}

if [ -n "$files" ]; then
    seed=1 title=fuzz-cases log=$dir/cases-$name.log
    fuzz -verbosity=1 "$@" && exit 0
elif [ -n "${FUZZ_RUNS:-}" ]; then
    seed=${FUZZ_SEED:-1}
    listed "$@" >"$dir/$name.seeds"
    alike="env -i PATH=/usr/local/bin:/usr/bin:/bin"
    setarch "$(uname -m)" -R true 2>"$log" &&
        alike="$alike setarch $(uname -m) -R"
    fuzz -runs="$FUZZ_RUNS" -max_total_time="$FUZZ_SECONDS" \
        -seed_inputs="@$dir/$name.seeds"
else
    seed=${FUZZ_SEED:-$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')}
    mkdir -p "$dir/found-$name"
    fuzz -max_total_time="$FUZZ_SECONDS" "$dir/found-$name" "$@"
fi
code=$?
if [ "$code" = 0 ]; then
    echo "$title: $(stat number_of_executed_units) runs," \
        "$(stat new_units_added) new units," \
        "$(stat slowest_unit_time_sec) s the slowest," \
        "$(stat peak_rss_mb) MiB"
    exit 0
fi

why=$(grep -a '^SUMMARY: ' "$log" | tail -n 1)
echo "FAIL $title: ${why:-exit code $code} (seed $seed, log $log)"
[ -z "$files" ] || grep -a '^Running: ' "$log" | tail -n 1
# what a target or a sanitizer said first, and where it was
grep -aE 'ERROR: |runtime error: |^  *#[0-9]+ .* in ' "$log" |
    grep -avE ' in (fuzzer::|__sanitizer|__interceptor|__asan|__libc_start|_start|main)' |
    head -n 12 | cut -c 1-200
others='INFO|stat::|==|  *#|SUMMARY|MS:|artifact|Base64|Running|Executed|Address'
grep -avE "^($others| *r[0-9a-z]+ = |\$)" "$log" | tail -n 3 | cut -c 1-200
sed -n 's/^artifact_prefix=.*Test unit written to //p' "$log" |
    while read -r found; do
        echo "FAIL $title: $found ($(wc -c <"$found") bytes; here by gzip)"
        gzip -9nc "$found" | base64 -w 400 | sed 's/^/Base64: /' | head -n 12
    done
exit 1
