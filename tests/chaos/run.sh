#!/usr/bin/env bash
# Runs faults under checked load, through Slotway in front of a cluster of six nodes, and prints one line of figures for
# each; all of them, as a Markdown table, unless told otherwise. Exits 1 if one is not as expected. Builds the release
# preset's slotway and chaos unless both are given. Does its own set-up on a fresh Debian 12.
# Usage: tests/chaos/run.sh [--all | --short | --soak MINUTES | --fault NAME... | --list] [--slotway PATH] [--chaos PATH]
# [--clients N] [--seconds N] [--seed N]
set -euo pipefail
usage() {
  sed -n '/^# Usage/,/^set /s/^# //p' "$0"
}

slotway=
chaos=
mode=
arguments=()
while [ $# -gt 0 ]; do
  case "$1" in
    -h | --help) usage && exit 0 ;;
    --slotway | --chaos | --soak | --fault | --clients | --seconds | --seed)
      [ $# -ge 2 ] || { echo "$1 needs a value" >&2 && usage >&2 && exit 2; } ;;&
    --slotway) slotway=$(realpath "$2") && shift 2 ;;
    --chaos) chaos=$(realpath "$2") && shift 2 ;;
    --clients | --seconds | --seed) arguments+=("$1" "$2") && shift 2 ;;
    --soak | --fault) mode=$1 && arguments+=("$1" "$2") && shift 2 ;;
    --all) mode=$1 && arguments+=("$1" --markdown) && shift ;;
    --short | --list) mode=$1 && arguments+=("$1") && shift ;;
    *) usage >&2 && exit 2 ;;
  esac
done
[ -n "$mode" ] || arguments+=(--all --markdown)

cd "$(dirname "$0")/../.."
# shellcheck source=scripts/packages.sh
. scripts/packages.sh

build_release() {
  mkdir -p build/chaos
  echo "Building $* (a few minutes the first time)..." >&2
  { cmake --preset release && cmake --build --preset release --target "$@"; } >build/chaos/build.log 2>&1 || {
    tail -n 40 build/chaos/build.log >&2
    echo "chaos: the build failed" >&2
    return 1
  }
}

install_packages test chaos
targets=()
[ -n "$slotway" ] || [ "$mode" = --list ] || { slotway=build/release/proxy/slotway && targets+=(slotway); }
[ -n "$chaos" ] || { chaos=build/release/tests/chaos/chaos && targets+=(chaos); }
if [ ${#targets[@]} -gt 0 ]; then
  install_packages build
  build_release "${targets[@]}"
fi

# The kernel ends what the program has started together with it; its folders and its packet filter are left if it is
# ended from outside.
folder=$(mktemp -d)
program=
clean_up() {
  if [ -n "$program" ]; then
    kill "$program" 2>/dev/null || true
    wait "$program" || true
    nft delete table inet "slotway_chaos_$program" >/dev/null 2>&1 || true
  fi
  rm -rf "$folder"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# What a Slotway that is built with sanitizers is to do: end with the first finding, and keep little of what it has freed,
# for its memory is judged.
export ASAN_OPTIONS=${ASAN_OPTIONS:-halt_on_error=1:detect_stack_use_after_return=1:quarantine_size_mb=16}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-halt_on_error=1:print_stacktrace=1}
export TSAN_OPTIONS=${TSAN_OPTIONS:-halt_on_error=1:second_deadlock_stack=1}

TMPDIR=$folder "$chaos" --slotway "$slotway" "${arguments[@]}" &
program=$!
status=0
wait "$program" || status=$?
program=
[ "$status" -eq 0 ] || exit "$status"
