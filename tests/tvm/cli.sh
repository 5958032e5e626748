#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# cli.sh PITH TVM ASSEMBLER: the program tvm, as WebAssembly, run by Pith.
set -u
pith=$1 tvm=$2 assembler=$3
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
passed=0 failed=0

# NAME WANTED-CODE WANTED-OUTPUT COMMAND...
expect() {
    name=$1 code=$2 want=$3
    shift 3
    got=$("$@" 2>&1)
    is=$?
    if [ "$is" = "$code" ] && [ "$got" = "$want" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf 'FAIL %s: code %s, output:\n%s\n' "$name" "$is" "$got"
    fi
}
# the constants have "hello" at 20 and "abc" at 29
run() {
    "$pith" run --cap time --dir "$dir::/d" "$tvm" "$@"
}

"$assembler" --assemble 'MOVI r1 1 MOVI r2 20 MOVI r3 5 SYSCALL 1 HALT 7' hello.tvm
"$assembler" --assemble 'PUSH_IMM8 0 LOAD tos 8 HALT 0' wild.tvm
"$assembler" --assemble 'x: JMP .x' loop.tvm
"$assembler" --assemble 'MOVI r1 29 SYSCALL 80 MOVI r1 29 MOVI r2 0x241 MOVI r3 0x1a4
    SYSCALL 2 LOAD r0 0 RET_VAL' write.tvm
"$assembler" --assemble 'ALLOC 16 STORE r1 0 SYSCALL 96 LOAD r0 0 RET_VAL' time.tvm
printf 'TVM1\2\0' >new.tvm
stats='"stats":{"instructions_executed":5,"function_calls":0,"syscall_count":1,"allocations":0,"cycles":5}'

expect output 7 hello run /d/hello.tvm
expect json 7 "{\"success\":true,\"exit_code\":7,\"stdout\":\"hello\",\"stderr\":\"\",$stats}" \
    run --json /d/hello.tvm
expect fails 134 'tvm: /d/wild.tvm: at 2: it reaches for 8 bytes at 0, outside its memory' \
    run /d/wild.tvm
expect 'fails, in JSON' 134 '{"success":false,"exit_code":134,"stdout":"","stderr":"","error":"at 2: it reaches for 8 bytes at 0, outside its memory","stats":{"instructions_executed":2,"function_calls":0,"syscall_count":0,"allocations":0,"cycles":2}}' \
    run --json /d/wild.tvm
expect cycles 134 'tvm: /d/loop.tvm: at 0: it has used its 1000 cycles' \
    run --cycles 1000 /d/loop.tvm
expect 'no program' 126 'tvm: /d/new.tvm: its header is cut off' run /d/new.tvm
expect 'not there' 127 'tvm: /d/none.tvm: No such file or directory' run /d/none.tvm
expect check 0 '' run --check /d/hello.tvm
expect 'the clock' 0 '' run /d/time.tvm
expect 'no clock' 255 '' run --no-time /d/time.tvm
expect usage 2 "$("$pith" run --cap time "$tvm" --rate x 2>&1)" run --rate x
# files: only what this process may do
mkdir abc
expect 'no file that was not granted' 243 '' sh -c "'$pith' run --cap time \
    --dir '$dir::/d:ro' '$tvm' /d/write.tvm 2>/dev/null"
expect sandbox 0 yes sh -c "'$pith' run --cap time '$tvm' --sandbox |
    node -e 'const s = JSON.parse(require(\"fs\").readFileSync(0));
        console.log(s.max_call_depth === 256 && s.allowed_syscalls.length === 21
            && s.memory_limit_bytes === 67108864 ? \"yes\" : s)'"
# a million instructions a second, by the clock
expect rate 0 '' run --check /d/loop.tvm
from=$(date +%s%N)
expect 'a rate' 134 'tvm: /d/loop.tvm: at 0: it has used its 2500 cycles' \
    run --rate 1000 --cycles 2500 /d/loop.tvm
ms=$((($(date +%s%N) - from) / 1000000))
if [ $ms -ge 1900 ] && [ $ms -lt 8000 ]; then
    passed=$((passed + 1))
else
    failed=$((failed + 1))
    echo "FAIL a rate: $ms ms for 2500 instructions at 1000 a second"
fi
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
