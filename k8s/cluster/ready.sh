#!/usr/bin/env bash
# Whether this node takes commands: one that is loading its data answers PING with an error.
# Variables: PASSWORD_FILE, CLI as in create_cluster.sh.
set -euo pipefail
if [ -n "${PASSWORD_FILE:-}" ]; then
  read -r _ REDISCLI_AUTH <"$PASSWORD_FILE" || [ -n "$REDISCLI_AUTH" ]
  export REDISCLI_AUTH
fi
[ "$("${CLI:-redis-cli}" -h "${HOST:-127.0.0.1}" PING)" = PONG ]
