#!/usr/bin/env bash
# Reads the output of `go build -v` or `go list` and says on stderr every ten seconds how far it is: a long build that
# is silent looks like one that hangs. Lines that are no progress (errors, warnings) pass through.
# usage: go build -v … 2>&1 | progress.sh WHAT
set -euo pipefail

what=$1 begun=0 next=10
while true; do
  status=0
  IFS= read -r -t 2 line || status=$?
  if [ "$status" = 0 ]; then
    case $line in
      'go: downloading '*) begun=$((begun + 1)) ;;
      '#'* | *' '* | *:*) echo "$line" >&2 ;;
      *) begun=$((begun + 1)) ;;
    esac
  elif [ "$status" -le 128 ]; then # the end; above 128: nothing came in time
    break
  fi
  if [ "$SECONDS" -ge "$next" ]; then
    echo "$what: $begun so far, $SECONDS s" >&2
    next=$((SECONDS + 10))
  fi
done
