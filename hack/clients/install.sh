#!/usr/bin/env bash
# Installs the Jira clients that make test-clients uses into bin/clients and prints that folder: those of npm from the
# lock file beside this one, Debian's python3-jira with what it depends on, unpacked beside the system's Python.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here/../.."
out=$PWD/bin/clients

need() {
  command -v "$1" >/dev/null || { echo "install.sh: $1 is missing: $2" >&2; exit 1; }
}
need curl 'apt-get install curl'
need node 'apt-get install nodejs, version 20 or later'
need npm 'apt-get install npm'
need apt-get "Debian's python3-jira comes from Debian"
[ -x /usr/bin/python3 ] || { echo "install.sh: /usr/bin/python3 is missing: apt-get install python3" >&2; exit 1; }

if ! cmp -s "$here/package-lock.json" "$out/node/package-lock.json"; then
  echo 'installing the clients of npm' >&2
  rm -rf "$out/node"
  mkdir -p "$out/node"
  cp "$here/package.json" "$out/node/"
  cp "$here/package-lock.json" "$out/node/package-lock.new"
  (cd "$out/node" && mv package-lock.new package-lock.json && npm ci --no-audit --no-fund --ignore-scripts) >&2 ||
    { rm -rf "$out/node"; exit 1; }
fi

python=$out/python/usr/lib/python3/dist-packages
if [ ! -d "$python/jira" ]; then
  echo "unpacking Debian's python3-jira" >&2
  packages=$(mktemp -d)
  trap 'rm -rf "$packages"' EXIT
  list() {
    apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces --no-enhances \
      python3-jira | grep -E '^python3-[a-z0-9-]+$' | grep -vx python3-minimal | sort -u
  }
  list | grep -qx python3-requests || apt-get -qq update >&2
  (cd "$packages" && list | xargs apt-get -qq download) >&2
  for package in "$packages"/*.deb; do dpkg -x "$package" "$out/python"; done
fi
echo "$out"
