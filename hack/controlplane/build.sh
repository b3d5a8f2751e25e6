#!/usr/bin/env bash
# Builds etcd, kube-apiserver and kubectl from source, at the versions in go.mod, into bin/controlplane, and prints that
# folder on stdout (all else goes to stderr). Builds only what is missing or out of date. If KUBEBUILDER_ASSETS names a
# folder that has all three, nothing is built and that folder is printed.
set -euo pipefail
export LC_ALL=C

module=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$module/../.." && pwd)
bin=$root/bin/controlplane

# Static binaries, and nothing from the caller's workspace or flags: all who build these versions share one build cache.
export CGO_ENABLED=0 GOWORK=off GOFLAGS=-mod=readonly

say() { echo "controlplane: $*" >&2; }

has_all() { [ -x "$1/etcd" ] && [ -x "$1/kube-apiserver" ] && [ -x "$1/kubectl" ]; }

# required MODULE - the version that go.mod asks for
required() { awk -v m="$1" '$1 == m && $2 ~ /^v/ {print $2; exit}' "$module/go.mod"; }

# Without these, programs call themselves v0.0.0-master, which clients that parse the version refuse.
version_flags() {
  local package major minor
  IFS=. read -r major minor _ <<<"${1#v}"
  for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
    printf -- '-X %s.%s ' "$package" "gitVersion=$1" "$package" "gitMajor=$major" "$package" "gitMinor=$minor" \
      "$package" gitCommit=module "$package" gitTreeState=archive "$package" buildDate=1970-01-01T00:00:00Z
  done
}

# build NAME PACKAGE VERSION [LDFLAGS] - unless its stamp says that it was built from the same modules, flags and Go
build() {
  local name=$1 package=$2 version=$3 flags="-s -w ${4:-}" start=$SECONDS stamp
  stamp="$version $({ cat "$module/go.mod" "$module/go.sum"; echo "$package $flags $toolchain"; } | cksum)"
  if [ -x "$bin/$name" ] && [ "$(cat "$bin/.$name.stamp" 2>/dev/null)" = "$stamp" ]; then return; fi
  say "building $name $version (all three take some minutes the first time, then they are cached)"
  go list -C "$module" -deps "$package" 2>&1 >/dev/null | "$root/hack/progress.sh" "$name: modules downloaded"
  go build -C "$module" -v -buildvcs=false -ldflags "$flags" -o "$bin/.$name.$$" "$package" 2>&1 |
    "$root/hack/progress.sh" "$name: packages compiled"
  mv "$bin/.$name.$$" "$bin/$name"
  echo "$stamp" >"$bin/.$name.stamp" # last: a build that is killed before this is simply done again
  say "built $name in $((SECONDS - start)) s"
}

if [ -n "${KUBEBUILDER_ASSETS:-}" ]; then
  if has_all "$KUBEBUILDER_ASSETS"; then
    cd "$KUBEBUILDER_ASSETS" && pwd
    exit
  fi
  say "KUBEBUILDER_ASSETS=$KUBEBUILDER_ASSETS lacks etcd, kube-apiserver or kubectl: building them into $bin instead"
fi

command -v go >/dev/null || { say "go is missing: install the version that go.mod names"; exit 1; }
toolchain=$(go env GOVERSION GOOS GOARCH)
mkdir -p "$bin"
if command -v flock >/dev/null; then # where it is missing, two at once do the work twice, each in a file of its own
  exec 9>"$bin/.lock"
  flock -n 9 || { say "waiting for another build to finish"; flock 9; }
  rm -f "$bin"/.*.[0-9]* # what a killed build left
fi

build etcd go.etcd.io/etcd/server/v3 "$(required go.etcd.io/etcd/server/v3)"
kubernetes=$(required k8s.io/kubernetes)
build kube-apiserver k8s.io/kubernetes/cmd/kube-apiserver "$kubernetes" "$(version_flags "$kubernetes")"
build kubectl k8s.io/kubernetes/cmd/kubectl "$kubernetes" "$(version_flags "$kubernetes")"
echo "$bin"
