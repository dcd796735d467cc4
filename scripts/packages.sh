#!/usr/bin/env bash
# The Debian packages that Slotway needs, and how to install those that are missing.
# Sourced by the other scripts; run by itself it installs everything:
# scripts/packages.sh [build|test|k8s|image|examples|chaos|lint|bench]...

declare -A slotway_packages=(
  # To build slotway. (catch2 and python3 belong to the tests, but CMake looks for them when it configures.)
  [build]="g++ cmake ninja-build pkg-config libboost1.81-dev libhiredis-dev libyaml-cpp-dev libspdlog-dev
    prometheus-cpp-dev libcli11-dev libjemalloc-dev libssl-dev catch2 python3"
  # To run it against a real cluster, and to test it.
  [test]="redis-server redis-tools curl python3 git ca-certificates prometheus tcl nftables openssl"
  # Redis clients that tests/clients runs through Slotway, and what runs those from npm.
  [clients]="python3-redis"
  [node]="nodejs npm"
  # To check k8s/ without Kubernetes; npm packages come on top, as for the clients.
  [k8s]="python3-yaml python3-jsonschema libnss-wrapper golang-go golang-github-masterminds-sprig-dev
    golang-gopkg-yaml.v3-dev"
  # What tests/chaos puts in front of several proxies.
  [chaos]="haproxy"
  # To build Slotway's image and run it.
  [image]="buildah debootstrap binutils redis-server redis-tools curl libnss-wrapper"
  # What k8s/examples runs on this machine.
  [examples]="python3-redis python3-locust redis-server redis-tools"
  # To check style, lint and fuzz.
  [lint]="clang clang-format clang-tidy libclang-rt-14-dev shellcheck"
  # To compare it with other proxies.
  [bench]="haproxy nutcracker"
)

# as_root COMMAND...: runs it as root.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    echo "This needs root: run it as root, or install sudo." >&2
    return 1
  fi
}

# Debian starts redis-server, haproxy and the like when it installs them, and they would take ports. policy-rc.d says
# no for as long as the installation lasts; one that is there already is left as it is.
apt_install_quietly() (
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    trap 'as_root rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod 755 "$policy"
  fi
  as_root apt-get update -q
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@"
)

# install_packages GROUP...: installs what is missing from these groups; says nothing if nothing is.
install_packages() {
  local group package
  local -a missing=()
  for group in "$@"; do
    for package in ${slotway_packages[$group]}; do
      if [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)" != installed ]; then
        missing+=("$package")
      fi
    done
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  if ! command -v apt-get >/dev/null; then
    echo "These Debian packages (or their like) are missing: ${missing[*]}" >&2
    return 1
  fi
  echo "Installing: ${missing[*]}"
  apt_install_quietly "${missing[@]}"
}

# install_node_packages FOLDER BUILD: Node.js, and into BUILD exactly what FOLDER's lock file says; again only when that has
# changed. A Node.js that is there already, from wherever, will do: Debian's npm cannot be installed beside it.
install_node_packages() {
  local folder=$1 build=$2
  command -v npm >/dev/null || install_packages node
  mkdir -p "$build"
  cmp -s "$folder/package-lock.json" "$build/installed.json" && return 0
  cp "$folder/package.json" "$folder/package-lock.json" "$build/"
  npm ci --prefix "$build" --ignore-scripts --omit=optional --no-audit --no-fund --loglevel=error
  cp "$folder/package-lock.json" "$build/installed.json"
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
  set -euo pipefail
  [ $# -gt 0 ] || set -- build test lint bench
  install_packages "$@"
fi
