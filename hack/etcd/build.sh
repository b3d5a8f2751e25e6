#!/usr/bin/env bash
# Builds etcdctl and etcdutl, which back etcd up and restore it, from source and prints their folder, bin/etcd.
. "$(dirname "${BASH_SOURCE[0]}")/../gobuild.sh"

begin_builds
for program in etcdctl etcdutl; do
  build "$program" "go.etcd.io/etcd/$program/v3"
done
echo "$bin"
