#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Fetches packages from Debian without touching the machine's own apt state:
# a private configuration (sources, lists, cache) lives under out/debian and
# is derived from the machine's apt sources, so whatever mirror and proxy the
# machine uses is used here too. Needs no root and no entry in sources.list.
#
#   debian.sh source NAME VERSION DIR SHA256...
#       download NAME's source package, check every tarball against the list
#       of checksums, and unpack it with Debian's patches applied into DIR
#   debian.sh source-raw ...
#       the same from the upstream tarballs alone, without Debian's patches
#   debian.sh unpack SUITE NAME[=VERSION] DIR [SHA256]
#       download a binary package of SUITE and unpack it into DIR
#   debian.sh sums NAME VERSION
#       download and print checksums (what a new recipe starts from)
#
# What was downloaded once stays in out/debian/files and is not asked for
# again; PITH_DEBIAN names another place for all of this. Exit codes: 1 use or
# configuration, 2 network or no such package, 3 checksum.
set -eu
umask 022

top=$(cd "$(dirname "$0")/.." && pwd)
state=${PITH_DEBIAN:-$top/out/debian}
codename=bookworm

say() { echo "debian.sh: $*" >&2; }
die() { code=$1; shift; say "$*"; exit "$code"; }

# Prints "URI [keyring]" of every apt source that offers component main,
# one-line and deb822 formats alike, those of our suite first.
machine_sources() {
    for f in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
        [ -r "$f" ] || continue
        awk -v want="$codename" '
            $1 == "deb" {
                key = ""; i = 2
                if ($2 ~ /^\[/) {
                    opts = ""
                    while (i <= NF) {
                        opts = opts " " $i
                        if ($(i++) ~ /\]$/) break
                    }
                    if (match(opts, /signed-by=[^] ]*/))
                        key = substr(opts, RSTART + 10, RLENGTH - 10)
                }
                uri = $i; suite = $(i + 1); main = 0
                for (j = i + 2; j <= NF; j++) if ($j == "main") main = 1
                if (main) print (suite == want ? 0 : 1), uri, key
            }' "$f"
    done
    for f in /etc/apt/sources.list.d/*.sources; do
        [ -r "$f" ] || continue
        awk -v want="$codename" '
            function flush(    n, s, i, best) {
                if (uri != "" && main && types ~ /deb/) {
                    best = 1
                    n = split(suites, s, " ")
                    for (i = 1; i <= n; i++) if (s[i] == want) best = 0
                    print best, uri, key
                }
                uri = suites = key = types = ""; main = 0
            }
            /^#/ { next }
            /^[ \t]*$/ { flush(); next }
            { k = tolower($1); v = $0; sub(/^[^:]*:[ \t]*/, "", v) }
            k == "types:" { types = v }
            k == "uris:" { split(v, u, " "); uri = u[1] }
            k == "suites:" { suites = v }
            k == "components:" { main = (" " v " ") ~ / main / }
            k == "signed-by:" && v ~ /^\// { key = v }
            END { flush() }' "$f"
    done
}

configure() {
    mkdir -p "$state/lists/partial" "$state/archives/partial" \
        "$state/files" "$state/etc"
    # Third-party archives have a "main" too: a Debian mirror is one whose
    # source lists our suite, or failing that whose path ends in /debian.
    line=$(machine_sources | sort -s -n -k1,1 |
        awk '$1 == 0 || $2 ~ /\/debian\/?$/ { print; exit }')
    [ -n "$line" ] ||
        die 1 "no Debian mirror in /etc/apt/sources.list*; add one for" \
            "$codename main and try again"
    # shellcheck disable=SC2086
    set -- $line
    uri=$2
    key=${3:-}
    [ -n "$key" ] || key=/usr/share/keyrings/debian-archive-keyring.gpg
    [ -r "$key" ] ||
        die 1 "$key is missing: install debian-archive-keyring"
    {
        echo "deb [signed-by=$key] $uri $codename main"
        echo "deb-src [signed-by=$key] $uri $codename main"
        echo "deb [signed-by=$key] $uri $codename-backports main"
    } >"$state/etc/sources.list.new"
    if ! cmp -s "$state/etc/sources.list.new" "$state/etc/sources.list"; then
        mv "$state/etc/sources.list.new" "$state/etc/sources.list"
        rm -f "$state/updated"
    fi
    : >"$state/status"
    cat >"$state/etc/apt.conf" <<CONF
Dir::State "$state";
Dir::State::lists "$state/lists";
Dir::State::status "$state/status";
Dir::Cache "$state";
Dir::Cache::archives "$state/archives";
Dir::Etc::sourcelist "$state/etc/sources.list";
Dir::Etc::sourceparts "-";
Dir::Etc::preferences "-";
Dir::Etc::preferencesparts "-";
APT::Sandbox::User "";
APT::Default-Release "";
Acquire::Languages "none";
Acquire::Retries "3";
Acquire::http::Timeout "60";
Acquire::https::Timeout "60";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled "false";
CONF
}

apt() { apt-get -q -c "$state/etc/apt.conf" "$@"; }

update() {
    say "reading the package lists of $codename (once)"
    apt update >"$state/update.log" 2>&1 || {
        tail -n 5 "$state/update.log" >&2
        die 2 "cannot reach the Debian mirror named in" \
            "$state/etc/sources.list; is the network up?"
    }
    : >"$state/updated"
}

# fetch COMMAND...: runs an apt-get download command in the files directory,
# refreshing the lists once when the package is not found in old ones.
fetch() {
    [ -e "$state/updated" ] || update
    if ! (cd "$state/files" && apt "$@") >"$state/fetch.log" 2>&1; then
        update
        (cd "$state/files" && apt "$@") >"$state/fetch.log" 2>&1 || {
            tail -n 5 "$state/fetch.log" >&2
            die 2 "apt-get $* failed; log: $state/fetch.log"
        }
    fi
}

