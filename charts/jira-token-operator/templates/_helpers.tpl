{{/* Where config/ is installed; objects that are copied from there name it. */}}
{{- define "jira-token-operator.configNamespace" -}}
jira-token-operator-system
{{- end }}

{{/* How the manager's pods are found. A Deployment's selector can't be changed: neither can these. */}}
{{- define "jira-token-operator.selectorLabels" -}}
app.kubernetes.io/name: jira-token-operator
app.kubernetes.io/component: manager
{{- end }}

{{/* Labels of every object. */}}
{{- define "jira-token-operator.labels" -}}
{{- with .Values.commonLabels }}
{{- toYaml . }}
{{ end -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/name: jira-token-operator
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: jira-token-operator
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{/* Labels and annotations of an object that belongs to the manager. */}}
{{- define "jira-token-operator.managerMetadata" -}}
labels:
  {{- include "jira-token-operator.labels" . | nindent 2 }}
  app.kubernetes.io/component: manager
{{- with .Values.commonAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* The image of manager and gateways. A tag that is not used beside a digest would look like an upgrade that it is not. */}}
{{- define "jira-token-operator.image" -}}
{{- $missing := "image.repository is empty; where your cluster finds the image is needed, such as registry.example.com/jira-token-operator" -}}
{{- $repository := required $missing .Values.image.repository -}}
{{- if and .Values.image.tag .Values.image.digest -}}
{{- fail "image.tag and image.digest are both set; one of them is needed: empty the other, with --set image.tag= or --set image.digest=" -}}
{{- else if .Values.image.digest -}}
{{ $repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ $repository }}:{{ required "image.tag and image.digest are empty; one of them is needed: what was pushed" .Values.image.tag }}
{{- end -}}
{{- end }}

{{/* What cert-manager makes for the webhook. */}}
{{- define "jira-token-operator.certificateName" -}}
jira-token-operator-webhook
{{- end }}

{{/* 90 % of a quantity of memory, as GOMEMLIMIT takes it. */}}
{{- define "jira-token-operator.goMemoryLimit" -}}
{{- $limit := dig "limits" "memory" "" .Values.resources -}}
{{- $limit = kindIs "float64" $limit | ternary (int64 $limit) $limit | toString -}}
{{- $decimal := dict "" 1 "k" 1000 "M" 1000000 "G" 1000000000 "T" 1000000000000 -}}
{{- $units := merge $decimal (dict "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776) -}}
{{- $number := regexFind "^[0-9]+(\\.[0-9]+)?" $limit -}}
{{- $unit := trimPrefix $number $limit -}}
{{- if .Values.goMemoryLimit -}}
{{ .Values.goMemoryLimit }}
{{- else if and $number (hasKey $units $unit) -}}
{{ divf (mulf (float64 $number) (get $units $unit) 0.9) 1048576 | int64 }}MiB
{{- else if $limit -}}
{{- fail (printf "resources.limits.memory is %s; a number with one of k, M, G, Ki, Mi, Gi is needed, or goMemoryLimit" $limit) -}}
{{- end -}}
{{- end }}
