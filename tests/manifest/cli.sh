#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Manifests as a user meets them: cli.sh PITH PROGRAMS. Prints each failure,
# then `N passed, N failed`.
set -u
pith=$1
programs=$2
tmp=$(mktemp -d "${TMPDIR:-/tmp}/pith-manifest.XXXXXX") || exit 1
trap 'rm -rf "$tmp"' EXIT
export XDG_DATA_HOME="$tmp/data"
passed=0
failed=0

# t NAME CODE OUT ERR COMMAND...: as in tests/cli/cli.sh
t() {
    name=$1 code=$2 out=$3 err=$4
    shift 4
    "$@" >"$tmp/out" 2>"$tmp/err" </dev/null
    got=$?
    why=
    [ "$got" = "$code" ] || why="exit code $got, not $code"
    # shellcheck disable=SC2254
    case $(cat "$tmp/out") in $out) ;; *) why="$why; stdout: $(cat "$tmp/out")" ;; esac
    # shellcheck disable=SC2254
    case $(cat "$tmp/err") in $err) ;; *) why="$why; stderr: $(cat "$tmp/err")" ;; esac
    if [ -z "$why" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL $name: $why"
    fi
}

# app NAME PROGRAM [LINE...]: a directory with a program and its manifest
app() {
    mkdir -p "$tmp/$1"
    cp "$programs/$2.wasm" "$tmp/$1/"
    {
        printf '[app]\nname = "%s"\nwasm = "%s.wasm"\n' "$1" "$2"
        shift 2
        for line in "$@"; do echo "$line"; done
    } >"$tmp/$1/vyoma.toml"
    shift $#
}

# --- pith check
app full hello '[capabilities]' 'stdio = true' 'filesystem = true' \
    'network = { connect = ["example.org:443"] }' '[limits]' 'memory = "64MB"'
t 'check' 0 '*full*stdio*/data/full*connect example.org:443*' '' \
    "$pith" check "$tmp/full/vyoma.toml"
t 'check --toml' 0 '*name = "full"*memory = 67108864*' '' \
    "$pith" check --toml "$tmp/full/vyoma.toml"
t 'check --schema' 0 '*"vyoma.toml"*"watchdog_secs"*"filesystem"*' '' \
    "$pith" check --schema
t 'check nothing' 2 '' '*check what*' "$pith" check
t 'check no file' 126 '' '*No such file*' "$pith" check "$tmp/nope"
printf '[app]\nname = "x"\n[capabilities]\nfly = true\n' >"$tmp/bad.toml"
t 'check bad' 126 '' '*bad.toml: line 4, column 1: there is no capability fly*' \
    "$pith" check "$tmp/bad.toml"
printf '[[app]]\nname = "x"\nafter = ["y"]\n' >"$tmp/boot.toml"
t 'check boot.toml' 126 '' '*line 1*which is not here*' \
    "$pith" check "$tmp/boot.toml"
printf '{"name":"ls","permissions":["fs"],"size":3}' >"$tmp/manifest.json"
t 'check manifest.json' 0 '*ls*.wpm*/data/ls*"size"*' '' \
    "$pith" check "$tmp/manifest.json"

# --- pith run with one
app quiet hello
t 'manifest without stdio' 0 '' '*' sh -c \
    '"$1" run "$2" || :' sh "$pith" "$tmp/quiet/hello.wasm"
t '--no-manifest' 0 'hello' '' \
    "$pith" run --no-manifest "$tmp/quiet/hello.wasm"
app loud hello '[capabilities]' 'stdio = true'
t 'manifest beside' 0 'hello' '' "$pith" run "$tmp/loud/hello.wasm"
t 'manifest elsewhere' 0 'hello' '' \
    "$pith" run --manifest "$tmp/loud/vyoma.toml" "$tmp/quiet/hello.wasm"
t 'bad manifest' 126 '' '*line 4*' \
    "$pith" run --manifest "$tmp/bad.toml" "$tmp/loud/hello.wasm"
echo 'fly = true' >>"$tmp/loud/vyoma.toml"
t 'bad manifest beside' 126 '' '*no capability fly*' \
    "$pith" run "$tmp/loud/hello.wasm"
cp "$programs/hello.wasm" "$tmp/loud/other.wasm"
t 'another program there' 126 '' '*fly*' "$pith" run "$tmp/loud/other.wasm"

# --- pith explain
t 'explain' 0 '*always there*fd_write*stdio = true*' '' \
    "$pith" explain "$programs/hello.wasm"
t 'explain with manifest' 0 '*grants all*' '' \
    "$pith" explain "$tmp/full/hello.wasm"
t 'explain what' 2 '' '*explain what*' "$pith" explain

# --- signatures
app signed hello '[capabilities]' 'stdio = true'
mkdir -p "$tmp/trust" "$tmp/keys"
t 'a key' 0 '' '' "$pith" key "$tmp/keys/me"
t 'not twice' 126 '' '*exists*' "$pith" key "$tmp/keys/me"
t 'secret is secret' 0 '*-rw-------*' '' ls -l "$tmp/keys/me"
f=$tmp/signed/vyoma.toml
t 'not signed' 126 '' '*not signed*' "$pith" verify "$f"
t 'sign' 0 '' '' "$pith" sign --key "$tmp/keys/me" "$f"
t 'not trusted' 126 '' '*not trusted*' "$pith" verify --trust "$tmp/trust" "$f"
cp "$tmp/keys/me.pub" "$tmp/trust/"
t 'verify' 0 '*signed by me' '' "$pith" verify --trust "$tmp/trust" "$f"
t 'run signed' 0 'hello' '' "$pith" run --signed --trust "$tmp/trust" \
    "$tmp/signed/hello.wasm"
t 'run another' 126 '' '*not for this*' "$pith" run --signed --trust \
    "$tmp/trust" --manifest "$f" "$programs/hello.wasm"
t 'run unsigned' 126 '' '*not signed*' env PITH_SIGNED=1 "$pith" run \
    "$tmp/full/hello.wasm"
t 'run without manifest' 126 '' '*only what is signed*' "$pith" run --signed \
    "$programs/hello.wasm"
t '--no-manifest is no way out' 126 '' '*not trusted*' "$pith" run --signed \
    --no-manifest "$tmp/signed/hello.wasm"
cp "$f" "$tmp/good.toml"
echo '# more' >>"$f"
t 'changed manifest' 126 '' '*not what was signed*' "$pith" verify --trust \
    "$tmp/trust" "$f"
cp "$tmp/good.toml" "$f"
cp "$programs/exit.wasm" "$tmp/signed/hello.wasm"
t 'changed program' 126 '' '*not what was signed*' "$pith" verify --trust \
    "$tmp/trust" "$f"
cp "$programs/hello.wasm" "$tmp/signed/hello.wasm"
cp "$f.sig" "$tmp/sig"
sed '/^file hello.wasm/d' "$tmp/sig" >"$f.sig"
t 'a line taken out' 126 '' '*signature is wrong*' "$pith" verify --trust \
    "$tmp/trust" "$f"
head -c 300 "$tmp/sig" >"$f.sig"
t 'cut off' 126 '' '*malformed*' "$pith" verify --trust "$tmp/trust" "$f"
sed 's/^signature ..../signature 0000/' "$tmp/sig" >"$f.sig"
t 'forged' 126 '' '*signature is wrong*' "$pith" verify --trust "$tmp/trust" "$f"
t 'no key' 126 '' '*no key*' "$pith" sign --key "$tmp/good.toml" "$f"

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
