#!/usr/bin/env bash
# Prints the folder of prometheus and promtool, for the tests of alerts and dashboard: PROMETHEUS, those on PATH, or Debian's
# package, unpacked into bin/prometheus. Prints nothing, and says why, where there is none to be had.
# shellcheck source=debian.sh
. "$(dirname "${BASH_SOURCE[0]}")/debian.sh"

unpacked=$PWD/bin/prometheus/usr/bin
on_path=$(command -v promtool || true)
for folder in "${PROMETHEUS:-}" "${on_path%/promtool}" "$unpacked"; do
  if [ -n "$folder" ] && [ -x "$folder/prometheus" ] && [ -x "$folder/promtool" ]; then
    echo "$folder"
    exit 0
  fi
done
unpack prometheus "tests of alerts are skipped" prometheus
echo "$unpacked"
