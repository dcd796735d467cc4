#!/usr/bin/env bash
# Builds Slotway with its tests, under AddressSanitizer and UBSan, and runs them all, doing its own set-up on a fresh
# Debian 12. Usage: scripts/test.sh [CTEST ARGUMENTS], e.g. scripts/test.sh -R routing
set -euo pipefail
cd "$(dirname "$0")/.."
case "${1:-}" in
  -h | --help) sed -n '2,3s/^# //p' "scripts/${0##*/}" && exit 0 ;;
esac
# shellcheck source=scripts/packages.sh
. scripts/packages.sh

install_packages build test
cmake --preset dev
cmake --build --preset dev
# The tests of real servers mostly wait, so more of them run than there are processors.
ctest --preset dev -j4 "$@"
