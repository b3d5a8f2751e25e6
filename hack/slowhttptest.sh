#!/usr/bin/env bash
# Prints the path of slowhttptest, for make test-floods: the system's, or Debian's package, unpacked into bin/slowhttptest.
# Prints nothing, and says why, where there is none to be had.
# shellcheck source=debian.sh
. "$(dirname "${BASH_SOURCE[0]}")/debian.sh"

unpacked=$PWD/bin/slowhttptest/usr/bin/slowhttptest
for program in "$(command -v slowhttptest || true)" "$unpacked"; do
  if [ -x "$program" ]; then
    echo "$program"
    exit 0
  fi
done
unpack slowhttptest "the floods are skipped" slowhttptest
echo "$unpacked"
