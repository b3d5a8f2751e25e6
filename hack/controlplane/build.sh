#!/usr/bin/env bash
# Builds programs of Kubernetes and etcd from source and prints their folder, bin/controlplane. If KUBEBUILDER_ASSETS names a folder
# that has all of them, nothing is built and that folder is printed.
# usage: build.sh [PROGRAM...]      without names: etcd, kube-apiserver and kubectl
. "$(dirname "${BASH_SOURCE[0]}")/../gobuild.sh"

# Without these, programs call themselves v0.0.0-master, which clients that parse the version refuse.
version_flags() {
  local package major minor
  IFS=. read -r major minor _ <<<"${1#v}"
  for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
    printf -- '-X %s.%s ' "$package" "gitVersion=$1" "$package" "gitMajor=$major" "$package" "gitMinor=$minor" \
      "$package" gitCommit=module "$package" gitTreeState=archive "$package" buildDate=1970-01-01T00:00:00Z
  done
}

[ $# -gt 0 ] || set -- etcd kube-apiserver kubectl
use_given KUBEBUILDER_ASSETS "$@"
begin_builds
kubernetes=$(required k8s.io/kubernetes)
for program in "$@"; do
  case $program in
    etcd) build etcd go.etcd.io/etcd/server/v3 ;;
    *) build "$program" "k8s.io/kubernetes/cmd/$program" "$(version_flags "$kubernetes")" ;;
  esac
done
echo "$bin"
