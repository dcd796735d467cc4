#!/usr/bin/env bash
# Runs the scripts of k8s/overlays/redis-sentinel as pods do, with Debian's redis-server: a first start, a primary that comes back as a
# replica with another address, a sentinel without its volume, all pods with other addresses.
set -euo pipefail
cd "$(dirname "$0")/.."
network=46
# shellcheck source=k8s/test/redis_pods.sh
. test/redis_pods.sh

scripts=overlays/redis-sentinel
export SENTINELS="sentinel-0 sentinel-1 sentinel-2" FIRST_PRIMARY=redis-0
# As the overlay has them, but with less patience.
{ cat $scripts/redis.conf && echo "repl-diskless-sync-delay 0"; } >"$pods/redis.conf"
sed -E 's/(down-after-milliseconds mymaster) .*/\1 1000/; s/(failover-timeout mymaster) .*/\1 5000/' \
  $scripts/sentinel.conf >"$pods/sentinel.conf"

start_redis() { start_pod "redis-$1" "127.0.$2.$(($1 + 1))" $scripts/start_redis.sh "$pods/redis.conf"; }
start_sentinel() { start_pod "sentinel-$1" "127.0.$2.$(($1 + 11))" $scripts/start_sentinel.sh "$pods/sentinel.conf"; }
start_all() {
  local i
  for i in 0 1 2; do
    start_redis $i "$1"
    start_sentinel $i "$1"
  done
}
at() {
  local node=$1
  shift
  in_pods redis-cli -e -h "$node" "$@"
}
primary() { at "$1" -p 26379 SENTINEL GET-MASTER-ADDR-BY-NAME mymaster | head -n 1; }
# all_say NAME: every sentinel.
all_say() { for i in 0 1 2; do [ "$(primary sentinel-$i)" = "$1" ] || return 1; done; }
# all_agree: on any one; all_agree_on_another NAME: than this.
all_agree() { [ -n "$(primary sentinel-0)" ] && all_say "$(primary sentinel-0)"; }
all_agree_on_another() { [ "$(primary sentinel-0)" != "$1" ] && all_agree; }
has_replicas() { [ "$(at "$1" INFO replication | tr -d '\r' | grep -c '^slave.*state=online')" = "$2" ]; }
is_replica_of() { at "$1" INFO replication | tr -d '\r' | grep -cE "^(master_host:$2|master_link_status:up)\$" | grep -qx 2; }
sentinels_know() { [ "$(at "$1" -p 26379 SENTINEL MASTER mymaster | sed -n '/^num-other-sentinels$/{n;p}')" = 2 ]; }
is_whole() { all_agree && has_replicas "$(primary sentinel-0)" 2; }
replicas_known() { [ "$(at sentinel-0 -p 26379 SENTINEL MASTER mymaster | sed -n '/^num-slaves$/{n;p}')" = 2 ]; }

echo "a first start"
start_all 43
until_true 20 "all sentinels say redis-0" all_say redis-0
until_true 20 "it has two replicas" has_replicas redis-0 2
for i in 0 1 2; do until_true 20 "sentinel-$i knows the others" sentinels_know sentinel-$i; done
until_true 20 "sentinels know both replicas" replicas_known
at redis-0 SET before "it all began" >/dev/null
echo 'upstream: {mode: sentinel, seeds: ["sentinel-0:26379", "sentinel-1:26379", "sentinel-2:26379"]}' >"$pods/slotway.yaml"
start_slotway "$pods/slotway.yaml"
until_true 10 "Slotway serves" slotway_says "it all began" GET before

echo "the primary's pod is gone, and comes back with another address"
stop_pod redis-0
until_true 30 "the sentinels have another primary" all_agree_on_another redis-0
new=$(primary sentinel-0)
until_true 10 "Slotway writes to it" slotway_says OK SET during "a failover"
start_redis 0 44
until_true 20 "redis-0 is a replica of $new" is_replica_of redis-0 "$new"
until_true 20 "no server is known twice" replicas_known

echo "a sentinel comes back without its volume"
stop_pod sentinel-0
rm -rf "$pods/sentinel-0"
start_sentinel 0 44
until_true 20 "it says $new too" all_say "$new"
grep -qx "the first primary is $new" "$pods/sentinel-0.log"

echo "all pods come back with other addresses"
until_true 20 "$new has two replicas" has_replicas "$new" 2
for i in 0 1 2; do stop_pod redis-$i && stop_pod sentinel-$i; done
start_all 45
# They may find the primary too late and make another one; the old one is then converted after ten seconds.
until_true 40 "the sentinels agree on one with two replicas" is_whole
[ "$(at "$(primary sentinel-0)" GET before)" = "it all began" ]
until_true 20 "Slotway has found the primary again" slotway_says "it all began" GET before
echo "sentinel_scripts: all right"
