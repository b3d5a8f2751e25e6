#!/usr/bin/env bash
# Makes the images of the end-to-end tests for this machine's architecture, without Docker and without a registry: archives that
# containerd, Docker, Podman and kind load. usage: images.sh [TAG]
#
#   bin/images/jira-token-operator.tar     localhost/jira-token-operator:TAG: manager and gateway, as `make image` makes them
#   bin/images/jira-token-workload.tar     localhost/jira-token-workload:TAG: the tests' workload and the stand-in Jira
#
# SOURCE=<folder> takes the operator's source from there; its image is then the only one that is made. IMAGES=<folder> is where
# the archives go.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
tag=${1:-e2e} images=${IMAGES:-$root/bin/images} architecture=$(go env GOARCH)
export CGO_ENABLED=0 GOWORK=off

mkdir -p "$images"
images=$(cd "$images" && pwd)
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT

# The programs call themselves by the tag: two images of one source differ as two versions do.
operator() {
  go build -C "$root/hack/image" -buildvcs=false -o "$made/build-image" .
  "$made/build-image" -root "${SOURCE:-$root}" -name "localhost/jira-token-operator:$tag" -version "$tag" \
    -platforms "linux/$architecture" -out "$made"
  mv "$made/image-$architecture.tar" "$images/jira-token-operator.tar"
}

# Nobody but the tests runs this one: it is made of two programs, and of nothing else.
workload() {
  go build -C "$root/hack/cluster/src/mkimg" -buildvcs=false -o "$made/mkimg" .
  go build -C "$root" -trimpath -buildvcs=false -ldflags '-s -w' -o "$made/" ./hack/standin-jira ./internal/test/e2e/workload
  "$made/mkimg" -name "localhost/jira-token-workload:$tag" -o "$images/jira-token-workload.tar" -entrypoint /workload \
    -user 65532:65532 "$made/workload:/workload" "$made/standin-jira:/standin-jira"
}

operator
[ -n "${SOURCE:-}" ] || workload
