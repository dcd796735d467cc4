#!/usr/bin/env bash
# A smoke test through redis-cli of a Slotway that runs: scripts/smoke.sh PORT. Exits 0 if every check passed, else 1.
# Its keys begin with slotway-smoke: and are deleted again.
set -euo pipefail
[ $# -eq 1 ] || { sed -n '2,3s/^# //p' "$0" >&2 && exit 2; }
port=$1
failed=0

cli() { timeout 20 redis-cli -p "$port" "$@" 2>&1; }

# expect NAME EXPECTED ACTUAL
expect() {
  if [ "$2" = "$3" ]; then
    printf 'ok      %s\n' "$1"
  else
    failed=1
    printf 'FAILED  %s\n        expected: %s\n        got:      %s\n' "$1" "$2" "$3"
  fi
}

k=slotway-smoke
keys=("$k:1" "$k:2" "$k:3" "$k:4" "$k:n" "$k:bin" "$k:{tag}a" "$k:{tag}b")

expect "PING" PONG "$(cli ping)"
cli del "${keys[@]}" >/dev/null || true
expect "SET and GET" $'OK\nhello' "$(cli set $k:1 hello && cli get $k:1)"
expect "a missing key is nil" '(nil)' "$(cli --no-raw get $k:nothing)"
expect "binary value" "000d0aff00" \
  "$(printf '\000\r\n\377\000' | cli -x set $k:bin >/dev/null && cli get $k:bin | od -An -v -tx1 | tr -d ' \n' | cut -c 1-10)"
expect "MSET across slots" OK "$(cli mset $k:1 one $k:2 two $k:3 three)"
expect "MGET across slots keeps the order" $'three\none\n\ntwo\none' "$(cli mget $k:3 $k:1 $k:4 $k:2 $k:1)"
expect "EXISTS across slots counts each mention" 4 "$(cli exists $k:1 $k:2 $k:4 $k:3 $k:1)"
expect "INCR" $'1\n2' "$(cli incr $k:n && cli incr $k:n)"
expect "EVAL with a key" ok:"$k:1" "$(cli eval 'return "ok:" .. KEYS[1]' 1 $k:1)"
expect "a pipeline of 1000 through redis-cli --pipe" "errors: 0, replies: 1000" \
  "$(for ((i = 0; i < 1000; i++)); do printf 'SET %s:1 %d\r\n' "$k" "$i"; done | cli --pipe | tail -n 1)"
expect "the pipeline's last value" 999 "$(cli get $k:1)"
expect "wrong type" "WRONGTYPE Operation against a key holding the wrong kind of value" \
  "$(cli lpush $k:1 x | tr -d '\r' | sed '/^$/d')"
expect "unknown command" "ERR unknown command 'nosuch', with args beginning with: 'a' " \
  "$(cli nosuch a | tr -d '\r' | sed '/^$/d')"
expect "keys of two slots where that cannot work" "CROSSSLOT Keys in request don't hash to the same slot" \
  "$(cli rename $k:1 $k:2 | tr -d '\r' | sed '/^$/d')"
expect "the same with a hash tag" OK "$(cli set "$k:{tag}a" x >/dev/null && cli rename "$k:{tag}a" "$k:{tag}b")"
expect "DEL across slots" 6 "$(cli del "${keys[@]}")"

if [ "$failed" -eq 0 ]; then echo "smoke test passed"; else echo "smoke test FAILED"; fi
exit "$failed"
