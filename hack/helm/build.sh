#!/usr/bin/env bash
# Builds what the chart is tested and packaged with, at the versions in go.mod, into bin/helm, and prints that folder on stdout
# (all else goes to stderr): helm (Helm 4), helm3, helm-unittest and helm-docs. Builds only what is missing or out of date.
# usage: build.sh [PROGRAM...]
set -euo pipefail
export LC_ALL=C

module=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$module/../.." && pwd)
bin=$root/bin/helm

# Static binaries, and nothing from the caller's workspace or flags: all who build these versions share one build cache.
export CGO_ENABLED=0 GOWORK=off GOFLAGS=-mod=readonly

say() { echo "helm: $*" >&2; }

# required MODULE - the version that go.mod asks for
required() { awk -v m="$1" '$1 == m && $2 ~ /^v/ {print $2; exit}' "$module/go.mod"; }

# helm_version MODULE - without it, Helm calls itself v3.0 or v4.0
helm_version() { printf -- '-X %s/internal/version.version=%s' "$1" "$(required "$1")"; }

# kubernetes_version - what Helm 3 renders for when there is no cluster: as its own releases, that of client-go
kubernetes_version() {
  local minor variable
  IFS=. read -r _ minor _ <<<"$(required k8s.io/client-go)"
  for variable in pkg/chartutil pkg/lint/rules; do
    printf -- '-X helm.sh/helm/v3/%s.k8sVersionMajor=1 -X helm.sh/helm/v3/%s.k8sVersionMinor=%s ' "$variable" "$variable" "$minor"
  done
}

# build NAME PACKAGE [LDFLAGS] - unless its stamp says that it was built from the same modules, flags and Go
build() {
  local name=$1 package=$2 flags="-s -w ${3:-}" start=$SECONDS stamp
  stamp=$({ cat "$module/go.mod" "$module/go.sum"; echo "$package $flags $toolchain"; } | cksum)
  if [ -x "$bin/$name" ] && [ "$(cat "$bin/.$name.stamp" 2>/dev/null)" = "$stamp" ]; then return; fi
  say "building $name"
  go list -C "$module" -deps "$package" 2>&1 >/dev/null | "$root/hack/progress.sh" "$name: modules downloaded"
  go build -C "$module" -v -buildvcs=false -ldflags "$flags" -o "$bin/.$name.$$" "$package" 2>&1 |
    "$root/hack/progress.sh" "$name: packages compiled"
  mv "$bin/.$name.$$" "$bin/$name"
  echo "$stamp" >"$bin/.$name.stamp" # last: a build that is killed before this is simply done again
  say "built $name in $((SECONDS - start)) s"
}

build_named() {
  case $1 in
    helm) build helm helm.sh/helm/v4/cmd/helm "$(helm_version helm.sh/helm/v4)" ;;
    helm3) build helm3 helm.sh/helm/v3/cmd/helm "$(helm_version helm.sh/helm/v3) $(kubernetes_version)" ;;
    helm-unittest)
      build helm-unittest github.com/helm-unittest/helm-unittest/cmd/helm-unittest "$(kubernetes_version)" ;;
    helm-docs) build helm-docs github.com/norwoodj/helm-docs/cmd/helm-docs ;;
    *) say "$1 is none of helm, helm3, helm-unittest, helm-docs" && exit 2 ;;
  esac
}

command -v go >/dev/null || { say "go is missing: install the version that go.mod names"; exit 1; }
toolchain=$(go env GOVERSION GOOS GOARCH)
mkdir -p "$bin"
if command -v flock >/dev/null; then # where it is missing, two at once do the work twice, each in a file of its own
  exec 9>"$bin/.lock"
  flock -n 9 || { say "waiting for another build to finish"; flock 9; }
  rm -f "$bin"/.*.[0-9]* # what a killed build left
fi
[ $# -gt 0 ] || set -- helm helm3 helm-unittest helm-docs
for program in "$@"; do
  build_named "$program"
done
echo "$bin"
