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
build=$PWD/build/clients
install_node_packages "$here" "$build"

# Debian's interpreter sees Debian's packages; another one first in PATH may not.
python=/usr/bin/python3
[ -x "$python" ] || python=python3
exec "$python" -B "$here/run.py" "$@"
