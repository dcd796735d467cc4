#!/usr/bin/env bash
# A proxy in which a sanitizer finds something must fail a run, also one that goes on afterwards, whether it says so in its
# exit code or not. Usage: tests/chaos/self_test.sh CHAOS SLOTWAY
set -euo pipefail
[ $# -eq 2 ] || { sed -n '/^# .*Usage/s/^# //p' "$0" >&2 && exit 2; }
chaos=$1
export REAL_SLOTWAY=$2
folder=$(mktemp -d)
clean_up() {
  [ ! -e "$folder/slotway.pid" ] || kill "$(cat "$folder/slotway.pid")" 2>/dev/null || true
  rm -rf "$folder"
}
trap clean_up EXIT

# expect CODE TEXT SCRIPT: a run with this program in Slotway's place ends with the code and tells of the text.
expect() {
  local code=0
  printf '#!/usr/bin/env bash\n%s\n' "$3" >"$folder/slotway"
  chmod +x "$folder/slotway"
  TMPDIR=$folder "$chaos" --slotway "$folder/slotway" --fault none --seconds 1 --clients 4 >"$folder/output" 2>&1 || code=$?
  if [ "$code" -ne "$1" ] || ! grep -qF -- "$2" "$folder/output"; then
    echo "expected exit code $1 and '$2', got $code and:" >&2
    cat "$folder/output" >&2
    exit 1
  fi
}

# The program that bash waits for gets its signal.
# shellcheck disable=SC2016
behind='trap '\''kill -TERM $slotway'\'' TERM; "$REAL_SLOTWAY" "$@" & slotway=$!; echo $slotway >"$0.pid"; wait $slotway; wait $slotway;'
# shellcheck disable=SC2016
expect 0 "ok" 'exec "$REAL_SLOTWAY" "$@"'
# shellcheck disable=SC2016
expect 1 "runtime error: signed" 'echo "a.cpp:1:2: runtime error: signed integer overflow" >&2; exec "$REAL_SLOTWAY" "$@"'
expect 1 "ThreadSanitizer: data race" "echo 'WARNING: ThreadSanitizer: data race (pid=1)' >&2; $behind exit 0"
expect 1 "exit code 66" "$behind exit 66"
