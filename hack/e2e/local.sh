#!/usr/bin/env bash
# Runs the end-to-end tests on a one-node cluster of their own (hack/cluster), which is built on first use, started, and taken
# down again. Root on Debian; KEEP=1 leaves the cluster and all on it up. usage: local.sh [GO-TEST-FLAG]...
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cluster=$root/hack/cluster

"$cluster/build.sh"
took=$("$cluster/up.sh" | tee /dev/stderr | tail -n 1)
[ -n "${KEEP:-}" ] || trap '"$cluster/down.sh" --purge' EXIT
eval "$took"

# load ARCHIVE NAME:TAG
load() { "$cluster/load-image.sh" "localhost/$2" "$root/bin/images/$1.tar"; }

"$root/hack/e2e/images.sh" e2e
load jira-token-operator jira-token-operator:e2e
load jira-token-workload jira-token-workload:e2e
export E2E_IMAGE=localhost/jira-token-operator:e2e E2E_WORKLOAD_IMAGE=localhost/jira-token-workload:e2e

# The version before: the last release, or else this tree under another name, which still replaces every pod.
release=$(git -C "$root" describe --tags --abbrev=0 --match 'v[0-9]*' 2>/dev/null || true)
if [ -n "$release" ]; then
  source=$root/bin/previous
  rm -rf "$source"
  mkdir -p "$source"
  git -C "$root" archive "$release" | tar -x -C "$source"
  SOURCE=$source IMAGES=$root/bin/images/previous "$root/hack/e2e/images.sh" previous
  load previous/jira-token-operator jira-token-operator:previous
  export E2E_PREVIOUS_NAME="release $release" E2E_PREVIOUS_MANIFESTS=$source/config/default
else
  load jira-token-operator jira-token-operator:previous
  export E2E_PREVIOUS_NAME="this tree under another image name, as there is no release yet" E2E_PREVIOUS_MANIFESTS=$root/config/default
fi
export E2E_PREVIOUS_IMAGE=localhost/jira-token-operator:previous
export E2E_NODE_CONTROL=$cluster E2E_KEEP=${KEEP:-}

cd "$root"
go test -count=1 -v -timeout 30m "$@" ./internal/test/cluster
