#!/usr/bin/env bash
# Makes of the alerts for Prometheus the object that the Prometheus operator takes them from.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../config/prometheus"
{
  cat <<'END'
# Made of rules.yaml by make generate. Do not edit it.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: jira-token-operator
  namespace: jira-token-operator-system
  labels:
    app.kubernetes.io/name: jira-token-operator
    app.kubernetes.io/part-of: jira-token-operator
spec:
END
  sed -e '/^#/d' -e 's/^/  /' -e 's/^ *$//' rules.yaml
} >prometheusrule.yaml
