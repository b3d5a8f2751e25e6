#!/usr/bin/env bash
# Builds Flux's source-controller and kustomize-controller from source, copies the CustomResourceDefinitions of their modules into
# bin/flux/crds, and prints bin/flux. If FLUX names a folder that has all of it, nothing is built and that folder is printed.
. "$(dirname "${BASH_SOURCE[0]}")/../gobuild.sh"

use_given FLUX kustomize-controller source-controller crds
begin_builds
mkdir -p "$bin/crds"
for program in kustomize-controller source-controller; do
  build "$program" "github.com/fluxcd/$program"
  install -m 0644 "$(go list -C "$module" -m -f '{{.Dir}}' "github.com/fluxcd/$program")"/config/crd/bases/*.yaml "$bin/crds"
done
echo "$bin"
