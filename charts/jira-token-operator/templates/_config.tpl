{{/*
The objects of a file below files/, which is copied from config/ by `make generate`: {"objects": […]}. They are in the release's
namespace, and have the chart's labels and annotations besides their own.
usage: (include "jira-token-operator.objects" (dict "context" $ "file" "admission/status.yaml") | fromYaml).objects
*/}}
{{- define "jira-token-operator.objects" -}}
{{- $context := .context }}
{{- $file := printf "files/%s" .file }}
{{- $text := $context.Files.Get $file | required (printf "%s is missing in the chart" $file) }}
{{- $namespace := include "jira-token-operator.configNamespace" $context }}
{{- $objects := list }}
{{- range $document := $text | replace $namespace $context.Release.Namespace | splitList "\n---\n" }}
  {{- $object := fromYaml $document }}
  {{- if $object.Error }}{{ fail (printf "%s: %s" $file $object.Error) }}{{ end }}
  {{- $component := pick ($object.metadata.labels | default dict) "app.kubernetes.io/component" }}
  {{- $_ := set $object.metadata "labels" (include "jira-token-operator.labels" $context | fromYaml | mergeOverwrite $component) }}
  {{- with $context.Values.commonAnnotations }}
    {{- $_ := set $object.metadata "annotations" (mergeOverwrite (deepCopy .) ($object.metadata.annotations | default dict)) }}
  {{- end }}
  {{- $objects = append $objects $object }}
{{- end }}
{{- dict "objects" $objects | toYaml }}
{{- end }}

{{/* Has Helm leave an object when the release is uninstalled. usage: include "…" $object, which it changes */}}
{{- define "jira-token-operator.keep" -}}
{{- $annotations := .metadata.annotations | default dict }}
{{- $_ := set .metadata "annotations" (set $annotations "helm.sh/resource-policy" "keep") }}
{{- end }}
