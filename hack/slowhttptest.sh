#!/usr/bin/env bash
# Prints the path of slowhttptest, for make test-floods: the system's, or Debian's package, unpacked into bin/slowhttptest.
# Prints nothing, and says why, where there is none to be had.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { echo "slowhttptest.sh: $*" >&2; }

for program in "$(command -v slowhttptest || true)" "$PWD/bin/slowhttptest/usr/bin/slowhttptest"; do
  if [ -x "$program" ]; then
    echo "$program"
    exit 0
  fi
done
if ! command -v apt-get >/dev/null || ! command -v dpkg >/dev/null; then
  say "no slowhttptest and no apt-get: the floods are skipped"
  exit 0
fi
say "unpacking Debian's slowhttptest into bin/slowhttptest"
packages=$(mktemp -d)
trap 'rm -rf "$packages"' EXIT
fetch() { (cd "$packages" && apt-get -qq download slowhttptest); }
{ fetch || { apt-get -qq update && fetch; }; } >&2
dpkg -x "$packages"/slowhttptest_*.deb bin/slowhttptest
echo "$PWD/bin/slowhttptest/usr/bin/slowhttptest"
