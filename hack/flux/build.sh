#!/usr/bin/env bash
# Builds Flux's source-controller and kustomize-controller from source, at the versions in go.mod, into bin/flux, copies the
# CustomResourceDefinitions of their modules into bin/flux/crds, and prints bin/flux on stdout (all else goes to stderr). Builds
# only what is missing or out of date. If FLUX names a folder that has all of it, nothing is built and that folder is printed.
set -euo pipefail
export LC_ALL=C

module=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$module/../.." && pwd)
bin=$root/bin/flux

# Static binaries, and nothing from the caller's workspace or flags: all who build these versions share one build cache.
export CGO_ENABLED=0 GOWORK=off GOFLAGS=-mod=readonly

say() { echo "flux: $*" >&2; }

has_all() { [ -x "$1/source-controller" ] && [ -x "$1/kustomize-controller" ] && [ -d "$1/crds" ]; }

# build NAME - unless its stamp says that it was built from the same modules and Go
build() {
  local name=$1 package=github.com/fluxcd/$1 start=$SECONDS stamp
  stamp=$({ cat "$module/go.mod" "$module/go.sum"; echo "$package $toolchain"; } | cksum)
  if [ -x "$bin/$name" ] && [ "$(cat "$bin/.$name.stamp" 2>/dev/null)" = "$stamp" ]; then return; fi
  say "building $name (both take some minutes the first time, then they are cached)"
  go list -C "$module" -deps "$package" 2>&1 >/dev/null | "$root/hack/progress.sh" "$name: modules downloaded"
  go build -C "$module" -v -buildvcs=false -ldflags '-s -w' -o "$bin/.$name.$$" "$package" 2>&1 |
    "$root/hack/progress.sh" "$name: packages compiled"
  install -m 0644 "$(go list -C "$module" -m -f '{{.Dir}}' "$package")"/config/crd/bases/*.yaml "$bin/crds"
  mv "$bin/.$name.$$" "$bin/$name"
  echo "$stamp" >"$bin/.$name.stamp" # last: a build that is killed before this is simply done again
  say "built $name in $((SECONDS - start)) s"
}

if [ -n "${FLUX:-}" ]; then
  if has_all "$FLUX"; then
    cd "$FLUX" && pwd
    exit
  fi
  say "FLUX=$FLUX lacks source-controller, kustomize-controller or crds: building them into $bin instead"
fi

command -v go >/dev/null || { say "go is missing: install the version that go.mod names"; exit 1; }
toolchain=$(go env GOVERSION GOOS GOARCH)
mkdir -p "$bin/crds"
if command -v flock >/dev/null; then # where it is missing, two at once do the work twice, each in a file of its own
  exec 9>"$bin/.lock"
  flock -n 9 || { say "waiting for another build to finish"; flock 9; }
  rm -f "$bin"/.*.[0-9]* # what a killed build left
fi

build kustomize-controller
build source-controller
echo "$bin"
