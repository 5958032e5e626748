# SPDX-License-Identifier: Apache-2.0
# gawk.sh: the tests of this folder (gawk's test/) that are NAME.awk, maybe
# NAME.in, and NAME.ok; "ok NAME" or "not NAME" for each.
export LC_ALL=C
for awk in *.awk; do
    name=${awk%.awk}
    [ -e "$name.ok" ] || continue
    ! grep -q '^@load' "$awk" || continue # extensions are shared libraries
    case $name in
    pty1) continue ;;     # the child takes a terminal before it execs
    clos1way6) continue ;; # two processes write to stderr in no set order
    esac
    input=/dev/null
    [ ! -e "$name.in" ] || input=$name.in
    timeout 60 gawk -f "$awk" <"$input" >"_$name" 2>&1
    code=$?
    [ $code = 0 ] || echo "EXIT CODE: $code" >>"_$name"
    if cmp -s "$name.ok" "_$name"; then
        echo "ok $name"
    else
        echo "not $name"
    fi
done
