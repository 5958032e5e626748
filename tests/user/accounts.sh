#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Users at the terminal: accounts.sh OUT; see accounts.exp.
set -u
command -v expect >/dev/null || {
    echo "accounts.sh: expect is missing (tools/install.sh test)" >&2
    exit 1
}
tmp=$(mktemp -d "${TMPDIR:-/tmp}/pith-users.XXXXXX") || exit 1
trap 'rm -rf "$tmp"' EXIT
expect -f "$(dirname "$0")/accounts.exp" "$1/bin/pith" \
    "$1/share/pith/root.pith" "$tmp/disk.pith"
