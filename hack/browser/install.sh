#!/usr/bin/env bash
# Builds the program that drives a headless Chromium into bin/browser, finds a Chromium or, as root, installs Debian's, and prints
# both paths, one a line: the program, then Chromium.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here/../.."
out=$PWD/bin/browser

find_chromium() {
  for name in "${CHROMIUM:-}" chromium chromium-browser google-chrome; do
    [ -n "$name" ] && command -v "$name" && return
  done
  return 1
}

mkdir -p "$out"
go build -C "$here" -buildvcs=false -o "$out/drive" . >&2
if ! chromium=$(find_chromium); then
  command -v apt-get >/dev/null && [ "$(id -u)" = 0 ] || {
    echo "install.sh: no Chromium found: install one (apt-get install chromium), or name it in CHROMIUM" >&2
    exit 1
  }
  echo "installing Debian's chromium" >&2
  { apt-get -qq install -y --no-install-recommends chromium ||
    { apt-get -qq update && apt-get -qq install -y --no-install-recommends chromium; }; } >&2
  chromium=$(find_chromium)
fi
echo "$out/drive"
echo "$chromium"
