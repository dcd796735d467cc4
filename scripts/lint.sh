#!/usr/bin/env bash
# Runs clang-tidy over the program's sources: scripts/lint.sh [BUILD_DIR], by default build/dev.
# BUILD_DIR must be configured (compile_commands.json). Any finding fails.
set -euo pipefail
cd "$(dirname "$0")/.."
case "${1:-}" in
  -h | --help) sed -n '2,3s/^# //p' "scripts/${0##*/}" && exit 0 ;;
esac
build=${1:-build/dev}
# shellcheck source=scripts/packages.sh
. scripts/packages.sh

install_packages lint
if [ ! -e "$build/compile_commands.json" ]; then
  echo "$build is not configured: cmake --preset dev" >&2
  exit 2
fi

# A precompiled header of g++ means nothing to clang: the database without it.
database=$(mktemp -d)
trap 'rm -rf "$database"' EXIT
sed -E 's@-Winvalid-pch( -include [^ ]*cmake_pch\.hxx)?@@g; s@-include [^ ]*cmake_pch\.hxx@@g' \
  "$build/compile_commands.json" >"$database/compile_commands.json"

# The files as they are compiled: several of a folder at a time, so that what they include is looked at once.
root=$PWD
folder=$(cd "$build" && pwd)
mapfile -t sources < <(sed -nE 's/^ *"file": "(.*)",?$/\1/p' "$database/compile_commands.json" |
  grep -E "^($root|$folder)/(config|protocol|routing|proxy)/" | grep -v '/cmake_pch\.hxx\.cxx$')
[ ${#sources[@]} -gt 0 ] || { echo "$build compiles nothing of the program" >&2 && exit 2; }
printf '%s\0' "${sources[@]}" |
  xargs -0 -n 1 -P "$(nproc)" clang-tidy -p "$database" --quiet --extra-arg=-Wno-unknown-warning-option 2>&1 |
  sed '/^[0-9]* warnings\? generated\.$/d'
