#!/usr/bin/env bash
# Builds the fuzzers and runs each of them for its share of SECONDS: scripts/fuzz.sh [SECONDS], by default 60.
# What a fuzzer finds is in build/fuzz/findings; the exit code is then 1.
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
failed=0
for fuzzer in "${fuzzers[@]}"; do
  program=$(basename "$fuzzer")
  name=${program#fuzz_}
  name=${name%_fuzzer}
  name=${name%_fuzz}
  # New inputs are kept apart from the committed corpus.
  inputs=(build/fuzz/inputs/"$name")
  mkdir -p "${inputs[0]}"
  [ ! -d "tests/fuzz/corpus/$name" ] || inputs+=("tests/fuzz/corpus/$name")
  options=(-max_total_time="$share" -timeout=10 -rss_limit_mb=2048 -artifact_prefix="$findings/$name-" -print_final_stats=1)
  [ ! -e "tests/fuzz/$name.dict" ] || options+=(-dict="tests/fuzz/$name.dict")
  if "$fuzzer" "${options[@]}" "${inputs[@]}" >"$findings/$name.log" 2>&1; then
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$findings/$name.log")
    echo "$program: ${runs:-?} runs in $share s, nothing found"
  else
    failed=1
    tail -n 60 "$findings/$name.log"
    echo "$program: FAILED, see $findings"
  fi
done
exit "$failed"
