# SPDX-License-Identifier: Apache-2.0
# Read into disk.sh and disk-uboot.sh: what partition tables are made of.

little() { # NUMBER: its four bytes
    # shellcheck disable=SC2059
    printf "$(printf '\\%03o\\%03o\\%03o\\%03o' $(($1 & 255)) \
        $(($1 >> 8 & 255)) $(($1 >> 16 & 255)) $(($1 >> 24 & 255)))"
}
partition() { # TYPE (octal) FIRST SECTORS [ACTIVE (octal)]: by sector only
    # shellcheck disable=SC2059
    printf "\\${4:-000}\\376\\377\\377\\$1\\376\\377\\377"
    little "$2"
    little "$3"
}
