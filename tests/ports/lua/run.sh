# SPDX-License-Identifier: Apache-2.0
# run.sh LUA: every case of this folder, "ok CASE" or "not CASE" for each.
for f in *.lua; do
    if timeout 60 "$1" "$f" >/dev/null 2>&1; then
        echo "ok $f"
    else
        echo "not $f"
    fi
done
[ -d official ] || exit 0
# The authors' own suite, file by file. `heavy` wants all memory there is;
# `literals` believes that a locale exists once setlocale has accepted it,
# which musl does with any name.
cd official || exit 1
for f in *.lua; do
    case $f in all.lua | heavy.lua | literals.lua) continue ;; esac
    if timeout 300 "$1" -e '_port=true _soft=true _nomsg=true' "$f" \
        >/dev/null 2>&1; then
        echo "ok official/$f"
    else
        echo "not official/$f"
    fi
done
