#!/usr/bin/env bash
# Prints a redis-server or valkey-server, for the tests and benchmarks with a store for rate limits: REDIS_SERVER, the one on
# PATH, or Debian's package, unpacked into bin/redis. Prints nothing, and says why, where there is none to be had.
# shellcheck source=debian.sh
. "$(dirname "${BASH_SOURCE[0]}")/debian.sh"

unpacked=$PWD/bin/redis/redis-server
for server in "${REDIS_SERVER:-}" redis-server valkey-server "$unpacked"; do
  if [ -n "$server" ] && command -v "$server"; then exit 0; fi
done
# redis-tools has the program, which is a server by its name
unpack redis "tests with a store are skipped" redis-tools libatomic1 libjemalloc2 liblzf1
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
