#!/usr/bin/env bash
# Generates everything anew and fails if a file changed, and if a go.mod is not tidy. It compares with the files as they
# were before rather than with the last commit, so it can be run before committing; afterwards they are up to date.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export GOWORK=off

# snapshot - hash and name of each file that git would commit
snapshot() {
  local files
  files=$(git ls-files -co --exclude-standard | while IFS= read -r file; do [ ! -f "$file" ] || echo "$file"; done)
  paste -d ' ' <(git hash-object --stdin-paths <<<"$files") - <<<"$files"
}

failed=0
before=$(snapshot)
make generate
changed=$({ diff <(echo "$before") <(snapshot) || true; } | sed -n 's/^[<>] [^ ]* /  /p' | sort -u)
if [ -n "$changed" ]; then
  printf 'verify: out of date, and now generated anew; commit them:\n%s\n' "$changed" >&2
  failed=1
fi

while IFS= read -r file; do
  folder=$(dirname "$file")
  if ! go mod tidy -C "$folder" -diff; then
    echo "verify: go.mod or go.sum is not tidy; run 'go mod tidy' in $folder" >&2
    failed=1
  fi
done < <(git ls-files -co --exclude-standard go.mod '*/go.mod')

[ "$failed" = 1 ] || echo "verify: generated files and modules are up to date"
exit "$failed"
