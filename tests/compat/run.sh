#!/usr/bin/env bash
# Runs the tests of Redis 7.0.15 through Slotway in front of three primaries, and through a plain redis-server, which
# sets the ceiling. Exits 1 if a test fails that expected_failures.txt does not name, or if one that it names passes.
# Does its own set-up on a fresh Debian 12. Usage: tests/compat/run.sh [--fast] [--unit NAME]... [--slotway PATH]
# [--standalone-only]
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=scripts/packages.sh
. scripts/packages.sh

# What has to be built depends on the options; compatibility.py judges them.
needs_binary=yes
for argument in "$@"; do
  case "$argument" in
    --slotway | --slotway=* | --standalone-only | -h | --help) needs_binary=no ;;
  esac
done

build_release() {
  mkdir -p build/compat
  echo "Building slotway (a few minutes the first time)..."
  { cmake --preset release && cmake --build --preset release --target slotway; } >build/compat/build.log 2>&1 || {
    tail -n 40 build/compat/build.log >&2
    echo "compat: the build failed" >&2
    return 1
  }
}

install_packages test
if [ "$needs_binary" = yes ]; then
  install_packages build
  build_release
fi
tests/compat/fetch_tests.sh build/compat/source
exec python3 -B tests/compat/compatibility.py --source build/compat/source --results build/compat/results "$@"
