#!/usr/bin/env bash
# Pods, as far as start scripts can tell: a redis-server each, at port 6379 of an address of its own, under a name that
# libnss-wrapper resolves, so that a pod can come back with another address. Sourced by the tests of the scripts.

pods=$(mktemp -d)
nss_wrapper=$(find /usr/lib -name libnss_wrapper.so -print -quit)
export NSS_WRAPPER_HOSTS=$pods/hosts
: >"$NSS_WRAPPER_HOSTS"
declare -A pod_pid=()
# `network` is the test's: tests run at the same time, each with addresses of its own.
slotway_address=127.0.${network:?}.1

# in_pods COMMAND...: runs it where the pods' names are known.
in_pods() { LD_PRELOAD=$nss_wrapper "$@"; }

# give_address NAME ADDRESS: as the DNS does when a pod has started. ADDRESS '': the pod is gone.
give_address() {
  { grep -v " $1\$" "$NSS_WRAPPER_HOSTS" || true; } >"$pods/hosts.new"
  [ -z "$2" ] || echo "$2 $1" >>"$pods/hosts.new"
  mv "$pods/hosts.new" "$NSS_WRAPPER_HOSTS"
}

# start_pod NAME ADDRESS SCRIPT CONFIG [VARIABLE=VALUE]...: CONFIG is the overlay's, with what a pod has of its own: one address.
start_pod() {
  local name=$1 address=$2 script=$3 config=$4
  shift 4
  mkdir -p "$pods/$name"
  { cat "$config" && echo "bind $address"; } >"$pods/$name.conf"
  # Sentinels write theirs, with the address they had.
  [ ! -f "$pods/$name/sentinel.conf" ] || sed -i "s/^bind .*/bind $address/" "$pods/$name/sentinel.conf"
  give_address "$name" "$address"
  LD_PRELOAD=$nss_wrapper env POD_IP="$address" NODE_NAME="$name" CONFIG="$pods/$name.conf" DATA="$pods/$name" "$@" \
    "$script" >>"$pods/$name.log" 2>&1 &
  pod_pid[$name]=$!
}

# start_slotway CONFIG: as the overlay has it, on an address of its own; without SLOTWAY, the binary, there is none.
start_slotway() {
  [ -n "${SLOTWAY:-}" ] || return 0
  LD_PRELOAD=$nss_wrapper "$SLOTWAY" --config "$1" --listen "$slotway_address:6380" --admin off >>"$pods/slotway.log" 2>&1 &
  pod_pid[slotway]=$!
}

# slotway_says WHAT COMMAND...: the reply to a command through Slotway, which must follow by itself whatever becomes of the pods.
slotway_says() {
  local expected=$1
  shift
  [ -z "${SLOTWAY:-}" ] || [ "$(redis-cli -h "$slotway_address" -p 6380 "$@")" = "$expected" ]
}

# stop_pod NAME: the process, and its name in the DNS.
stop_pod() {
  kill -KILL "${pod_pid[$1]}" 2>/dev/null || true
  wait "${pod_pid[$1]}" 2>/dev/null || true
  unset "pod_pid[$1]"
  give_address "$1" ''
}

# Only what was started here; the logs are shown if the test fails.
end_pods() {
  local result=$? name
  for name in "${!pod_pid[@]}"; do
    [ "$result" -eq 0 ] || { echo "--- $name" && tail -n 12 "$pods/$name.log"; }
    stop_pod "$name"
  done
  rm -rf "$pods"
  return "$result"
}
trap end_pods EXIT

# until_true SECONDS WHAT COMMAND...: waits for it, else fails.
until_true() {
  local deadline=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" 2>/dev/null; do
    if [ "$SECONDS" -ge "$deadline" ]; then
      echo "not so in time: $what" >&2
      return 1
    fi
    sleep 0.2
  done
  echo "  $what"
}
