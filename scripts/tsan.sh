#!/usr/bin/env bash
# Builds tests with ThreadSanitizer and runs them: scripts/tsan.sh [SUITE...], by default those that have threads: proxy,
# inproc and integration. (AddressSanitizer and UBSan are in the dev preset: scripts/test.sh.)
set -euo pipefail
cd "$(dirname "$0")/.."
case "${1:-}" in
  -*) sed -n '2,3s/^# //p' "scripts/${0##*/}" >&2 && exit 2 ;;
esac
# shellcheck source=scripts/packages.sh
. scripts/packages.sh

install_packages build test
suites=("$@")
[ $# -gt 0 ] || suites=(proxy inproc integration)
cmake --preset tsan
cmake --build --preset tsan --target "${suites[@]/#/test_}"

# ThreadSanitizer cannot map its shadow memory where the kernel spreads addresses too widely.
run=(ctest --preset tsan -j4 -L "^($(IFS='|' && echo "${suites[*]}"))\$")
if setarch -R true 2>/dev/null; then
  setarch -R "${run[@]}"
else
  "${run[@]}"
fi
