#!/usr/bin/env bash
# The demonstrations on this machine, without Kubernetes: see README.md, and --help. Installs what is missing, builds the release
# binary unless there is --slotway PATH, and leaves nothing behind.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=scripts/packages.sh
. "$root/scripts/packages.sh"

needs_build=yes
for argument in "$@"; do
  case "$argument" in
    --slotway | --slotway=* | -h | --help) needs_build=no ;;
  esac
done

install_packages examples
if [ "$needs_build" = yes ]; then
  install_packages build
  echo "Building slotway (a few minutes the first time)..."
  log=$(mktemp)
  trap 'rm -f "$log"' EXIT
  (cd "$root" && cmake --preset release && cmake --build --preset release --target slotway) >"$log" 2>&1 || {
    tail -n 40 "$log" >&2
    exit 1
  }
  rm -f "$log"
fi

# Debian's interpreter sees Debian's packages; another one first in PATH may not.
python=/usr/bin/python3
[ -x "$python" ] || python=python3
exec "$python" -B "$root/k8s/examples/local/main.py" "$@"
