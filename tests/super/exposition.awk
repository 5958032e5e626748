# SPDX-License-Identifier: Apache-2.0
# Is that Prometheus' text format 0.0.4? Says what is wrong; exits with 1. Each
# family: HELP, TYPE, then all its samples together; each sample once; counters
# end in _total; values are numbers.
function wrong(what) {
    print "line " NR ": " what ": " $0
    bad = 1
}
/^# HELP [a-zA-Z_:][a-zA-Z0-9_:]* / {
    if ($3 in help)
        wrong("HELP again")
    help[$3] = 1
    next
}
/^# TYPE [a-zA-Z_:][a-zA-Z0-9_:]* (counter|gauge)$/ {
    if ($3 in type)
        wrong("TYPE again")
    if (!($3 in help))
        wrong("no HELP")
    if (($4 == "counter") != ($3 ~ /_total$/))
        wrong("_total is for counters, and only them")
    type[$3] = $4
    now = $3
    next
}
/^#/ { wrong("no comment is expected"); next }
/^[a-zA-Z_:][a-zA-Z0-9_:]*(\{[a-zA-Z_][a-zA-Z0-9_]*="([^"\\\n]|\\["\\n])*"\})? (NaN|[+-]Inf|[+-]?[0-9.]+(e[+-]?[0-9]+)?)$/ {
    name = $1
    sub(/\{.*/, "", name)
    if (name != now)
        wrong("a sample of " name " among those of " now)
    if ($1 in seen)
        wrong("twice")
    if (type[name] == "counter" && $2 < 0)
        wrong("a counter below 0")
    seen[$1] = 1
    n++
    next
}
{ wrong("no sample") }
END {
    if (!n)
        wrong("no samples")
    exit bad
}
