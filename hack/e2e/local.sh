#!/usr/bin/env bash
# Runs the end-to-end tests on a one-node cluster of their own (hack/cluster), which is built on first use, started, and taken
# down again. Root on Debian; KEEP=1 leaves the cluster and all on it up. usage: local.sh [GO-TEST-FLAG]...
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cluster=$root/hack/cluster

"$cluster/build.sh"
took=$("$cluster/up.sh" | tee -a /dev/stderr | tail -n 1)
[ -n "${KEEP:-}" ] || trap '"$cluster/down.sh" --purge' EXIT
eval "$took"

# load ARCHIVE NAME:TAG
load() { "$cluster/load-image.sh" "localhost/$2" "$root/bin/images/$1.tar"; }

HELM=$("$root/hack/helm/build.sh" helm helm3)
export HELM
"$root/hack/e2e/images.sh" e2e
load jira-token-operator jira-token-operator:e2e
load jira-token-workload jira-token-workload:e2e
export E2E_IMAGE=localhost/jira-token-operator:e2e E2E_WORKLOAD_IMAGE=localhost/jira-token-workload:e2e

# The version before: the last release, or else this tree as another version, which still replaces every pod.
previous=$root/bin/previous source=$root
rm -rf "$previous"
mkdir -p "$previous"
release=$(git -C "$root" describe --tags --abbrev=0 --match 'v[0-9]*' 2>/dev/null || true)
if [ -n "$release" ] && git -C "$root" cat-file -e "$release:charts/jira-token-operator" 2>/dev/null; then
  source=$previous/source
  mkdir "$source"
  git -C "$root" archive "$release" | tar -x -C "$source"
  export E2E_PREVIOUS_NAME="release $release" E2E_PREVIOUS_CHART=$source/charts/jira-token-operator
else
  "$HELM/helm" package "$root/charts/jira-token-operator" --version 0.0.1 --app-version 0.0.1 --destination "$previous"
  export E2E_PREVIOUS_NAME="this tree as another version, as there is no release with a chart yet"
  export E2E_PREVIOUS_CHART=$previous/jira-token-operator-0.0.1.tgz
fi
SOURCE=$source IMAGES=$root/bin/images/previous "$root/hack/e2e/images.sh" previous
load previous/jira-token-operator jira-token-operator:previous
export E2E_PREVIOUS_IMAGE=localhost/jira-token-operator:previous
export E2E_NODE_CONTROL=$cluster E2E_KEEP=${KEEP:-}

cd "$root"
go test -count=1 -v -timeout 30m "$@" ./internal/test/e2e