# The upstream part of a Debian version: no epoch, no revision.
upstream() { echo "$1" | sed 's/^[0-9]*://; s/-[^-]*$//'; }
filever() { echo "$1" | sed 's/^[0-9]*://'; }

tarballs() { # NAME VERSION -> names of the downloaded tarballs, in order
    (cd "$state/files" 2>/dev/null &&
        ls "$1_$(upstream "$2")".orig*.tar.* "$1_$(filever "$2")".tar.* \
            "$1_$(filever "$2")".debian.tar.* 2>/dev/null | grep -v '\.asc$')
}

get_source() { # NAME VERSION [--tar-only]
    if [ -e "$state/files/$1_$(filever "$2").ok${3:-}" ]; then
        return
    fi
    configure
    say "downloading source package $1 $2"
    # shellcheck disable=SC2086
    fetch source --download-only ${3:-} "$1=$2"
    : >"$state/files/$1_$(filever "$2").ok${3:-}"
}

check() { # FILE SHA256...: is the file's checksum one of these?
    f=$1
    shift
    sum=$(sha256sum <"$state/files/$f" | cut -d' ' -f1)
    for s in "$@"; do
        [ "$s" = "$sum" ] && return 0
    done
    rm -f "$state/files/$f" "$state/files/${f%%_*}"_*.ok*
    die 3 "$f has checksum $sum, which its recipe does not list;" \
        "removed from the cache"
}

patch_tree() { # DIR
    [ -r "$1/debian/patches/series" ] || return 0
    sed 's/[ \t]*#.*//; /^[ \t]*$/d' "$1/debian/patches/series" |
        while read -r name level; do
            patch -d "$1" -s "${level:--p1}" -i "debian/patches/$name" \
                -N -E -V never ||
                die 1 "Debian's patch $name does not apply to $1"
        done
}

do_source() { # PATCHED NAME VERSION DIR SHA256...
    patched=$1 name=$2 version=$3 dir=$4
    shift 4
    case $dir in /*) ;; *) dir=$PWD/$dir ;; esac
    [ $# -gt 0 ] || die 1 "source: no checksums given for $name"
    if [ "$patched" = yes ]; then
        get_source "$name" "$version"
    else
        get_source "$name" "$version" --tar-only
    fi
    list=$(tarballs "$name" "$version")
    [ "$patched" = yes ] ||
        list=$(echo "$list" | grep -v "[.]debian[.]tar[.]")
    for t in $list; do
        check "$t" "$@"
    done
    rm -rf "$dir"
    mkdir -p "$dir"
    for t in $list; do
        case $t in
        *.orig-*)
            sub=${t#*.orig-}
            mkdir -p "$dir/${sub%%.tar.*}"
            tar -C "$dir/${sub%%.tar.*}" --strip-components=1 --no-same-owner \
                -xf "$state/files/$t" ;;
        *.debian.tar.*)
            tar -C "$dir" --no-same-owner -xf "$state/files/$t" ;;
        *)
            tar -C "$dir" --strip-components=1 --no-same-owner \
                -xf "$state/files/$t" ;;
        esac
    done
    [ "$patched" = no ] || patch_tree "$dir"
}

do_unpack() { # SUITE NAME[=VERSION] DIR [SHA256]
    suite=$1 spec=$2 dir=$3
    shift 3
    case $dir in /*) ;; *) dir=$PWD/$dir ;; esac
    name=${spec%%=*} # what the files are called
    # With a version the cache can answer; else ask the lists which it is.
    ver=
    case $spec in *=*) ver=${spec#*=} ;; esac
    pattern() { echo "$1" | sed 's/:/%3a/g'; }
    deb=
    if [ -n "$ver" ]; then
        deb=$(cd "$state/files" 2>/dev/null &&
            ls "${name}_$(pattern "$ver")"_*.deb 2>/dev/null | head -n 1) || :
    elif [ -e "$state/files/$name.$suite" ]; then
        deb=$(cat "$state/files/$name.$suite")
        [ -e "$state/files/$deb" ] || deb=
    fi
    if [ -z "$deb" ]; then
        configure
        say "downloading $spec of $suite"
        if [ -n "$ver" ]; then
            fetch download "$spec"
        else
            fetch download "$name/$suite"
        fi
        deb=$(cd "$state/files" && ls -t "${name}"_*.deb | head -n 1)
        echo "$deb" >"$state/files/$name.$suite"
    fi
    [ $# -eq 0 ] || check "$deb" "$@"
    mkdir -p "$dir"
    dpkg-deb -x "$state/files/$deb" "$dir"
}

usage() { sed -n '4,25s/^# \{0,1\}//p' "$0" >&2; exit 1; }

# One download at a time: apt's own locks fail instead of waiting.
lock() {
    mkdir -p "$state"
    exec 9>"$state/lock"
    flock 9
}

cmd=${1:-}
[ $# -gt 0 ] && shift
case $cmd in
source | source-raw)
    [ $# -ge 4 ] || usage
    lock
    case $cmd in source) do_source yes "$@" ;; *) do_source no "$@" ;; esac ;;
unpack)
    [ $# -ge 3 ] || usage
    lock
    do_unpack "$@" ;;
sums)
    [ $# -eq 2 ] || usage
    lock
    get_source "$@"
    for t in $(tarballs "$@"); do
        (cd "$state/files" && sha256sum "$t")
    done ;;
*) usage ;;
esac
