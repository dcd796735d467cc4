#!/usr/bin/env bash
# Which server is the primary, as the sentinels see it; sourced by the start scripts. SENTINELS: their names.

# named_primary VOTES: the name on which most of the sentinels that answer agree, if they are at least so many; else fails.
named_primary() {
  local sentinel votes name
  for sentinel in $SENTINELS; do
    # Without a time-out the address of a pod that is gone would be waited for for minutes.
    timeout 2 redis-cli -h "$sentinel" -p 26379 SENTINEL GET-MASTER-ADDR-BY-NAME mymaster 2>/dev/null | head -n 1 || true
  done | grep . | sort | uniq -c | sort -rn | head -n 1 | {
    read -r votes name || return 1
    [ "$votes" -ge "$1" ] && echo "$name"
  }
}
