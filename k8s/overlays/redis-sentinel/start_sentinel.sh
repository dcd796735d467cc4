#!/usr/bin/env bash
# Starts a sentinel. What it has learned it keeps in its volume; a new one asks the others for the primary, and only if none
# answers, which is when all begin, it is FIRST_PRIMARY.
# Variables: NODE_NAME, this pod's name in the DNS; SENTINELS, those of all sentinels; FIRST_PRIMARY. CONFIG, DATA: what all
# sentinels have in common, and the folder of the volume.
set -euo pipefail
: "${NODE_NAME:?the name of this pod in the DNS}" "${SENTINELS:?names of the sentinels}" "${FIRST_PRIMARY:?a name}"
data=${DATA:-/data}
# shellcheck source=k8s/overlays/redis-sentinel/primary.sh
. "$(dirname "$0")/primary.sh"

if [ ! -s "$data/sentinel.conf" ]; then
  primary=$(named_primary 1) || primary=$FIRST_PRIMARY
  echo "the first primary is $primary"
  # Whole or not at all: a file that exists is taken for one that has been learned.
  sed "s/@PRIMARY@/$primary/" "${CONFIG:-/etc/redis/sentinel.conf}" >"$data/sentinel.conf.new"
  printf 'sentinel announce-ip "%s"\n' "$NODE_NAME" >>"$data/sentinel.conf.new"
  mv "$data/sentinel.conf.new" "$data/sentinel.conf"
fi
exec redis-server "$data/sentinel.conf" --sentinel --dir "$data"
