#!/usr/bin/env bash
# Runs the scripts of k8s/cluster as a StatefulSet's pods do, with Debian's redis-server: a first start, a cluster that was made
# half, all pods with other addresses, one that hands over.
set -euo pipefail
cd "$(dirname "$0")/.."
network=40
# shellcheck source=k8s/test/redis_pods.sh
. test/redis_pods.sh

names=(node-0 node-1 node-2 node-3 node-4 node-5)
export PRIMARIES="node-0 node-1 node-2" REPLICAS="node-3 node-4 node-5" PASSWORD_FILE=$pods/password-file.conf
echo "requirepass it-is-secret" >"$PASSWORD_FILE"
export REDISCLI_AUTH=it-is-secret
# As the overlay has it, but with less patience.
sed 's/^cluster-node-timeout .*/cluster-node-timeout 2000/' overlays/redis-cluster/redis.conf >"$pods/redis.conf"
echo "repl-diskless-sync-delay 0" >>"$pods/redis.conf"

start_nodes() {
  local i
  for i in "${!names[@]}"; do
    start_pod "${names[i]}" "127.0.$1.$((i + 1))" cluster/start_node.sh "$pods/redis.conf"
  done
}
at() {
  local node=$1
  shift
  in_pods redis-cli -e -h "$node" "$@"
}
create() { in_pods cluster/create_cluster.sh >"$pods/create.log" 2>&1 || { cat "$pods/create.log" && return 1; }; }
count() { at node-0 CLUSTER NODES | awk -v role="$1" '$3 ~ role && $8 == "connected"' | wc -l; }
is_whole() { [ "$(at "$1" CLUSTER INFO | tr -d '\r' | grep -cE '^cluster_(state:ok|slots_ok:16384|known_nodes:6|size:3)$')" = 4 ]; }
all_whole() { for name in "${names[@]}"; do is_whole "$name" || return 1; done; }
answers() { HOST=$1 in_pods cluster/ready.sh; }
is_primary() { [ "$(at "$1" ROLE | head -n 1)" = master ]; }
is_replica() { [ "$(at "$1" ROLE | head -n 1)" = slave ]; }
is_in_step() { at "$1" INFO replication | grep -q master_link_status:up; }
forgets_old_addresses() { [ "$(at node-0 CLUSTER NODES | grep -c ' 127\.0\.42\.')" = 6 ]; }

echo "a cluster that was made half: two nodes have met, one has its slots"
start_nodes 41
for name in "${names[@]}"; do until_true 10 "$name answers" answers "$name"; done
at node-0 CLUSTER MEET 127.0.41.2 6379 >/dev/null
at node-1 CLUSTER ADDSLOTSRANGE 5461 10921 >/dev/null
create
all_whole
[ "$(count master)" = 3 ] && [ "$(count slave)" = 3 ]
echo "  six nodes, three primaries with a replica each"
at node-0 -c SET before "it all began" >/dev/null
# Its Service is the first node here; it has another address after a while, and so have all that Slotway will have learned.
printf 'upstream: {seeds: ["node-0:6379"], password_file: "%s"}\n' "$PASSWORD_FILE" >"$pods/slotway.yaml"
start_slotway "$pods/slotway.yaml"
until_true 10 "Slotway serves" slotway_says "it all began" GET before

echo "made again: nothing changes"
at node-0 CLUSTER NODES | cut -d ' ' -f 1,4,9 | sort >"$pods/nodes"
create
at node-0 CLUSTER NODES | cut -d ' ' -f 1,4,9 | sort | diff "$pods/nodes" -

echo "a primary hands over"
until_true 10 "node-3 is in step" is_in_step node-3
HOST=node-0 in_pods cluster/hand_over.sh
until_true 10 "node-3 is the primary" is_primary node-3
until_true 10 "node-0 is none" is_replica node-0

echo "all pods come back with other addresses"
for name in "${names[@]}"; do stop_pod "$name"; done
start_nodes 42
for name in "${names[@]}"; do until_true 10 "$name answers" answers "$name"; done
# In this order: a node that has just started says what it remembers of the others.
until_true 30 "no old address is left" forgets_old_addresses
until_true 30 "the cluster is whole" all_whole
[ "$(at node-0 -c GET before)" = "it all began" ]
until_true 20 "Slotway has found the nodes again" slotway_says "it all began" GET before
echo "cluster_scripts: all right"
