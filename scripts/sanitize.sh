#!/usr/bin/env bash
# Builds the tests with a sanitizer and runs them: scripts/sanitize.sh asan|tsan [CTEST ARGUMENTS]
# asan is AddressSanitizer with UndefinedBehaviorSanitizer, tsan is ThreadSanitizer: of the suites that have threads.
set -euo pipefail
cd "$(dirname "$0")/.."
case "${1:-}" in
  asan | tsan) preset=$1 && shift ;;
  *) sed -n '2,3s/^# //p' "scripts/${0##*/}" >&2 && exit 2 ;;
esac
# shellcheck source=scripts/packages.sh
. scripts/packages.sh

install_packages build test
build=(cmake --build --preset "$preset")
suites=()
if [ "$preset" = tsan ]; then
  build+=(--target test_proxy test_inproc test_integration)
  suites=(-L '^(proxy|inproc|integration)$')
fi
cmake --preset "$preset"
"${build[@]}"

# The first finding ends its process, so that its test fails.
export ASAN_OPTIONS="halt_on_error=1:detect_stack_use_after_return=1"
export UBSAN_OPTIONS="halt_on_error=1:print_stacktrace=1"
export TSAN_OPTIONS="halt_on_error=1:second_deadlock_stack=1"
run=(ctest --test-dir "build/$preset" -j2 --output-on-failure --no-tests=error "${suites[@]}" "$@")
# ThreadSanitizer cannot map its shadow memory where the kernel spreads addresses too widely.
if [ "$preset" = tsan ] && setarch -R true 2>/dev/null; then
  setarch -R "${run[@]}"
else
  "${run[@]}"
fi
