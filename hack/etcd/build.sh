#!/usr/bin/env bash
# Builds etcdctl and etcdutl, which back etcd up and restore it, at the versions in go.mod, into bin/etcd, and prints that folder
# on stdout (all else goes to stderr). Builds only what is missing or out of date.
set -euo pipefail
export LC_ALL=C

module=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$module/../.." && pwd)
bin=$root/bin/etcd

# Static binaries, and nothing from the caller's workspace or flags, as in hack/controlplane.
export CGO_ENABLED=0 GOWORK=off GOFLAGS=-mod=readonly

command -v go >/dev/null || { echo "etcd: go is missing: install the version that go.mod names" >&2; exit 1; }
mkdir -p "$bin"
stamp=$({ cat "$module/go.mod" "$module/go.sum"; go env GOVERSION GOOS GOARCH; } | cksum)
for name in etcdctl etcdutl; do
  if [ -x "$bin/$name" ] && [ "$(cat "$bin/.$name.stamp" 2>/dev/null)" = "$stamp" ]; then continue; fi
  go build -C "$module" -v -buildvcs=false -ldflags '-s -w' -o "$bin/.$name.$$" "go.etcd.io/etcd/$name/v3" 2>&1 |
    "$root/hack/progress.sh" "$name: packages compiled"
  mv "$bin/.$name.$$" "$bin/$name"
  echo "$stamp" >"$bin/.$name.stamp"
done
echo "$bin"
