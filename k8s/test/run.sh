#!/usr/bin/env bash
# Checks k8s/ without Kubernetes: every overlay is rendered, validated against Kubernetes's types and held against the rest of the
# repository; the start scripts run with real servers; the chart is rendered. Installs what it needs first: Debian packages, and the
# npm packages of package.json into build/k8s.
# Usage: k8s/test/run.sh [--slotway PATH], by default that of the release build.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
# shellcheck source=scripts/packages.sh
. scripts/packages.sh

slotway=
if [ $# -gt 0 ]; then
  if [ $# -ne 2 ] || [ "$1" != --slotway ]; then
    echo "usage: k8s/test/run.sh [--slotway PATH]" >&2
    exit 2
  fi
  slotway=$(realpath "$2")
fi

install_packages test k8s
build=$PWD/build/k8s
install_node_packages "$here" "$build"

# Debian's interpreter sees Debian's packages; another one first in PATH may not.
python=/usr/bin/python3
[ -x "$python" ] || python=python3

results=()
failures=0
# check NAME COMMAND...: runs it, and remembers what came of it.
check() {
  local name=$1 start=$SECONDS
  shift
  echo "-- $name"
  if "$@"; then
    results+=("passed   $name ($((SECONDS - start)) s)")
  else
    results+=("FAILED   $name")
    failures=$((failures + 1))
  fi
}
skip() { results+=("skipped  $1: $2"); }

arguments=(--types "$build")
if [ -z "$slotway" ]; then
  # Not the dev build: libnss-wrapper and AddressSanitizer both want to be loaded first.
  slotway=$PWD/build/release/proxy/slotway
fi
if [ -x "$slotway" ]; then
  arguments+=(--slotway "$slotway")
else
  skip "slotway --check-config of each overlay, Slotway in front of the start scripts" "there is no $slotway"
  slotway=
fi

# promtool reads groups of rules as they stand in a PrometheusRule.
alerts() {
  "$python" -c 'import sys, yaml; print(yaml.safe_dump(yaml.safe_load(sys.stdin)["spec"]))' \
    <k8s/monitoring/prometheus_rule.yaml >"$build/rules.yaml"
  cp "$here/alerts_test.yaml" "$build/"
  promtool check rules "$build/rules.yaml" && promtool test rules "$build/alerts_test.yaml"
}

# Both run servers, which wait more than they work, and Slotway in front of them where there is a binary.
start_scripts() {
  local cluster
  export SLOTWAY=$slotway
  "$here/cluster_scripts.sh" >"$build/cluster_scripts.log" 2>&1 &
  cluster=$!
  "$here/sentinel_scripts.sh" || return 1
  wait "$cluster" || { cat "$build/cluster_scripts.log" && return 1; }
  tail -n 1 "$build/cluster_scripts.log"
}

# The chart is rendered by helm, where it is installed, or by what Debian has of what helm is made of.
chart() {
  if command -v helm >/dev/null; then
    "$python" -B "$here/check_chart.py" helm template -- "${arguments[@]}"
  else
    GO111MODULE=off GOPATH=/usr/share/gocode GOCACHE=$build/go-cache go build -o "$build/render_chart" "$here/render_chart.go" &&
      "$python" -B "$here/check_chart.py" "$build/render_chart" -- "${arguments[@]}"
  fi
}

if kubectl=$("$python" -B -c "import sys; sys.path.insert(0, '$here'); import render; print(render.kubectl() or '')") &&
  [ -n "$kubectl" ]; then
  echo "Rendered with $kubectl kustomize and with kustomization.py, which must agree."
else
  echo "Rendered with kustomization.py: there is no kubectl here with kustomize 5."
fi
check "overlays: rules and types" "$python" -B "$here/check.py" "${arguments[@]}"
check "each rule refuses what it is for" "$python" -B "$here/self_test.py" "${arguments[@]}"
check "examples: their own tests" "$python" -B k8s/examples/local/self_test.py
check "alerts: promtool, and each fires" alerts
if command -v helm >/dev/null; then
  check "chart: rendered by helm" chart
else
  skip "chart: rendered by helm" "helm is not installed, and Debian has none"
  check "chart: rendered by render_chart.go" chart
fi
check "start scripts with redis-server" start_scripts

echo "== k8s:"
printf '   %s\n' "${results[@]}"
if [ "$failures" -gt 0 ]; then
  echo "== k8s: $failures failed"
  exit 1
fi
echo "== k8s: all right"
