#!/usr/bin/env bash
# Copies into the Helm chart what it installs as it is in config/, and makes the chart's README of its values. The chart's
# templates read the copies: files outside of a chart can't be read, and links do not survive packaging everywhere.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
chart=charts/jira-token-operator

rm -rf "$chart/files"
for file in config/crd/bases/*.yaml config/admission/{secrets,stamps,status}.yaml config/rbac/{,namespaced/}*role.yaml \
  config/webhook/{service,configuration}.yaml config/manager/{pod_disruption_budget,network_policy}.yaml \
  config/prometheus/{podmonitors,prometheusrule}.yaml config/grafana/*.json; do
  copy=$chart/files/${file#config/}
  mkdir -p "$(dirname "$copy")"
  cp "$file" "$copy"
done

helm_docs=$(hack/helm/build.sh helm-docs)
"$helm_docs/helm-docs" --chart-search-root "$chart" --sort-values-order file --log-level warning
