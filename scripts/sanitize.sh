#!/usr/bin/env bash
# Builds tests with a sanitizer and runs them: scripts/sanitize.sh asan|tsan [SUITE...]
# asan is AddressSanitizer with UndefinedBehaviorSanitizer, by default of all suites; tsan is ThreadSanitizer, by default
# of those that have threads. A suite is a folder of tests/: config, protocol, routing, proxy, inproc, integration.
set -euo pipefail
cd "$(dirname "$0")/.."
case "${1:-}" in
  asan | tsan) preset=$1 && shift ;;
  *) sed -n '2,4s/^# //p' "scripts/${0##*/}" >&2 && exit 2 ;;
esac
# shellcheck source=scripts/packages.sh
. scripts/packages.sh

install_packages build test
suites=("$@")
if [ $# -eq 0 ]; then
  suites=(proxy inproc integration)
  [ "$preset" = tsan ] || suites+=(config protocol routing)
fi
cmake --preset "$preset"
cmake --build --preset "$preset" --target "${suites[@]/#/test_}"

# The first finding ends its process, so that its test fails.
export ASAN_OPTIONS="halt_on_error=1:detect_stack_use_after_return=1"
export UBSAN_OPTIONS="halt_on_error=1:print_stacktrace=1"
export TSAN_OPTIONS="halt_on_error=1:second_deadlock_stack=1"
run=(ctest --test-dir "build/$preset" -j2 --output-on-failure --no-tests=error -L "^($(IFS='|' && echo "${suites[*]}"))\$")
# ThreadSanitizer cannot map its shadow memory where the kernel spreads addresses too widely.
if [ "$preset" = tsan ] && setarch -R true 2>/dev/null; then
  setarch -R "${run[@]}"
else
  "${run[@]}"
fi
