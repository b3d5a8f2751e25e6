#!/usr/bin/env bash
# Prints the folders of others' custom resources that the chart can make objects of, or the samples are, one a line: cert-manager's,
# the Prometheus operator's, and the Gateway API's. They come from Go modules, at the versions in go.mod.
set -euo pipefail
module=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export GOWORK=off GOFLAGS=-mod=readonly

folder() { go mod download -C "$module" "$1" >&2 && echo "$(go list -C "$module" -m -f '{{.Dir}}' "$1")/$2"; }

folder github.com/cert-manager/cert-manager deploy/crds
folder github.com/prometheus-operator/prometheus-operator example/prometheus-operator-crd
folder sigs.k8s.io/gateway-api config/crd/standard
