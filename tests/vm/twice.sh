#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Does the machine depend on its source alone? twice.sh OUT [ARCH] builds it
# again, the kernel included, in a clone at another path and compares the bytes
# with those in OUT. Takes as long as a first build: not in ./test.
set -eu
export LC_ALL=C
out=$(cd "$1" && pwd)
arch=${2:-$(uname -m)}
case $arch in x86_64) image=vm-image ;; *) image= ;; esac
tmp=$(mktemp -d "${TMPDIR:-/tmp}/pith-twice.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
[ -z "$(git status --porcelain)" ] || {
    echo "twice.sh: there are changes that are not committed; the clone would" \
        "not have them" >&2
    exit 1
}
git clone -q . "$tmp/elsewhere"
mkdir "$tmp/cache"
cd "$tmp/elsewhere"
PITH_DEBIAN=$out/debian PITH_CACHE=$tmp/cache CCACHE_DISABLE=1 \
    make -s -j"$(nproc)" "vm-$arch" $image VM_IMAGE="${VM_IMAGE:-$out/share/pith/root.pith}" >&2
passed=0 failed=0
for f in .bzImage -micro.bzImage .initramfs .spdx; do
    [ "$f$arch" = -micro.bzImagex86_64 ] || [ "$f" != -micro.bzImage ] || continue
    if cmp "$out/pith-vm-$arch$f" "out/pith-vm-$arch$f"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
    fi
done
if [ -z "$image" ]; then
    :
elif cmp "$out/pith-vm.img" out/pith-vm.img; then
    passed=$((passed + 1))
else
    failed=$((failed + 1))
fi
echo "$passed passed, $failed failed"
[ $failed = 0 ]
