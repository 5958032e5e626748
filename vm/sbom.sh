#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# A software bill of materials of the machine, SPDX 2.3 (tag: value):
# sbom.sh OUT ARCH. What it is made of comes from where it is pinned: the recipes
# of the ports, user.mk, kernel.sh. No time and no name of a machine gets in.
set -eu
export LC_ALL=C
out=$1 arch=$2
top=$(cd "$(dirname "$0")/.." && pwd)
cd "$top"

setting() { sed -n "s/^$1 *:*= *//p" "$2" | head -n 1; }
package() { # NAME VERSION LICENCE SUMMARY SHA256...
    id=$(echo "$1" | tr -c 'a-zA-Z0-9.\n' -)
    cat <<END

PackageName: $1
SPDXID: SPDXRef-$id
PackageVersion: $2
PackageDownloadLocation: NOASSERTION
PackageSupplier: Organization: Debian
FilesAnalyzed: false
PackageLicenseDeclared: $3
PackageLicenseConcluded: NOASSERTION
PackageCopyrightText: NOASSERTION
PackageSummary: <text>$4</text>
END
    shift 4
    printf 'PackageChecksum: SHA256: %s\n' "$@"
    relations="$relations
Relationship: SPDXRef-machine CONTAINS SPDXRef-$id"
}

hash=$(sha256sum "$out/pith-vm-$arch.sha256" | cut -d' ' -f1)
cat <<END
SPDXVersion: SPDX-2.3
DataLicense: CC0-1.0
SPDXID: SPDXRef-DOCUMENT
DocumentName: pith-vm-$arch
DocumentNamespace: https://spdx.org/spdxdocs/pith-vm-$arch-$hash
Creator: Tool: vm/sbom.sh
Created: 2026-01-02T00:00:00Z

PackageName: pith-vm-$arch
SPDXID: SPDXRef-machine
PackageVersion: $(sed -n 's/.*KERNEL_RELEASE "\(.*\)"/\1/p' kernel/main.h)
PackageDownloadLocation: NOASSERTION
FilesAnalyzed: false
PackageLicenseDeclared: Apache-2.0
PackageLicenseConcluded: NOASSERTION
PackageCopyrightText: NOASSERTION
END
sed 's/^\([0-9a-f]*\) .*/PackageChecksum: SHA256: \1/' \
    "$out/pith-vm-$arch.sha256"
relations='
Relationship: SPDXRef-DOCUMENT DESCRIBES SPDXRef-machine'
package linux "$(setting version vm/kernel.sh)" GPL-2.0-only \
    'the kernel under PID 1' "$(setting sum vm/kernel.sh)"
package musl "$(setting MUSL_VERSION user/user.mk)" MIT \
    'the C library of PID 1 and, over system calls of its own, of programs'
for conf in ports/*/port.conf; do
    name=$(basename "$(dirname "$conf")")
    # shellcheck source=/dev/null disable=SC2086
    (
        package=$name summary= licence=NOASSERTION version= sums=
        . "$top/$conf"
        printf '%s\n' "$package|$version|$licence|$summary" $sums
    ) >"$out/vm/sbom.port"
    IFS='|' read -r source version licence summary <"$out/vm/sbom.port"
    # Debian writes licences its own way; what is no SPDX name is a reference
    case $licence in
    MIT | Zlib | blessing | Apache-2.0 | BSD-* | ISC | 0BSD | Vim | X11 | \
        GPL-*-only | GPL-*-or-later) ;;
    *) summary="$summary (licence: $licence)" licence=NOASSERTION ;;
    esac
    # shellcheck disable=SC2046
    package "$name" "$version" "$licence" "$summary; source package $source" \
        $(sed 1d "$out/vm/sbom.port")
done
rm -f "$out/vm/sbom.port"
echo "$relations"
