#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Is there time for another processor's machine? afford.sh OUT ARCH: exit 0 when
# its kernel is kept, CI_ARCHES is set, or what runs has not taken 35 minutes
# (./test says when it began). Else 1, after the line that ./test counts.
[ -z "${CI_ARCHES:-}" ] || exit 0
"$(dirname "$0")/../../vm/kernel.sh" "$1" "$2" kept 2>/dev/null && exit 0
now=$(date +%s)
[ $((now - ${PITH_TEST_BEGAN:-$now})) -ge 2100 ] || exit 0
echo "skipped: the kernel for $2 would have to be built, and it is late;" \
    "make test-vm-$2 does, or ./test with CI_ARCHES=1"
echo "0 passed, 0 failed, 1 skipped"
exit 1
