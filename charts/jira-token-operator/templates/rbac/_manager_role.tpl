{{/* A Role of the manager, and its binding. usage: include "…" (dict "context" $ "namespace" … "name" … "file" …) */}}
{{- define "jira-token-operator.managerRole" }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: jira-token-operator-{{ .name }}
  namespace: {{ .namespace }}
  {{- include "jira-token-operator.managerMetadata" .context | nindent 2 }}
rules:
{{ (fromYaml (.context.Files.Get (printf "files/rbac/namespaced/%s" .file))).rules | toYaml }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: jira-token-operator-{{ .name }}
  namespace: {{ .namespace }}
  {{- include "jira-token-operator.managerMetadata" .context | nindent 2 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: jira-token-operator-{{ .name }}
subjects:
- kind: ServiceAccount
  name: jira-token-operator-manager
  namespace: {{ .context.Release.Namespace }}
{{- end }}
