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
# packages: with their permissions, and no more than this process has
pack() { # VERSION NAME CODE-FILE PERMISSION...
    node -e 'const fs = require("fs"), [v, name, file, ...permissions] =
        process.argv.slice(1), u32 = (n) => { const b = Buffer.alloc(4);
            b.writeUInt32LE(n); return b; };
        const json = Buffer.from(JSON.stringify({ name, version: "1", permissions }));
        const code = fs.readFileSync(file);
        fs.writeFileSync(`${name}.trymon`, Buffer.concat([Buffer.from("TRYM"),
            Buffer.from(v === "2" ? [2, 1, 0] : [1]), u32(json.length), json,
            u32(code.length), code]));' "$@"
}
"$assembler" --assemble 'ALLOC 16 STORE r1 0 PUSH_IMM32 0x7461642f STORE r1 4
    PUSH_IMM32 0x2f702f61 STORE r2 0 LOAD r1 0 PUSH_IMM8 4 ADD STORE r3 0
    LOAD r2 0 STORE r3 4 LOAD r1 0 PUSH_IMM8 8 ADD STORE r3 0 PUSH_IMM8 102
    STORE r3 1 MOVI r2 0x241 MOVI r3 0x1a4 SYSCALL 2 LOAD r0 0 RET_VAL' data.tvm
pack 2 p data.tvm fs
pack 2 q data.tvm fs
pack 2 r data.tvm
pack 2 when time.tvm time
pack 2 never time.tvm
pack 1 old hello.tvm
pack 2 root hello.tvm root
mkdir data
with_data() {
    run="$pith run --cap time --dir $dir::/d:ro --dir $dir/data::/data $tvm"
    sh -c "$run $1 2>/dev/null"
}
expect 'package: its own folder' 3 '' with_data /d/p.trymon
expect 'package: not that of another' 243 '' with_data /d/q.trymon
expect 'package: none' 243 '' with_data /d/r.trymon
expect 'it made its folder, and a file' 0 'f' ls data/p
expect 'package: more than there is' 126 'tvm: /d/p.trymon: it asks for more than this process may do: stdio;fs /data/p rw;time' run /d/p.trymon
expect 'package: the clock' 0 '' run /d/when.trymon
expect 'package: no clock' 255 '' run /d/never.trymon
expect 'package: x86' 126 'tvm: /d/old.trymon: it is an x86 program: it needs the x86 emulator, which this system does not have' \
    run /d/old.trymon
expect 'package: no such permission' 126 'tvm: /d/root.trymon: line 1, column 45: there is no permission "root"' \
    run /d/root.trymon
expect 'package: checked only' 0 '' run --check /d/p.trymon
# a million instructions a second, by the clock
expect rate 0 '' run --check /d/loop.tvm
from=$(date +%s%N)
expect 'a rate' 134 'tvm: /d/loop.tvm: at 0: it has used its 2500 cycles' \
    run --rate 1000 --cycles 2500 /d/loop.tvm
ms=$((($(date +%s%N) - from) / 1000000))
if [ $ms -ge 1900 ] && [ $ms -lt 60000 ]; then
    passed=$((passed + 1))
else
    failed=$((failed + 1))
    echo "FAIL a rate: $ms ms for 2500 instructions at 1000 a second"
fi
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
