#!/usr/bin/env bash
# Builds the fuzzers and runs them, one on each processor: scripts/fuzz.sh [SECONDS]. SECONDS (60) is the time of all of
# them together; each has its share. What one finds is in build/fuzz/findings, and the exit code is then 1.
set -euo pipefail
cd "$(dirname "$0")/.."
case "${1:-60}" in
  *[!0-9]*) sed -n '2,3s/^# //p' "scripts/${0##*/}" >&2 && exit 2 ;;
esac
seconds=${1:-60}
# shellcheck source=scripts/packages.sh
. scripts/packages.sh

install_packages build test lint
cmake --preset fuzz
cmake --build --preset fuzz

mapfile -t fuzzers < <(find build/fuzz/tests/fuzz -maxdepth 1 -type f -perm -u+x | sort)
if [ ${#fuzzers[@]} -eq 0 ]; then
  echo "build/fuzz/tests/fuzz has no fuzzer" >&2
  exit 1
fi
share=$((seconds / ${#fuzzers[@]}))
[ "$share" -gt 0 ] || share=1
findings=build/fuzz/findings
mkdir -p "$findings"

# fuzz PROGRAM: runs it for its share and says what came of it.
fuzz() {
  local program name inputs options runs
  program=$(basename "$1")
  name=${program#fuzz_}
  # New inputs are kept apart from the committed corpus.
  inputs=(build/fuzz/inputs/"$name")
  mkdir -p "${inputs[0]}"
  [ ! -d "tests/fuzz/corpus/$name" ] || inputs+=("tests/fuzz/corpus/$name")
  options=(-max_total_time="$share" -timeout=10 -rss_limit_mb=2048 -artifact_prefix="$findings/$name-" -print_final_stats=1)
  [ ! -e "tests/fuzz/$name.dict" ] || options+=(-dict="tests/fuzz/$name.dict")
  if "$1" "${options[@]}" "${inputs[@]}" >"$findings/$name.log" 2>&1; then
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$findings/$name.log")
    echo "$program: ${runs:-?} runs in $share s, nothing found"
  else
    tail -n 60 "$findings/$name.log"
    echo "$program: FAILED, see $findings"
    return 1
  fi
}
export -f fuzz
export share findings

# shellcheck disable=SC2016 # The inner bash expands it.
printf '%s\0' "${fuzzers[@]}" | xargs -0 -n 1 -P "$(nproc)" bash -c 'fuzz "$1"' fuzz || exit 1
