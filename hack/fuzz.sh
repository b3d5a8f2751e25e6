#!/usr/bin/env bash
# Runs every fuzz target of the module, one after the other (go test can fuzz only one at a time).
# usage: fuzz.sh TIME_PER_TARGET
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

found=0
while IFS=: read -r file target; do
  found=$((found + 1))
  echo "--- $target in ${file%/*}, $1"
  go test -run '^$' -fuzz "^$target\$" -fuzztime "$1" "${file%/*}"
done < <(git ls-files -co --exclude-standard '*_test.go' |
  xargs grep -oHE '^func Fuzz[A-Za-z0-9_]*' /dev/null | sed 's|^|./|; s|:func |:|')
echo "$found fuzz targets passed"
