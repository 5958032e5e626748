#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Rules of the house that a machine can check: an SPDX line in every source,
# folders that include downwards only, a kernel without operating-system
# headers, scripts that parse. Each check is one test.
set -u
cd "$(dirname "$0")/../.." || exit 1
passed=0 failed=0

check() { # DESCRIPTION, offending lines on stdin
    out=$(cat)
    if [ -z "$out" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL $1:"
        echo "$out" | head -n 20 | sed 's/^/    /'
    fi
}
files() {
    git ls-files -- "$@"
}

files '*.c' '*.h' '*.S' '*.def' '*.sh' '*.mjs' '*.js' '*.mk' Makefile run test \
    .ci/run user/cc | while read -r f; do
    head -n 3 "$f" | grep -q 'SPDX-License-Identifier: Apache-2.0' || echo "$f"
done | check "sources without an SPDX line in their first three lines"

includes() { # FOLDER: "file:header" of every #include <...>
    files "$1" | grep '\.[ch]$' | xargs -r grep -HoE \
        '^ *# *include *<[^>]+>' | sed 's/: *# *include *</:/; s/>$//'
}
free='stdint|stddef|stdbool|stdarg|limits|stdatomic|string'
includes kernel | grep -vE ":($free)\.h$" |
    check "kernel/ includes more than freestanding headers and <string.h>"
includes abi | grep -vE ":($free)\.h$" |
    check "abi/ includes more than freestanding headers and <string.h>"

uses() { # FOLDER HEADER-PATTERN: quoted includes that match
    files "$1" | grep '\.[ch]$' | xargs -r grep -nHE \
        "^ *# *include *\"(\.\./)*($2)"
}
uses lib 'engine|kernel|abi|host|cli' | check "lib/ includes upwards"
uses engine 'kernel|abi|host|cli|proc\.h|call\.h|vfs\.h' |
    check "engine/ includes upwards"
uses kernel 'host/|cli/|sched\.h|posix' | check "kernel/ includes a host"
uses abi 'host/|cli/' | check "abi/ includes a host or the cli"

for f in $(files '*.sh' run test); do
    case $(head -n 1 "$f") in
    *bash*) bash -n "$f" 2>&1 ;;
    *sh*) sh -n "$f" 2>&1 ;;
    esac
done | check "scripts that do not parse"

for f in $(files '*.mjs'); do
    node --check "$f" 2>&1 | head -n 3
done | check "JavaScript that does not parse"

files | xargs -r grep -nIE '/(work|farm)/(main|shared|\.)' |
    check "paths of one machine"

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
