#!/usr/bin/env bash
# Makes one cluster of the nodes PRIMARIES and REPLICAS (names, in order: the first replica is the first primary's, and so on).
# Every step looks first at what there is, so that it may be stopped anywhere and run again, also years later: slots are
# given out only while some have no node, and a node without slots becomes a replica, of the primary that has the fewest.
# Variables: PRIMARIES, REPLICAS; CLI: the client; PASSWORD_FILE, if there is one: its first line is `requirepass PASSWORD`.
set -euo pipefail
read -ra primaries <<<"${PRIMARIES:?names of nodes}"
read -ra replicas <<<"${REPLICAS:-}"
nodes=("${primaries[@]}" "${replicas[@]}")
cli=${CLI:-redis-cli}
readonly kSlots=16384
if [ -n "${PASSWORD_FILE:-}" ]; then
  read -r _ REDISCLI_AUTH <"$PASSWORD_FILE" || [ -n "$REDISCLI_AUTH" ]
  export REDISCLI_AUTH
fi

# at NODE COMMAND...: its reply; fails on an error reply too.
at() {
  local node=$1
  shift
  "$cli" -e -h "$node" "$@"
}

# fact NODE NAME: a line of CLUSTER INFO.
fact() { at "$1" CLUSTER INFO | tr -d '\r' | sed -n "s/^$2://p"; }

# until_true SECONDS WHAT COMMAND...: waits for it.
until_true() {
  local deadline=$((SECONDS + $1)) what=$2
  shift 2
  until "$@"; do
    if [ "$SECONDS" -ge "$deadline" ]; then
      echo "not so in time: $what" >&2
      return 1
    fi
    sleep 0.5
  done
  echo "$what"
}

answers() { [ "$(at "$1" PING 2>/dev/null)" = PONG ]; }
knows_all() { [ "$(fact "$1" cluster_known_nodes)" -ge "${#nodes[@]}" ]; }
has_all_slots() { [ "$(fact "$1" cluster_slots_assigned)" -eq $kSlots ]; }
is_ok() { [ "$(fact "$1" cluster_state)" = ok ] && has_all_slots "$1"; }
# A line of CLUSTER NODES has slots from the ninth field on.
has_slots() { at "$1" CLUSTER NODES | awk '$3 ~ /myself/ { found = NF > 8 } END { exit !found }'; }
is_primary() { [ "$(at "$1" ROLE | head -n 1)" = master ]; }
# knows NODE ID
knows() { at "$1" CLUSTER NODES | grep -q "^$2 "; }
# sees_replica NODE ID PRIMARY: whether NODE has heard that ID is now PRIMARY's replica.
sees_replica() { at "$1" CLUSTER NODES | awk -v id="$2" -v of="$3" '$1 == id { found = $4 == of } END { exit !found }'; }

# fewest_replicas NODE: the primary with slots that has the fewest replicas, as NODE sees it; the first of several.
fewest_replicas() {
  at "$1" CLUSTER NODES | awk '
    $3 ~ /master/ && $3 !~ /fail/ && NF > 8 { split($9, slots, "-"); first[$1] = slots[1] + 0 }
    $3 ~ /slave/ && $3 !~ /fail/ { count[$4]++ }
    END {
      for (id in first)
        if (!best || count[id] + 0 < count[best] + 0 ||
            (count[id] + 0 == count[best] + 0 && first[id] < first[best])) best = id
      print best
    }'
}

for node in "${nodes[@]}"; do
  until_true 300 "$node answers" answers "$node"
done

# Nodes that know each other already only learn each other's address once more.
for node in "${nodes[@]:1}"; do
  address=$(getent hosts "$node")
  at "${nodes[0]}" CLUSTER MEET "${address%% *}" 6379 >/dev/null
done
for node in "${nodes[@]}"; do
  until_true 60 "$node knows all ${#nodes[@]} nodes" knows_all "$node"
done

# With all nodes known, what the first one says of slots is soon true: of one that was complete it takes a moment.
if ! until_true 5 "all slots have a node" has_all_slots "${nodes[0]}"; then
  for i in "${!primaries[@]}"; do
    if ! has_slots "${primaries[i]}" && is_primary "${primaries[i]}"; then
      first=$((kSlots * i / ${#primaries[@]}))
      last=$((kSlots * (i + 1) / ${#primaries[@]} - 1))
      echo "${primaries[i]} gets slots $first to $last: $(at "${primaries[i]}" CLUSTER ADDSLOTSRANGE $first $last)"
    fi
  done
fi
for node in "${nodes[@]}"; do
  until_true 60 "$node sees all slots" has_all_slots "$node"
done

for node in "${replicas[@]}" "${primaries[@]}"; do
  if is_primary "$node" && ! has_slots "$node"; then
    primary=$(fewest_replicas "${nodes[0]}")
    until_true 60 "$node knows $primary" knows "$node" "$primary"
    echo "$node becomes a replica of $primary: $(at "$node" CLUSTER REPLICATE "$primary")"
    until_true 60 "${nodes[0]} knows that" sees_replica "${nodes[0]}" "$(at "$node" CLUSTER MYID)" "$primary"
  fi
done
for node in "${nodes[@]}"; do
  until_true 60 "$node: the cluster is ok" is_ok "$node"
done
