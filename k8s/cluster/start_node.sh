#!/usr/bin/env bash
# Starts a node of a cluster. A pod that comes back has another address; nodes.conf in its volume has the old one, and if
# all pods were replaced, old ones of all other nodes too, where nobody would ever be found again.
# Variables: POD_IP and NODE_NAME, this pod's address and its name in the DNS. PASSWORD_FILE, if there is one: its first
# line is `requirepass PASSWORD`. SERVER, CONFIG, DATA: the program, its configuration and folder.
set -euo pipefail
: "${POD_IP:?the address of this pod}" "${NODE_NAME:?the name of this pod in the DNS}"
server=${SERVER:-redis-server}
config=${CONFIG:-/etc/redis/redis.conf}
data=${DATA:-/data}

# The address of one node NAME; fails if there is none (yet).
address_of() {
  local address
  address=$(getent hosts "$1") || return 1
  echo "${address%% *}"
}

# A line of nodes.conf: ID ADDRESS:PORT@BUSPORT,NAME FLAGS …; an IPv6 address has colons, and that of a node that has never
# met another one is empty. Lines of other kinds go through as they are.
fix_addresses() {
  local id endpoint rest port name address
  while read -r id endpoint rest; do
    port=${endpoint##*:}
    name=${endpoint#*,}
    name=${name%%,*}
    if [[ $rest =~ ^([a-z]+,)*myself[,\ ] ]]; then
      endpoint=$POD_IP:$port
    elif [[ $endpoint == *:*@*,* && -n $name ]] && address=$(address_of "$name"); then
      endpoint=$address:$port
    fi
    echo "$id $endpoint $rest"
  done
}

if [ -s "$data/nodes.conf" ]; then
  # Whole or not at all: the server refuses a file that ends in the middle of a line.
  fix_addresses <"$data/nodes.conf" >"$data/nodes.conf.new"
  mv "$data/nodes.conf.new" "$data/nodes.conf"
fi

# The password is not for the command line, which everybody on the machine can read: a second file, for what replicas and
# moving slots log in with.
secrets=()
if [ -n "${PASSWORD_FILE:-}" ]; then
  read -r _ password <"$PASSWORD_FILE" || [ -n "$password" ]
  (umask 077 && printf 'masterauth %s\n' "$password" >"$data/masterauth.conf")
  secrets=(--include "$PASSWORD_FILE" --include "$data/masterauth.conf")
fi

exec "$server" "$config" --dir "$data" --cluster-config-file "$data/nodes.conf" --cluster-announce-ip "$POD_IP" \
  --cluster-announce-hostname "$NODE_NAME" "${secrets[@]}"
