#!/usr/bin/env bash
# Prints a redis-server or valkey-server, for the tests and benchmarks with a store for rate limits: REDIS_SERVER, the one on
# PATH, or Debian's package, unpacked into bin/redis. Prints nothing, and says why, where there is none to be had.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { echo "redis.sh: $*" >&2; }

unpacked=$PWD/bin/redis/redis-server
for server in "${REDIS_SERVER:-}" redis-server valkey-server "$unpacked"; do
  if [ -n "$server" ] && command -v "$server"; then exit 0; fi
done
if ! command -v apt-get >/dev/null || ! command -v dpkg >/dev/null; then
  say "no REDIS_SERVER, no redis-server or valkey-server on PATH and no apt-get: tests with a store are skipped, or fail in CI"
  exit 0
fi
say "unpacking Debian's redis-server into bin/redis"
packages=$(mktemp -d)
trap 'rm -rf "$packages"' EXIT
fetch() { (cd "$packages" && apt-get -qq download "$@"); }
wanted=(redis-tools libatomic1 libjemalloc2 liblzf1) # redis-tools has the program, which is a server by its name
if ! { fetch "${wanted[@]}" || { apt-get -qq update && fetch "${wanted[@]}"; }; } >&2; then
  say "Debian's packages can't be had: tests with a store are skipped, or fail in CI"
  exit 0
fi
for package in "$packages"/*.deb; do dpkg -x "$package" bin/redis; done
ln -sf redis-check-rdb bin/redis/usr/bin/redis-server
cat >"$unpacked" <<'EOF'
#!/bin/sh
root=$(dirname "$0")/usr
for lib in "$root"/lib/*-linux-*; do LD_LIBRARY_PATH=$lib; done
export LD_LIBRARY_PATH
exec "$root/bin/redis-server" "$@"
EOF
chmod +x "$unpacked"
echo "$unpacked"
