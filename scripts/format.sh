#!/usr/bin/env bash
# Formats every C++ file of the repository with clang-format; with --check only tells which ones differ and exits 1.
set -euo pipefail
cd "$(dirname "$0")/.."
case "${1:-}" in
  "") mode=(-i) ;;
  --check) mode=(--dry-run --Werror) ;;
  *) sed -n '2s/^# //p' "scripts/${0##*/}" >&2 && exit 2 ;;
esac
# shellcheck source=scripts/packages.sh
. scripts/packages.sh

install_packages lint
git ls-files -z --cached --others --exclude-standard -- '*.cpp' '*.hpp' | xargs -0 -r clang-format "${mode[@]}"
