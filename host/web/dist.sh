#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Puts the static site together: dist.sh SITE WEB MODULES IMAGE
#   SITE     the directory to make
#   WEB      where kernel.wasm, storage.wasm and xterm.mjs are
#   MODULES  node_modules with xterm.js, for its licence and style, and the tools
#   IMAGE    the system image
set -eu
site=$1 web=$2 modules=$3 image=$4
new=$site.new
here=$(dirname "$0")
xterm=$modules/@xterm/xterm

rm -rf "$new"
mkdir -p "$new"
cp "$here"/js/* "$here/pith.d.ts" "$new"
cp "$web/kernel.wasm" "$web/storage.wasm" "$web/xterm.mjs" "$new"
cp "$xterm/css/xterm.css" "$new/xterm.css"
cp "$xterm/LICENSE" "$new/xterm-license.txt"
chmod 644 "$new"/*

gzip -9nc "$image" >"$new/root.pith.gz"
sum=$(sha256sum "$image" | cut -d' ' -f1)
size=$(stat -c %s "$image")
# the name holds the sum, so that no cache serves an old one
name=root-$(echo "$sum" | cut -c1-12).pith.gz
mv "$new/root.pith.gz" "$new/$name"
printf '{"url":"%s","sha256":"%s","size":%s}\n' "$name" "$sum" "$size" \
    >"$new/image.json"
# the service worker's cache is new when anything is
version=$(cat "$new"/*.js "$new"/*.mjs "$new"/*.wasm "$new"/*.css |
    sha256sum | cut -c1-12)
sed "s/^const CACHE = .*/const CACHE = 'pith-$version';/" "$new/sw.js" \
    >"$new/sw.js.new"
mv "$new/sw.js.new" "$new/sw.js"
node "$here/pack.mjs" "$modules" "$new"
for f in "$new"/*.html "$new"/*.js "$new"/*.mjs "$new"/*.wasm "$new"/*.css; do
    gzip -9nk "$f"
done
rm -rf "$site"
mv "$new" "$site"
