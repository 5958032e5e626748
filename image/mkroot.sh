#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Puts the root tree together: mkroot.sh OUT. Takes image/root (configuration),
# OUT/ports/*/root (other people's programs) and OUT/user/root (our own), makes
# the directories of image/tree.txt, and writes OUT/root from nothing, so that
# what was removed from a recipe is gone from the image too. The result depends
# on its inputs alone: same inputs, same bytes, whoever builds it and where.
set -eu
umask 022
export LC_ALL=C

out=$1
top=$(cd "$(dirname "$0")/.." && pwd)
new=$out/root.new

rm -rf "$new"
mkdir -p "$new"
copy() {
    [ ! -d "$1" ] || cp -R -P "$1/." "$new/"
}
copy "$top/image/root"
for p in "$top"/ports/*/port.conf; do
    name=$(basename "$(dirname "$p")")
    copy "$out/ports/$name/root"
done
copy "$out/user/root"
for a in "$top"/apps/*/vyoma.toml; do
    name=$(basename "$(dirname "$a")")
    mkdir -p "$new/apps/$name"
    cp "$out/apps/$name/$name.wasm" "$out/apps/$name/vyoma.toml" \
        "$new/apps/$name/"
done

grep -v '^#' "$top/image/tree.txt" | while read -r path mode _; do
    case $path in */) mkdir -p "$new$path" ;; esac
    [ -e "$new$path" ] || {
        echo "mkroot: image/tree.txt names $path, which nothing made" >&2
        exit 1
    }
    chmod "$mode" "$new$path"
done
# the sources may have been checked out under any umask
find "$new" -type f -perm /111 -exec chmod 755 {} +
find "$new" -type f ! -perm /111 -exec chmod 644 {} +
find "$new" -exec touch -h -d @1700000000 {} +
rm -rf "$out/root"
mv "$new" "$out/root"
