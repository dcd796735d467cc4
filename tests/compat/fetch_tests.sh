#!/usr/bin/env bash
# Fetches the source of Redis 7.0.15, as its authors published it, from Debian's source package into a folder; once.
# apt gets a configuration of its own in a temporary folder: the machine's Debian mirrors, asked for sources. What apt
# has elsewhere stays as it is, and apt checks the mirror's signature as it always does.
# Usage: tests/compat/fetch_tests.sh FOLDER
set -euo pipefail
[ $# -eq 1 ] || { sed -n '5s/^# //p' "$0" >&2 && exit 2; }

version=7.0.15
archive=redis_$version.orig.tar.gz
mkdir -p "$1"
folder=$(cd "$1" && pwd)
[ ! -s "$folder/$archive" ] || exit 0

fail() {
  printf 'fetch_tests: %s\n' "$*" >&2
  exit 1
}

command -v apt-get >/dev/null || fail "this needs apt; or put $archive into $folder yourself"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/sources.list.d" "$work/lists" "$work/cache"
# shellcheck source=/dev/null
codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
[ -n "$codename" ] || fail "/etc/os-release names no release"

# One-line entries: "deb [options] URI SUITE COMPONENTS". Only suites of this release: other archives on the machine
# need not have sources.
one_line_sources() {
  awk -v codename="$codename" '
    $1 != "deb" { next }
    {
      entry = $0
      sub(/\[[^]]*\]/, "", $0)
      if ($3 ~ "^" codename "(-.*)?$") { sub(/^[ \t]*deb/, "deb-src", entry); print entry }
    }' "$@"
}

# Stanzas of "Field: value" lines with an empty line between them.
stanza_sources() {
  awk -v codename="$codename" '
    BEGIN { RS = ""; FS = "\n" }
    {
      stanza = ""; wanted = 0; enabled = 1
      for (i = 1; i <= NF; i++) {
        if ($i ~ /^#/) continue
        if ($i ~ /^Types:/) { stanza = stanza "Types: deb-src\n"; continue }
        if ($i ~ /^Enabled:[ \t]*(no|false)/) enabled = 0
        if ($i ~ "^Suites:" && $i ~ "[ \t]" codename "(-[^ \t]*)?([ \t]|$)") wanted = 1
        stanza = stanza $i "\n"
      }
      if (wanted && enabled) print stanza
    }' "$@"
}

shopt -s nullglob
lists=(/etc/apt/sources.list /etc/apt/sources.list.d/*.list)
stanzas=(/etc/apt/sources.list.d/*.sources)
for list in "${lists[@]}"; do
  [ ! -f "$list" ] || one_line_sources "$list" >>"$work/sources.list"
done
for list in "${stanzas[@]}"; do
  stanza_sources "$list" >>"$work/sources.list.d/machine.sources"
done
touch "$work/sources.list"

options=(
  -o "Dir::Etc::sourcelist=$work/sources.list"
  -o "Dir::Etc::sourceparts=$work/sources.list.d"
  -o "Dir::State::lists=$work/lists"
  -o "Dir::Cache=$work/cache"
  -o "APT::Sandbox::User=$(id -un)"
)
echo "Fetching $archive from the Debian mirror of this machine..."
apt-get "${options[@]}" update -qq || fail "the machine's Debian mirrors gave no list of sources"
package=$(apt-cache "${options[@]}" showsrc redis 2>/dev/null |
  awk -v wanted="^[0-9]+:$version-" '$1 == "Version:" && $2 ~ wanted { print $2; exit }')
[ -n "$package" ] || fail "the sources of $codename have no redis $version"
(cd "$work" && apt-get "${options[@]}" source -qq --tar-only "redis=$package") || fail "apt could not fetch $archive"
[ -s "$work/$archive" ] || fail "apt fetched no $archive"
mv "$work/$archive" "$folder/$archive.part"
mv "$folder/$archive.part" "$folder/$archive"
