#!/usr/bin/env bash
# Makes the images of the end-to-end tests, without Docker and without a registry: archives that containerd, Docker, Podman and
# kind load. usage: images.sh [TAG]
#
#   bin/images/jira-token-operator.tar     localhost/jira-token-operator:TAG: manager and gateway
#   bin/images/jira-token-workload.tar     localhost/jira-token-workload:TAG: the tests' workload and the stand-in Jira
#
# SOURCE=<folder> takes the operator's source from there; its image is then the only one that is made. IMAGES=<folder> is where
# the archives go.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
tag=${1:-e2e} images=${IMAGES:-$root/bin/images}
export CGO_ENABLED=0 GOWORK=off

mkdir -p "$images"
images=$(cd "$images" && pwd)
programs=$(mktemp -d)
trap 'rm -rf "$programs"' EXIT
go build -C "$root/hack/cluster/src/mkimg" -buildvcs=false -o "$programs/mkimg" .

# image NAME ENTRYPOINT PROGRAM... - of programs in $programs
image() {
  local name=$1 entrypoint=$2 files=()
  shift 2
  for program; do files+=("$programs/$program:/$program"); done
  [ ! -f /etc/ssl/certs/ca-certificates.crt ] || files+=(/etc/ssl/certs/ca-certificates.crt:/etc/ssl/certs/ca-certificates.crt:0644)
  "$programs/mkimg" -name "localhost/$name:$tag" -o "$images/$name.tar" -entrypoint "/$entrypoint" -user 65532:65532 "${files[@]}"
}

go build -C "${SOURCE:-$root}" -trimpath -buildvcs=false -ldflags '-s -w' -o "$programs/" ./cmd/manager ./cmd/gateway
image jira-token-operator manager manager gateway
if [ -z "${SOURCE:-}" ]; then
  go build -C "$root" -trimpath -buildvcs=false -ldflags '-s -w' -o "$programs/" ./hack/standin-jira ./internal/test/cluster/workload
  image jira-token-workload workload workload standin-jira
fi
