# SPDX-License-Identifier: Apache-2.0
# lib/errno.def to <bits/errno.h>: the kernel's numbers, then names that only
# Linux has (from musl's generic list, second file), numbered from 100 so that
# source which mentions them compiles.
FNR == NR {
    if (/^X\(/) {
        split($0, f, /[(, ]+/)
        printf "#define E%s %d\n", f[2], f[3]
        have["E" f[2]] = 1
    }
    next
}
/^#define E/ && !($2 in have) {
    if ($2 == "EWOULDBLOCK")
        v = "EAGAIN"
    else if ($2 == "EDEADLOCK")
        v = "EDEADLK"
    else if ($2 == "EOPNOTSUPP")
        v = "ENOTSUP"
    else if ($2 == "ENOTSUP")
        next
    else
        v = 100 + n++
    printf "#define %s %s\n", $2, v
}
