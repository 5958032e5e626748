#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Rules of the house that a machine can check: an SPDX line in every source,
# folders that include downwards only, a kernel without operating-system
# headers, scripts that parse. Each rule is a function that prints what breaks
# it, and one test.
set -u
cd "$(dirname "$0")/../.." || exit 1

files() {
    git ls-files -- "$@"
}
includes() { # FOLDER: "file:header" of every #include <...>
    files "$1" | grep '\.[ch]$' | xargs -r grep -HoE \
        '^ *# *include *<[^>]+>' | sed 's/: *# *include *</:/; s/>$//'
}
uses() { # FOLDER PATTERN: quoted includes that match
    files "$1" | grep '\.[ch]$' | xargs -r grep -nHE \
        "^ *# *include *\"(\.\./)*($2)"
}
free='stdint|stddef|stdbool|stdarg|limits|stdatomic|string'

spdx_line_in_every_source() {
    files '*.c' '*.h' '*.S' '*.def' '*.sh' '*.mjs' '*.js' '*.mk' Makefile run \
        test .ci/run user/cc/pith-cc | while read -r f; do
        head -n 3 "$f" | grep -q 'SPDX-License-Identifier: Apache-2.0' ||
            echo "$f"
    done
}
kernel_is_freestanding() {
    includes kernel | grep -vE ":($free)\.h$"
}
abi_is_freestanding() {
    includes abi | grep -vE ":($free)\.h$"
}
lib_includes_nothing_above() {
    uses lib 'engine|kernel|abi|host|cli'
}
engine_includes_nothing_above() {
    uses engine 'kernel|abi|host|cli|proc\.h|call\.h|vfs\.h'
}
kernel_includes_no_host() {
    uses kernel 'host/|cli/|sched\.h|posix'
}
abi_includes_no_host() {
    uses abi 'host/|cli/'
}
capi_sees_the_engine_from_outside() {
    uses capi 'kernel|abi|host|cli|runtime\.h|module\.h|gc\.h|type\.h'
}
scripts_parse() {
    for f in $(files '*.sh' run test); do
        case $(head -n 1 "$f") in
        *bash*) bash -n "$f" 2>&1 ;;
        *sh*) sh -n "$f" 2>&1 ;;
        esac
    done
}
javascript_parses() {
    for f in $(files '*.mjs'); do
        node --check "$f" 2>&1 | head -n 3
    done
}
no_path_of_one_machine() {
    files | grep -v '^tests/lint/' |
        xargs -r grep -nIE '/(work|farm)/(main|shared|\.)'
}

passed=0 failed=0
for rule in spdx_line_in_every_source kernel_is_freestanding \
    abi_is_freestanding lib_includes_nothing_above \
    engine_includes_nothing_above kernel_includes_no_host \
    abi_includes_no_host capi_sees_the_engine_from_outside scripts_parse \
    javascript_parses no_path_of_one_machine; do
    broken=$($rule)
    if [ -z "$broken" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL $rule:"
        echo "$broken" | head -n 20 | sed 's/^/    /'
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
