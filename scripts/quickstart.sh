#!/usr/bin/env bash
# Slotway in front of a Redis Cluster on this machine, from nothing: installs what is missing, builds the release
# binary, starts three primaries with a replica each in a temporary folder and Slotway on port 6380.
# Ctrl-C ends and removes all of it.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/packages.sh
. scripts/packages.sh

usage() {
  cat <<'TEXT'
Usage: scripts/quickstart.sh [--check] [--cluster HOST:PORT,...] [--port PORT] [--admin-port PORT]

  --check              run a smoke test through redis-cli instead of waiting; exits 0 if all of it passed, else 1
  --cluster HOST:PORT  put Slotway in front of this cluster (one node or more) instead of starting one
  --port PORT          Slotway's port (6380)
  --admin-port PORT    its port for /metrics and /readyz (9380)
TEXT
}

fail() {
  printf 'quickstart: %s\n' "$*" >&2
  exit 1
}

check=no cluster="" port=6380 admin_port=9380
while [ $# -gt 0 ]; do
  case "$1" in
    --check) check=yes && shift ;;
    --cluster | --port | --admin-port)
      [ $# -ge 2 ] || fail "$1 needs a value"
      case "$1" in
        --cluster) cluster=$2 ;;
        --port) port=$2 ;;
        *) admin_port=$2 ;;
      esac
      shift 2
      ;;
    -h | --help) usage && exit 0 ;;
    *) usage >&2 && exit 2 ;;
  esac
done

folder=""
pids=()
cleanup() {
  trap '' INT TERM HUP
  local pid
  # The proxy first: it answers what is in flight while the cluster is still there.
  for ((i = ${#pids[@]} - 1; i >= 0; i--)); do
    pid=${pids[i]}
    kill -TERM "$pid" 2>/dev/null || true
    [ "$i" -lt $((${#pids[@]} - 1)) ] || wait "$pid" 2>/dev/null || true
  done
  wait 2>/dev/null || true
  [ -z "$folder" ] || rm -rf "$folder"
}
trap cleanup EXIT
trap 'echo; [ "$check" = no ] || exit 130; exit 0' INT
trap 'exit 143' TERM HUP

port_is_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

check_port() {
  ! port_is_taken "$1" || fail "port $1 is taken; stop what listens there, or choose another with $2 PORT"
}

# wait_for SECONDS COMMAND...: until the command succeeds.
wait_for() {
  local limit=$((SECONDS + $1))
  shift
  until "$@"; do
    [ $SECONDS -lt $limit ] || return 1
    sleep 0.1
  done
}

is_ready() { curl -fs -o "$folder/ready" "http://127.0.0.1:$admin_port/readyz"; }
answers() { [ "$(redis-cli -p "$1" ping 2>/dev/null)" = PONG ]; }
cluster_ok() { redis-cli -p "$1" cluster info 2>/dev/null | grep -q '^cluster_state:ok'; }

# A cluster node needs two ports, the second 10000 above the first.
start_cluster() {
  local candidate=7000 node ports=()
  while [ ${#ports[@]} -lt 6 ]; do
    [ "$candidate" -lt 8000 ] || fail "found no six free ports from 7000 on"
    port_is_taken "$candidate" || port_is_taken $((candidate + 10000)) || ports+=("$candidate")
    candidate=$((candidate + 1))
  done
  for node in "${ports[@]}"; do
    mkdir "$folder/$node"
    redis-server --port "$node" --bind 127.0.0.1 --dir "$folder/$node" --logfile redis.log --save '' --appendonly no \
      --cluster-enabled yes --cluster-announce-ip 127.0.0.1 --cluster-node-timeout 5000 \
      --repl-diskless-sync-delay 0 </dev/null >/dev/null 2>&1 &
    pids+=($!)
  done
  for node in "${ports[@]}"; do
    wait_for 10 answers "$node" || fail "redis-server on port $node did not start: $(cat "$folder/$node/redis.log")"
  done
  redis-cli --cluster create "${ports[@]/#/127.0.0.1:}" --cluster-replicas 1 --cluster-yes >"$folder/create.log" 2>&1 ||
    fail "redis-cli --cluster create: $(cat "$folder/create.log")"
  for node in "${ports[@]}"; do
    wait_for 20 cluster_ok "$node" || fail "the cluster did not form: $(redis-cli -p "$node" cluster info)"
  done
  cluster=$(IFS=, && echo "${ports[*]/#/127.0.0.1:}")
}

start_slotway() {
  check_port "$port" --port
  check_port "$admin_port" --admin-port
  build/release/proxy/slotway --upstream "$cluster" --listen "127.0.0.1:$port" --workers auto \
    --admin "127.0.0.1:$admin_port" </dev/null >"$folder/slotway.log" 2>&1 &
  proxy=$!
  pids+=("$proxy")
  local limit=$((SECONDS + 20))
  until is_ready; do
    kill -0 "$proxy" 2>/dev/null || fail "slotway did not start: $(cat "$folder/slotway.log")"
    [ $SECONDS -lt $limit ] || fail "slotway is not ready after 20 s: $(cat "$folder/slotway.log")"
    sleep 0.1
  done
}

# One line from /readyz and /metrics; the rate is that since the last call.
last_requests=0
state_line() {
  local state=ready metrics
  is_ready || state="NOT READY"
  metrics=$(curl -fs "http://127.0.0.1:$admin_port/metrics") || metrics=""
  # Sums each metric over its labels.
  read -r clients requests errors redirects slots memory < <(awk '
    /^#/ { next }
    { name = $1; sub(/\{.*/, "", name); sum[name] += $NF }
    END { printf "%d %d %d %d %d %d\n", sum["slotway_clients"], sum["slotway_requests_total"],
            sum["slotway_request_errors_total"], sum["slotway_redirects_total"],
            sum["slotway_topology_slots_covered"], sum["process_resident_memory_bytes"] / 1048576 }' <<<"$metrics")
  printf '%s | slots %d/16384 | clients %d | requests %d (%d/s) | errors %d | redirects %d | %d MB' "$state" "$slots" \
    "$clients" "$requests" $((requests - last_requests)) "$errors" "$redirects" "$memory"
  last_requests=$requests
}

watch_state() {
  cat <<TEXT

Slotway is in front of $cluster. In another terminal:

  redis-cli -p $port set greeting hello
  redis-cli -p $port mget greeting farewell
  redis-benchmark -p $port -t get,set -P 16 -r 100000 -q
  curl http://127.0.0.1:$admin_port/metrics

Ctrl-C ends it.

TEXT
  while kill -0 "$proxy" 2>/dev/null; do
    if [ -t 1 ]; then
      state_line >"$folder/line"
      printf '\r\033[K%s' "$(cut -c "1-$(($(tput cols 2>/dev/null || echo 120) - 1))" "$folder/line")"
    fi
    sleep 1
  done
  fail "slotway has ended: $(cat "$folder/slotway.log")"
}

install_packages build test
check_port "$port" --port
check_port "$admin_port" --admin-port
echo "Building slotway (a few minutes the first time)..."
folder=$(mktemp -d)
{ cmake --preset release && cmake --build --preset release --target slotway; } >"$folder/build.log" 2>&1 ||
  fail "the build failed: $(tail -n 40 "$folder/build.log")"
if [ -z "$cluster" ]; then
  echo "Starting a cluster: three primaries, three replicas..."
  start_cluster
fi
start_slotway
if [ "$check" = yes ]; then
  scripts/smoke.sh "$port"
else
  watch_state
fi
