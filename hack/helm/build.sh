#!/usr/bin/env bash
# Builds what the chart is tested and packaged with from source and prints its folder, bin/helm.
# usage: build.sh [PROGRAM...]      without names: helm (Helm 4), helm3, helm-unittest and helm-docs
. "$(dirname "${BASH_SOURCE[0]}")/../gobuild.sh"

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

[ $# -gt 0 ] || set -- helm helm3 helm-unittest helm-docs
begin_builds
for program in "$@"; do
  case $program in
    helm) build helm helm.sh/helm/v4/cmd/helm "$(helm_version helm.sh/helm/v4)" ;;
    helm3) build helm3 helm.sh/helm/v3/cmd/helm "$(helm_version helm.sh/helm/v3) $(kubernetes_version)" ;;
    helm-unittest) build helm-unittest github.com/helm-unittest/helm-unittest/cmd/helm-unittest "$(kubernetes_version)" ;;
    helm-docs) build helm-docs github.com/norwoodj/helm-docs/cmd/helm-docs ;;
    *) say "$program is none of helm, helm3, helm-unittest, helm-docs" && exit 2 ;;
  esac
done
echo "$bin"
