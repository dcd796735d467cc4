#!/usr/bin/env bash
# Before a node's pod ends: if it is a primary, has one of its replicas take over, which takes milliseconds, where an election
# takes cluster-node-timeout and longer. Never keeps the pod from ending.
# Variables: PASSWORD_FILE, CLI as in create_cluster.sh; HOST, where this node is, and SECONDS_LEFT to try.
set -euo pipefail
cli=${CLI:-redis-cli}
deadline=$((SECONDS + ${SECONDS_LEFT:-10}))
if [ -n "${PASSWORD_FILE:-}" ]; then
  read -r _ REDISCLI_AUTH <"$PASSWORD_FILE" || [ -n "$REDISCLI_AUTH" ]
  export REDISCLI_AUTH
fi

here() { "$cli" -h "${HOST:-127.0.0.1}" "$@"; }
is_primary() { [ "$(here ROLE | head -n 1)" = master ]; }
# The addresses of replicas that are connected: ID ADDRESS:PORT@BUSPORT,NAME FLAGS PRIMARY PING PONG EPOCH LINK.
replicas() { here CLUSTER REPLICAS "$(here CLUSTER MYID)" | awk '$3 !~ /fail/ && $8 == "connected" { sub(/:[0-9]+@.*/, "", $2); print $2 }'; }

is_primary || exit 0
replica=$(replicas | head -n 1)
if [ -z "$replica" ]; then
  echo "no replica is there to take over"
  exit 0
fi
echo "$replica is to take over: $("$cli" -h "$replica" CLUSTER FAILOVER)"
while is_primary && [ "$SECONDS" -lt "$deadline" ]; do
  sleep 0.1
done
