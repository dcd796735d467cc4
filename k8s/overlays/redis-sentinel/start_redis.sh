#!/usr/bin/env bash
# Starts a server as what the sentinels say that it is: the primary, or a replica of it. No pod is the primary by its number: after
# a failover it is another one, and two primaries would cost the writes of one of them.
# Variables: NODE_NAME, this pod's name in the DNS; SENTINELS, theirs. CONFIG, DATA: Redis's configuration and folder.
set -euo pipefail
: "${NODE_NAME:?the name of this pod in the DNS}" "${SENTINELS:?names of the sentinels}"
# shellcheck source=k8s/overlays/redis-sentinel/primary.sh
. "$(dirname "$0")/primary.sh"

until primary=$(named_primary 2); do
  echo "waiting for two sentinels that name the same primary"
  sleep 1
done

# Sentinels know servers by name, for their addresses do not last.
role=()
if [ "$primary" = "$NODE_NAME" ]; then
  echo "the sentinels say that this is the primary"
else
  echo "the sentinels say that $primary is the primary"
  role=(--replicaof "$primary" 6379)
fi
exec redis-server "${CONFIG:-/etc/redis/redis.conf}" --dir "${DATA:-/data}" --replica-announce-ip "$NODE_NAME" "${role[@]}"
