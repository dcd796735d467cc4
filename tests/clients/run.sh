#!/usr/bin/env bash
# Runs ordinary applications, written with the Redis clients that people use, through Slotway in front of a cluster of
# three primaries with replicas. Installs the clients first: Debian's python3-redis, and those of package.json from the
# npm registry that this machine is set up for, into build/clients.
# Usage: tests/clients/run.sh [--slotway PATH] [--only NAME]... [--direct] [--list]; --help says more.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
# shellcheck source=scripts/packages.sh
. scripts/packages.sh

install_packages test clients
# A Node.js that is there already, from wherever, will do: Debian's npm cannot be installed beside it.
command -v npm >/dev/null || install_packages node

# npm ci installs exactly what the lock file says; again only when that has changed.
build=$PWD/build/clients
mkdir -p "$build"
if ! cmp -s "$here/package-lock.json" "$build/installed.json"; then
  cp "$here/package.json" "$here/package-lock.json" "$build/"
  npm ci --prefix "$build" --ignore-scripts --omit=optional --no-audit --no-fund --loglevel=error
  cp "$here/package-lock.json" "$build/installed.json"
fi

# Debian's interpreter sees Debian's packages; another one first in PATH may not.
python=/usr/bin/python3
[ -x "$python" ] || python=python3
exec "$python" -B "$here/run.py" "$@"
