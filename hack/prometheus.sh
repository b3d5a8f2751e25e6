#!/usr/bin/env bash
# Prints the folder of prometheus and promtool, for the tests of alerts and dashboard: PROMETHEUS, those on PATH, or Debian's
# package, unpacked into bin/prometheus. Prints nothing, and says why, where there is none to be had.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { echo "prometheus.sh: $*" >&2; }

unpacked=$PWD/bin/prometheus/usr/bin
on_path=$(command -v promtool || true)
for folder in "${PROMETHEUS:-}" "${on_path%/promtool}" "$unpacked"; do
  if [ -n "$folder" ] && [ -x "$folder/prometheus" ] && [ -x "$folder/promtool" ]; then
    echo "$folder"
    exit 0
  fi
done
if ! command -v apt-get >/dev/null || ! command -v dpkg >/dev/null; then
  say "no PROMETHEUS, no prometheus and promtool on PATH and no apt-get: tests of alerts are skipped, or fail in CI"
  exit 0
fi
say "unpacking Debian's prometheus into bin/prometheus"
packages=$(mktemp -d)
trap 'rm -rf "$packages"' EXIT
fetch() { (cd "$packages" && apt-get -qq download prometheus); }
if ! { fetch || { apt-get -qq update && fetch; }; } >&2; then
  say "Debian's package can't be had: tests of alerts are skipped, or fail in CI"
  exit 0
fi
dpkg -x "$packages"/prometheus_*.deb bin/prometheus
echo "$unpacked"
